//! Recovery: what opening a store does before anything else.
//!
//! Every log is forced and its cached pages are dropped, so that the verdict rests on stable storage. Then the logs are scanned, the largest
//! consistent cut is found, the headers are made to vouch for what lies below it, that is applied to the segments, those are forced, archives take it in, and
//! only then are the logs reset to a new epoch. A crash at any moment leaves a store from which the same cut is found again. A store that was shut down cleanly is left as
//! it is, without a write.

mod cut;
mod files;
mod report;
mod reset;
mod salvage_report;
mod survey;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rvm_log::{Epoch, LogFile, Lsn, Replayed, StoreId, TxnId};
use rvm_storage::{SegmentName, Storage};

use crate::apply::{Pace, apply_to_segment};
use crate::archive::{Archives, keep};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, wait_for_views};
use crate::log_handle::LogHandle;
use crate::parallel::map_in_parallel;

pub(crate) use cut::{consistent_cut, cut_to_what_is_there};
pub(crate) use files::{StoreFiles, open_logs};
pub use report::{LogRecovery, RecoveryReport};
pub use salvage_report::{AffectedSegment, Condition, DamageCause, DamageFound, SalvageReport};
pub(crate) use survey::{Linked, Survey, is_clean, survey, survey_readable};

/// A store that can be used.
pub(crate) struct Recovered {
    pub(crate) logs: HashMap<SegmentName, Arc<LogHandle>>,
    pub(crate) epoch: Epoch,
    pub(crate) store_id: Option<StoreId>,
    pub(crate) last_txn_id: TxnId,
    /// Whether segments that are made are archived.
    pub(crate) archiving: bool,
    pub(crate) report: RecoveryReport,
}

/// Brings the store to its committed state. The owner's lock is held.
///
/// # Errors
/// I/O; corruption, with the files untouched.
pub(crate) fn recover(storage: &dyn Storage, config: &Config) -> Result<Recovered> {
    let started = Instant::now();
    let files = StoreFiles::list(storage)?;
    // A process that was killed may have left names that only a cache has: a commit to such a log would be lost with its name.
    storage.sync_names()?;
    let logs = open_logs(storage, &files, config.helpers)?;
    let mut report = RecoveryReport { adopted: files.adopted(), ..RecoveryReport::default() };
    let mut archives = Archives::open(storage, &files.archives, &logs, config.helpers);
    let logs =
        if is_clean(&logs)? { logs } else { redo(storage, config, logs, &archives, &mut report)? };
    report.unusable_archives = std::mem::take(&mut archives.unusable);
    report.removed_files = files.remove_unfinished(storage)?;

    let epoch = logs.first().map_or(Epoch(1), |log| log.header().epoch);
    let store_id = logs.first().map(|log| log.header().store_id).or(archives.store_id);
    let logged = logs.iter().map(|log| log.header().txn_id_max).max().unwrap_or_default();
    let last_txn_id = logged.max(archives.last_txn_id);
    report.epoch = epoch.0;
    report.duration = started.elapsed();
    let logs = (0_u64..).zip(logs).map(|(index, log)| {
        let name = log.header().segment_name.clone();
        let archive = archives.writers.remove(&name).unwrap_or_default();
        (name, Arc::new(LogHandle::new(index, log, archive)))
    });
    let logs = logs.collect();
    let archiving = archives.archiving;
    Ok(Recovered { logs, epoch, store_id, last_txn_id, archiving, report })
}

/// Scans, cuts, applies and resets.
fn redo(
    storage: &dyn Storage,
    config: &Config,
    logs: Vec<LogFile>,
    archives: &Archives,
    report: &mut RecoveryReport,
) -> Result<Vec<LogFile>> {
    let scan = |log| survey(storage, log);
    let surveys = map_in_parallel(config.helpers, logs.iter().collect(), scan);
    let surveys = surveys.into_iter().collect::<std::result::Result<Vec<Survey>, _>>()?;
    let cuts = consistent_cut(&surveys)?;
    let last_txn_id = surveys.iter().map(|survey| survey.last_txn_id).max().unwrap_or_default();
    let logs = vouch(config, logs, &cuts, last_txn_id)?;
    wait_for_views(storage, READERS_WAIT)?;
    let applied =
        map_in_parallel(config.helpers, logs.iter().zip(&cuts).collect(), |(log, cut)| {
            let done = apply(storage, log, *cut)?;
            keep_applied(storage, archives, log, *cut, last_txn_id)?;
            Ok::<_, Error>(done)
        });
    for (survey, applied) in surveys.iter().zip(applied) {
        report.logs.push(LogRecovery::new(survey, applied?));
    }
    report.recovered = true;
    reset::reset(storage, logs, &cuts, last_txn_id, config.helpers)
}

/// Lets the headers vouch for all that is about to be applied: once a part of it is in a segment's file, nothing else may tell that the
/// rest was there.
fn vouch(
    config: &Config,
    logs: Vec<LogFile>,
    cuts: &[Lsn],
    last_txn_id: TxnId,
) -> Result<Vec<LogFile>> {
    let vouched = map_in_parallel(config.helpers, logs.into_iter().zip(cuts).collect(), |work| {
        let (mut log, cut): (LogFile, &Lsn) = work;
        if log.header().synced < *cut {
            log.vouch(*cut, last_txn_id)?;
        }
        Ok(log)
    });
    vouched.into_iter().collect()
}

/// What was applied is kept, if the log has an archive, before the reset lets go of it.
fn keep_applied(
    storage: &dyn Storage,
    archives: &Archives,
    log: &LogFile,
    cut: Lsn,
    last_txn_id: TxnId,
) -> Result<()> {
    let (head, header) = (log.header().head, log.header());
    match archives.writers.get(&header.segment_name) {
        Some(archive) if cut > head => {
            Ok(keep(storage, archive, log.blob(), header, (head, cut), last_txn_id)?)
        }
        _ => Ok(()),
    }
}

fn apply(storage: &dyn Storage, log: &LogFile, cut: Lsn) -> Result<Replayed> {
    let head = log.header().head;
    if cut == head {
        return Ok(Replayed::default());
    }
    Ok(apply_to_segment(storage, log.blob(), log.header(), (head, cut), Pace::AtOnce)?)
}
