//! The end of recovery: every log starts a new epoch, empty, with a new salt, so that no record of the old one can ever count again.

use rvm_log::{Epoch, LogFile, Lsn, TxnId, draw_salt};
use rvm_storage::Storage;

use crate::error::Result;
use crate::layout::{READERS_WAIT, lock_layout};
use crate::parallel::map_in_parallel;

/// Resets each log at its cut. If the epochs differ a reset was interrupted, and is finished: to the larger epoch, leaving alone
/// the logs that have it.
///
/// # Errors
/// I/O. What is reset stays so; opening again finishes it.
pub(super) fn reset(
    storage: &dyn Storage,
    logs: Vec<LogFile>,
    cuts: &[Lsn],
    last_txn_id: TxnId,
    helpers: usize,
) -> Result<Vec<LogFile>> {
    let epochs = || logs.iter().map(|log| log.header().epoch);
    let (oldest, newest) = (epochs().min(), epochs().max());
    let newest = newest.unwrap_or(Epoch(0));
    let target = if oldest == Some(newest) { Epoch(newest.0 + 1) } else { newest };

    let _layout = lock_layout(storage, READERS_WAIT)?;
    let work = logs.into_iter().zip(cuts).collect();
    let reset = map_in_parallel(helpers, work, |(mut log, cut)| {
        if log.header().epoch == target && log.header().head == *cut {
            // Perhaps only one slot says so.
            log.change_header(|_| {})?;
            return Ok(log);
        }
        let salt = draw_salt(storage)?;
        log.change_header(|header| {
            header.epoch = target;
            header.salt = salt;
            header.head = *cut;
            header.prev_end = *cut;
            header.synced = *cut;
            header.txn_id_max = last_txn_id;
            // It is empty, and it is opened again before anything is appended.
            header.clean = true;
        })?;
        Ok(log)
    });
    reset.into_iter().collect()
}
