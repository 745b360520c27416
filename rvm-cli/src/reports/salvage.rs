//! What `recover --salvage` prints.

use rvm_core::{Condition, DamageFound};
use serde::Serialize;

/// `recover --salvage`.
#[derive(Debug, Serialize)]
pub(crate) struct SalvageFacts {
    pub(crate) store: String,
    /// Whether nothing is damaged.
    pub(crate) intact: bool,
    /// The directory of the new store; null if nothing was written.
    pub(crate) written_to: Option<String>,
    /// What is damaged, file by file.
    pub(crate) damage: Vec<DamageFacts>,
    /// What is left of each segment.
    pub(crate) segments: Vec<SalvagedSegment>,
}

/// A piece of damage.
#[derive(Debug, Serialize)]
pub(crate) struct DamageFacts {
    pub(crate) segment: String,
    /// The damaged file.
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// What is wrong there.
    pub(crate) cause: String,
    /// The log's records below this LSN could be read; null if none counts.
    pub(crate) readable_to: Option<u64>,
}

/// A segment.
#[derive(Debug, Serialize)]
pub(crate) struct SalvagedSegment {
    pub(crate) name: String,
    /// Null if nothing of it is left.
    pub(crate) len: Option<u64>,
    /// A word from `intact` to `lost`.
    pub(crate) condition: &'static str,
    /// The condition in a sentence.
    pub(crate) meaning: &'static str,
    /// Its log counts up to this LSN; null if it is intact or its log was not read.
    pub(crate) kept_to: Option<u64>,
}

impl From<&DamageFound> for DamageFacts {
    fn from(damage: &DamageFound) -> Self {
        Self {
            segment: damage.segment.clone(),
            file: damage.file.clone(),
            offset: damage.offset,
            cause: damage.cause.to_string(),
            readable_to: damage.readable_to,
        }
    }
}

/// The word for a condition, and what it means.
pub(crate) const fn word_of(condition: Condition) -> (&'static str, &'static str) {
    match condition {
        Condition::Intact => ("intact", "all that was acknowledged"),
        Condition::Unconfirmed => {
            ("unconfirmed", "all that was acknowledged; shared with a log that cannot be read")
        }
        Condition::Older => ("older", "exactly an earlier state; later transactions are lost"),
        Condition::MayHoldNewer => {
            ("may-hold-newer", "suspect: an earlier state, perhaps with bytes of lost transactions")
        }
        Condition::FileOnly => ("file-only", "suspect: the file as it is, without its log"),
        Condition::FileDamaged => ("file-damaged", "suspect: zeros where the file has no bytes"),
        Condition::Lost => ("lost", "nothing is left"),
        _ => ("unknown", "suspect"),
    }
}
