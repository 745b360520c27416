//! What a repair does, step by step.

use std::fmt;

use rvm_log::{Lsn, TxnId};
use rvm_storage::FileName;

/// One step of a repair.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Step {
    /// A file whose making was cut short is removed.
    Remove {
        /// The file.
        file: FileName,
    },
    /// Both header slots of a log are written anew, from the one that counts.
    RewriteHeader {
        /// The log.
        file: FileName,
        /// Where the slot lies that is wrong.
        offset: u64,
    },
    /// The mark of a clean shutdown is taken off a log that was used since, so that what lies behind is recovered as usual.
    TakeMarkOff {
        /// The log.
        file: FileName,
        /// Where the mark lies.
        offset: u64,
    },
    /// A log is cut off: it ends at an LSN, and nothing vouches for more.
    Cut {
        /// The log.
        file: FileName,
        /// Where it ends then.
        at: Lsn,
        /// Where in the file that is.
        offset: u64,
        /// The records behind that can be read, the first ones.
        lost: Vec<LostRecord>,
        /// Whether the segment's file may hold bytes of what is lost.
        is_suspect: bool,
    },
}

/// A record that a repair cuts off.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LostRecord {
    /// Its transaction.
    pub transaction: TxnId,
    /// Where it starts.
    pub lsn: Lsn,
    /// Its label; bytes that are not UTF-8 are replaced.
    pub label: String,
}

impl Step {
    /// The file that is changed.
    #[must_use]
    pub const fn file(&self) -> &FileName {
        match self {
            Self::Remove { file }
            | Self::RewriteHeader { file, .. }
            | Self::TakeMarkOff { file, .. }
            | Self::Cut { file, .. } => file,
        }
    }

    /// A word for it: `remove`, `rewrite-header`, `take-mark-off` or `cut`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Remove { .. } => "remove",
            Self::RewriteHeader { .. } => "rewrite-header",
            Self::TakeMarkOff { .. } => "take-mark-off",
            Self::Cut { .. } => "cut",
        }
    }

    /// Where in the file the change begins.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Remove { .. } => 0,
            Self::RewriteHeader { offset, .. }
            | Self::TakeMarkOff { offset, .. }
            | Self::Cut { offset, .. } => *offset,
        }
    }

    /// The records that are lost with it, the first ones.
    #[must_use]
    pub fn lost(&self) -> &[LostRecord] {
        match self {
            Self::Cut { lost, .. } => lost,
            _ => &[],
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file();
        match self {
            Self::Remove { .. } => write!(f, "remove {file}, whose making was cut short"),
            Self::RewriteHeader { offset, .. } => {
                write!(
                    f,
                    "write both header slots of {file} anew; the one at byte {offset} is wrong"
                )
            }
            Self::TakeMarkOff { .. } => {
                write!(f, "take the mark of a clean shutdown off {file}, which was used since")
            }
            Self::Cut { at, offset, lost, is_suspect, .. } => {
                write!(f, "cut {file} off at LSN {at}, byte {offset}; ")?;
                match lost.len() {
                    0 => write!(f, "no record behind can be read")?,
                    1 => write!(f, "1 record behind is lost")?,
                    more => write!(f, "{more} records behind are lost")?,
                }
                if *is_suspect {
                    let segment = file.segment();
                    write!(f, "; the file of segment {segment} may hold bytes of what is lost")?;
                }
                Ok(())
            }
        }
    }
}
