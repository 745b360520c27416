//! What recovery tells.

use std::time::Duration;

use rvm_log::Replayed;

use super::salvage_report::SalvageReport;
use super::survey::Survey;

/// What opening a store found and did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct RecoveryReport {
    /// False if the store had been shut down cleanly, or was new: then nothing was recovered.
    pub recovered: bool,
    /// How often the store has been recovered, plus one.
    pub epoch: u64,
    /// What was found in each log; empty if nothing was recovered.
    pub logs: Vec<LogRecovery>,
    /// Segments whose file had no log: clean ones that were copied there, or whose `destroy` was interrupted.
    pub adopted: Vec<String>,
    /// Files that were being made when the store crashed, and were removed.
    pub removed_files: Vec<String>,
    /// Archives that are damaged, or another store's: nothing is kept in them.
    pub unusable_archives: Vec<String>,
    /// What salvage found damaged. Empty unless the store was opened with
    /// [`Recovery::Salvage`](crate::Recovery::Salvage), and then, too, if nothing is.
    pub salvage: SalvageReport,
    /// How long it took.
    pub duration: Duration,
}

/// What recovery found in one log.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct LogRecovery {
    /// The segment.
    pub segment: String,
    /// Committed records that were applied.
    pub records: u64,
    /// Bytes in their ranges.
    pub range_bytes: u64,
    /// Bytes applied: each counted once where they went to the segment's file, and as often as they were logged where they went to memory, in a
    /// store that is opened for reading or salvaged.
    pub applied_bytes: u64,
    /// Whole records that do not count, since something that they hang on did not reach the disk.
    pub dropped_records: u64,
    /// Bytes of a force that the crash cut short, behind the last record.
    pub torn_bytes: u64,
}

impl LogRecovery {
    pub(crate) fn new(survey: &Survey, applied: Replayed) -> Self {
        Self {
            segment: survey.segment.clone(),
            records: applied.records,
            range_bytes: applied.range_bytes,
            applied_bytes: applied.applied_bytes,
            dropped_records: survey.records - applied.records,
            torn_bytes: survey.torn.map_or(0, |torn| torn.len),
        }
    }
}
