//! Which structure each verb prints, and calls that show all of its fields.

/// One form of what a verb prints.
pub(super) struct Verb {
    /// As the help lists it.
    pub(super) name: &'static str,
    /// Its heading on the page.
    pub(super) title: &'static str,
    /// The structure.
    pub(super) report: &'static str,
    pub(super) calls: &'static [Call],
}

/// A call, and where it is made.
pub(super) enum Call {
    /// On a copy of the store that is well.
    Clean(&'static str),
    /// On a copy of the crashed one.
    Crashed(&'static str),
    /// On a crashed one whose `a.log` has garbage in place of its header.
    Damaged(&'static str),
    /// On one that is well, and to which a segment's file was copied.
    Adopted(&'static str),
    /// On one that archives, with two transactions more.
    Archived(&'static str),
    /// On one with damage that costs nothing.
    Mended(&'static str),
    /// On one that this process has open and publishes figures of.
    Live(&'static str),
    /// Without --store.
    Apart(&'static str),
}

use Call::{Adopted, Apart, Archived, Clean, Crashed, Damaged, Live, Mended};

const fn verb(
    name: &'static str,
    title: &'static str,
    report: &'static str,
    calls: &'static [Call],
) -> Verb {
    Verb { name, title, report, calls }
}

pub(super) const VERBS: &[Verb] = &[
    verb(
        "status",
        "`status`",
        "StatusReport",
        &[Clean("status"), Crashed("status"), Live("status")],
    ),
    verb("seg ls", "`seg ls`", "SegmentsReport", &[Clean("seg ls")]),
    verb("seg create", "`seg create`", "CreatedReport", &[Clean("seg create c 1")]),
    verb("seg destroy", "`seg destroy`", "DestroyedReport", &[Clean("seg destroy a --yes")]),
    verb("peek", "`peek`", "PeekReport", &[Clean("peek a 0 9")]),
    verb(
        "poke",
        "`poke`",
        "PokeReport",
        &[
            Clean("poke a 0 --hex 01"),
            Adopted("poke a 0 --hex 01"),
            Clean("poke a 0 --hex 01 --dry-run"),
        ],
    ),
    verb("log ls", "`log ls`", "TransactionsReport", &[Crashed("log ls")]),
    verb("log tail", "`log tail`, a line for each", "TransactionFacts", &[Crashed("log tail")]),
    verb(
        "log show",
        "`log show`",
        "ShowReport",
        &[Crashed("log show 1"), Crashed("log show 1 --diff --as u8")],
    ),
    verb("log tail", "`log tail`, a line where some were not seen", "MissedFacts", &[]),
    verb(
        "demo",
        "`demo --verify`",
        "VerifyReport",
        &[Apart("--store {ledger} demo --verify --input {flights}")],
    ),
    verb(
        "log timeline",
        "`log timeline`",
        "TimelineReport",
        &[Crashed("log timeline"), Adopted("log timeline")],
    ),
    verb(
        "blame",
        "`blame`",
        "BlameReport",
        &[Crashed("blame a 0+8"), Crashed("blame a 0+8 --as u64le")],
    ),
    verb(
        "dump",
        "`dump`",
        "DumpReport",
        &[Crashed("dump a 0+32 --as u64le"), Clean("dump a 0+32")],
    ),
    verb("truncate", "`truncate`", "TruncatedReport", &[Crashed("truncate"), Adopted("truncate")]),
    verb("recover", "`recover`", "RecoveredReport", &[Crashed("recover"), Adopted("recover")]),
    verb(
        "recover",
        "`recover --salvage`",
        "SalvageFacts",
        &[Damaged("recover --salvage --dry-run"), Crashed("recover --salvage --to {out}")],
    ),
    verb(
        "stats",
        "`stats`",
        "StatsReport",
        &[Crashed("stats"), Live("stats"), Live("stats --watch 0.01 --count 2")],
    ),
    verb(
        "backup",
        "`backup`",
        "BackupFacts",
        &[
            Clean("backup {out}"),
            Clean("backup {out} --since {backup}"),
            Clean("backup {out} --dry-run"),
        ],
    ),
    verb("backup", "`backup --verify`", "VerifiedFacts", &[Clean("backup --verify {backup}")]),
    verb("restore", "`restore`", "RestoreFacts", &[Apart("restore {backup} --to {out}")]),
    verb(
        "truncate",
        "`truncate --dry-run`, `recover --dry-run`",
        "ForecastReport",
        &[
            Crashed("truncate --dry-run"),
            Crashed("recover --dry-run"),
            Adopted("recover --dry-run"),
        ],
    ),
    verb(
        "verify",
        "`verify`",
        "VerifiedReport",
        &[Clean("verify --deep"), Crashed("verify"), Damaged("verify")],
    ),
    verb(
        "repair",
        "`repair`",
        "RepairReport",
        &[Damaged("repair --dry-run"), Crashed("repair --dry-run"), Mended("repair --yes")],
    ),
    verb(
        "archive on",
        "`archive on`",
        "ArchiveSwitched",
        &[Clean("archive on"), Archived("archive on --dry-run")],
    ),
    verb(
        "archive off",
        "`archive off`",
        "ArchiveSwitched",
        &[Archived("archive off --remove --yes")],
    ),
    verb(
        "archive status",
        "`archive status`",
        "ArchiveStatus",
        &[Clean("archive status"), Archived("archive status")],
    ),
    verb(
        "replay",
        "`replay`",
        "ReplayReport",
        &[
            Archived("replay --until 2 --to {out}"),
            Archived("replay --until 2 --to {out} --dry-run"),
        ],
    ),
    verb("export", "`export --to`", "ExportFacts", &[Clean("export --to {out}")]),
    verb(
        "import",
        "`import`",
        "ImportFacts",
        &[Clean("import --replace {export}"), Apart("--store {out} import {export} --dry-run")],
    ),
    verb(
        "diff",
        "`diff`",
        "DiffFacts",
        &[
            Apart("diff {clean} {clean}"),
            Apart("diff {changed} {clean} --as u64le"),
            Apart("diff {clean} {changed} --limit 1"),
        ],
    ),
    verb(
        "demo",
        "`demo`",
        "DemoReport",
        &[
            Apart("demo --input {flights} --kills 1"),
            Apart("demo --input {flights} --kills 1 --durability lazy --keep"),
        ],
    ),
    verb(
        "crashtest",
        "`crashtest`",
        "CrashtestReport",
        &[
            Apart("crashtest --kills 1 --check true -- yes"),
            Clean("crashtest --kills 1 --after-lines 1 --check exit${IFS}$RVM_ROUND -- yes"),
        ],
    ),
    verb(
        "bench",
        "`bench`",
        "BenchReport",
        &[
            Apart("bench --seconds 0.05 --rounds 1 --size 64K"),
            Apart("bench --seconds 0.05 --rounds 1 --size 64K --durability lazy"),
        ],
    ),
];

/// What prints no JSON, and why.
pub(super) const WITHOUT: &[(&str, &str)] = &[
    ("shell", "it answers line by line; --json is refused"),
    ("completions", "it prints a script for a shell; --json is refused"),
    ("man", "it prints a page; --json is refused"),
];

/// What no call here shows: a structure, or a field of one, and why.
pub(super) const UNSEEN: &[(&str, &str)] = &[
    ("TruncatedReport.out_of_space", "the device would have to be full"),
    ("StatusReport.unfinished_files", "a crash in the middle of making a segment leaves them"),
    ("RecoveredReport.removed_files", "as the unfinished files"),
    ("RecoveryFacts.removed_files", "as the unfinished files"),
    ("TransactionsReport.dropped", "as the next"),
    ("LogForecastFacts.dropped", "the crash would have to tear a transaction apart"),
    ("MissedFacts.missed_at_most", "the log would have to be folded faster than it is looked at"),
    ("StepFacts.lost", "nothing is cut"),
    ("DemoReport.oldest_missing_nanos", "by chance a kill loses what was committed lazily"),
    ("KillFacts.oldest_missing_nanos", "by chance, as above"),
    ("LogStatsFacts.commits_per_second", "by chance the clock ticks between two commits"),
    ("DamageFacts.readable_to", "of a log without a header nothing can be read"),
    ("KnownFacts.last_transaction", "an archive would have to end before the newest transaction"),
    ("ArchivedSegment.damage", "an archive would have to be damaged"),
    ("VerifyReport.faults", "as the next"),
    ("DemoReport.faults", "the store would have to break its promise"),
];
