//! The kinds of what checking a store finds, each with its word, its severity and its meaning.

use super::findings::Severity;

macro_rules! kinds {
    ($($name:ident $word:literal $severity:ident $meaning:literal)*) => {
        /// What was found. Its [word](Self::word) is for programs, and stays.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = concat!($meaning, ".")] $name,)*
        }

        impl FindingKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word for it, in lower case with hyphens.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, in words for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

kinds! {
    HeaderPair "header-pair" Damage
        "neither header slot is whole, so the log cannot be read at all"
    SlotUnreadable "slot-unreadable" Warning
        "one header slot has rotted; the other one still has everything"
    SlotTorn "slot-torn" Note
        "a header write was cut short, as a crash does; the other slot counts"
    SlotLags "slot-lags" Note
        "one header slot is one change behind, as it may be in use and after a crash"
    SlotsDisagree "slots-disagree" Damage
        "the header slots cannot both be of this log's present, and the wrong one may count"
    SlotReserved "slot-reserved" Warning
        "bytes that this version writes as zeros are not: newer software or damage"
    FormatUnknown "format-unknown" Damage
        "the file is of a version that this software does not know, and is left alone"
    HeaderField "header-field" Damage
        "a header field has a value that is never written, so the log is refused"
    FileTooShort "file-too-short" Damage
        "the end of a file is missing"
    FileLonger "file-longer" Note
        "the log's file is longer than its ring, as an interrupted resize leaves it"
    OtherSegment "other-segment" Damage
        "the log belongs to another segment: it was renamed or copied"
    OtherStore "other-store" Damage
        "the log belongs to another store: it was copied here"
    SameIdentity "same-identity" Damage
        "two logs are one: a log was copied"
    OlderLog "older-log" Damage
        "the log is older than its neighbours: it is from a backup of its own"
    MissingSegment "missing-segment" Damage
        "the segment's file is gone"
    MissingLog "missing-log" Damage
        "a log that others name is gone, and what was committed in it"
    CleanMark "clean-mark" Damage
        "the log says that it was shut down cleanly, and was used since: the header is not the last one"
    ZeroFilling "zero-filling" Warning
        "a ring that was never used is not all zeros"
    RecordLost "record-lost" Damage
        "a record is gone that had been durable, and all behind it in this log"
    RecordMalformed "record-malformed" Damage
        "a record's checksums are right and its content cannot be"
    RecordOutsideSegment "record-outside-segment" Damage
        "a record changes bytes that the segment does not have"
    RecordBeyondHeader "record-beyond-header" Warning
        "a record changes bytes that the file has and the header does not know of"
    RecordReserved "record-reserved" Warning
        "reserved bytes of a record are not zeros: newer software or damage"
    TransactionOrder "transaction-order" Damage
        "transaction ids grow in each log, and here one does not"
    TransactionMax "transaction-max" Damage
        "the header vouches for a transaction beyond the highest that it knows of"
    SyncedStamp "synced-stamp" Damage
        "a record says that its log was durable up to where no force can have ended"
    TornTail "torn-tail" Note
        "the last force was cut short; as far as the files tell, nothing of it was acknowledged"
    PartList "part-list" Damage
        "a record's list of other logs says what is never written"
    PartMismatch "part-mismatch" Damage
        "the record that a transaction names in another log is not the one that was written"
    PartUnanswered "part-unanswered" Damage
        "a transaction names a part in another log that does not name it back"
    DependencyMismatch "dependency-mismatch" Damage
        "a transaction hangs on a position where the other log has no end of a record"
    Incomplete "incomplete" Note
        "records that hang on something that is not there: on damage in another file, which recovery refuses, or on what never became durable, and then recovery drops them"
    ArchiveDamaged "archive-damaged" Damage
        "history is lost that nothing else holds; the store's present is not touched by it"
    ArchiveHeaderCopy "archive-header-copy" Warning
        "one copy of an archive's header has rotted; the other one still has everything"
    ArchiveTorn "archive-torn" Note
        "the last append to an archive was cut short; where there is a log, it has the records still"
    UnfinishedFile "unfinished-file" Note
        "a file that was being made; the next opening for writing removes it"
    NoLog "no-log" Note
        "a segment without a log: taken for a clean one, which the next opening adopts"
    UnknownFile "unknown-file" Note
        "no file of a store; it is left alone"
    NotPlain "not-plain" Damage
        "a link, a device or a file with a second name, which the store refuses"
    OpenToOthers "open-to-others" Note
        "others than the owner may read or write it"
    Unreadable "unreadable" Damage
        "the system fails to read it"
    More "more" Damage
        "there is more damage than is told"
}
