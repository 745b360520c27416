//! What salvage tells: each piece of damage, and what became of the segments that it touches.

use std::fmt;

use rvm_log::{Damage, LogError};

/// What salvaging a store found. Equal to [`SalvageReport::default`] when nothing is damaged: then all is as after an ordinary opening.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct SalvageReport {
    /// Each piece of damage, by segment.
    pub damage: Vec<DamageFound>,
    /// The segments that are not [intact](Condition::Intact), sorted by name.
    pub affected: Vec<AffectedSegment>,
}

impl SalvageReport {
    /// What is known of a segment that was salvaged.
    #[must_use]
    pub fn condition(&self, segment: &str) -> Condition {
        let found = self.affected.iter().find(|affected| affected.segment == segment);
        found.map_or(Condition::Intact, |affected| affected.condition)
    }

    /// True if nothing is damaged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.damage.is_empty() && self.affected.is_empty()
    }
}

/// A piece of damage.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DamageFound {
    /// The segment that the file belongs to.
    pub segment: String,
    /// The damaged file.
    pub file: String,
    /// Where in it.
    pub offset: u64,
    /// What is wrong there.
    pub cause: DamageCause,
    /// The log's records below this LSN could be read. `None` if none counts, or if the file is no log.
    pub readable_to: Option<u64>,
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DamageCause {
    /// What was read is not what was written.
    Damage(Damage),
    /// A newer version of this software wrote it.
    Unsupported {
        /// `"version"` or `"features"`.
        what: &'static str,
        /// What the file says.
        found: u32,
        /// What is supported.
        known: u32,
    },
    /// It could not be read; the message of the backend.
    Unreadable(String),
}

impl fmt::Display for DamageCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damage(damage) => damage.fmt(f),
            Self::Unsupported { what, found, known } => {
                write!(f, "format {what} {found}, this software knows {known}")
            }
            Self::Unreadable(message) => f.write_str(message),
        }
    }
}

impl DamageFound {
    /// `file` is told where the error does not name one.
    pub(crate) fn new(segment: &str, file: &str, error: LogError) -> Self {
        let (file, offset, cause) = match error {
            LogError::Corrupt { file, offset, damage } => {
                (file, offset, DamageCause::Damage(damage))
            }
            LogError::Unsupported { file, what, found, known } => {
                (file, 0, DamageCause::Unsupported { what, found, known })
            }
            other => (file.to_owned(), 0, DamageCause::Unreadable(other.to_string())),
        };
        Self { segment: segment.to_owned(), file, offset, cause, readable_to: None }
    }
}

/// A segment that is not intact.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AffectedSegment {
    /// Its name.
    pub segment: String,
    /// What is known of it.
    pub condition: Condition,
    /// Its log counts up to this LSN; `None` if the log was not read.
    pub kept_to: Option<u64>,
}

/// What is known of a salvaged segment, from the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Condition {
    /// All that was acknowledged is there, and nothing else.
    Intact,
    /// A state that it had, with all that was acknowledged; but transactions in it name logs that cannot be read. Of the last
    /// of them, which a crash may have cut short, it cannot be shown that they are whole.
    Unconfirmed,
    /// Exactly a state that it had; later transactions, which may have been acknowledged, are lost.
    Older,
    /// Suspect. As [`Older`](Self::Older), but bytes of the lost transactions may be in it: their records may have been on the
    /// way into the segment's file, and the file does not tell.
    MayHoldNewer,
    /// Suspect. The bytes of the segment's file as they are, since its log cannot be read: what was committed after the log's last
    /// truncation is missing, or there in part.
    FileOnly,
    /// Suspect. The segment's file is missing or too short: zeros stand where it has no bytes, under what the log holds.
    FileDamaged,
    /// Nothing can be returned: the segment's file is missing, and its log cannot be read.
    Lost,
}

impl Condition {
    /// True if the bytes are perhaps not a state that the segment ever had.
    #[must_use]
    pub fn is_suspect(self) -> bool {
        self >= Self::MayHoldNewer
    }
}
