//! What `repair` prints.

use rvm_core::rvm_history::repair::{LostRecord, Step};
use serde::Serialize;

use super::verify::FoundFacts;

/// `repair`.
#[derive(Debug, Serialize)]
pub(crate) struct RepairReport {
    pub(crate) store: String,
    pub(crate) dry_run: bool,
    /// Where what was changed is kept; null if nothing was.
    pub(crate) saved_to: Option<String>,
    /// What was done, or would be, in order.
    pub(crate) steps: Vec<StepFacts>,
    /// Warnings and damage that stay.
    pub(crate) left: Vec<FoundFacts>,
}

/// A step of a repair.
#[derive(Debug, Serialize)]
pub(crate) struct StepFacts {
    /// `remove`, `rewrite-header`, `take-mark-off` or `cut`.
    pub(crate) step: &'static str,
    /// The file.
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// The step in a sentence.
    pub(crate) meaning: String,
    /// The records that are lost with it, the first ones.
    pub(crate) lost: Vec<LostFacts>,
}

/// A record that is cut off.
#[derive(Debug, Serialize)]
pub(crate) struct LostFacts {
    pub(crate) transaction: u64,
    pub(crate) lsn: u64,
    pub(crate) label: String,
}

impl From<&Step> for StepFacts {
    fn from(step: &Step) -> Self {
        Self {
            step: step.word(),
            file: step.file().to_string(),
            offset: step.offset(),
            meaning: step.to_string(),
            lost: step.lost().iter().map(LostFacts::from).collect(),
        }
    }
}

impl From<&LostRecord> for LostFacts {
    fn from(lost: &LostRecord) -> Self {
        Self { transaction: lost.transaction.0, lsn: lost.lsn.0, label: lost.label.clone() }
    }
}
