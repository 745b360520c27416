//! Up to where history is replayed.

use rvm_log::archive::ArchivedRecords;
use rvm_log::{Lsn, TxnId};

use super::plan::Sources;
use crate::copy_error::Result;

/// Up to where history is replayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// All transactions up to this one.
    Transaction(TxnId),
    /// All transactions before the first one that was committed later, in nanoseconds since 1970, by the clock of the machine: if that
    /// was set back in between, some that bear an earlier time are left out. Segments that were made before the next transaction are there.
    Time(u64),
}

impl Until {
    /// The last transaction.
    pub(super) fn resolve(self, sources: &Sources) -> Result<TxnId> {
        let time = match self {
            Self::Transaction(until) => return Ok(until),
            Self::Time(time) => time,
        };
        let mut later = sources.newest().0.saturating_add(1);
        for (_, archive) in &sources.archives {
            for stretch in archive.stretches().iter().filter(|stretch| stretch.last_time > time) {
                later = later.min(first_later(archive.records_of(stretch)?, time, later)?);
            }
        }
        for log in sources.view.logs() {
            let mut records = log.records(Lsn(0));
            while let Some(record) = records.next()? {
                if record.header().commit_time > time {
                    later = later.min(record.header().txn_id.0);
                    break;
                }
            }
        }
        Ok(TxnId(later.saturating_sub(1)))
    }
}

/// The first transaction below `bound` that was committed later than `time`; else `bound`.
fn first_later(mut records: ArchivedRecords<'_>, time: u64, bound: u64) -> Result<u64> {
    let found = records.seek(
        |frame| frame.time > time && frame.first_txn.0 < bound,
        |record| record.commit_time > time && record.txn_id.0 < bound,
    )?;
    if !found {
        return Ok(bound);
    }
    Ok(records.next()?.map_or(bound, |record| record.header().txn_id.0))
}
