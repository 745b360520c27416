//! The middle of a commit: one record into each log that the transaction wrote, all of them or none, under the logs' latches.

mod alone;
mod together;

use std::sync::Arc;

use rvm_log::format::record::Measure;
use rvm_log::{Dependency, Draft, LogError, Lsn, Participant, TxnId};
use rvm_storage::widths::wide;

use super::redo::Redo;
use super::{Durability, Transaction};
use crate::error::{Error, Result};
use crate::log_handle::{LogHandle, LogState};
use crate::logs::Targets;
use crate::part::Part;

/// What appending left to do.
#[derive(Default)]
pub(super) struct Appended {
    /// The ends of the transaction's records and of what it depends on.
    pub(super) targets: Targets,
    /// Logs that are full enough to be truncated.
    pub(super) truncation_due: Vec<Arc<LogHandle>>,
    /// Logs that now hold a lazy commit, of which the maintenance thread does not know.
    pub(super) lazy_news: Vec<Arc<LogHandle>>,
}

/// What all records of a transaction say.
#[derive(Clone, Copy)]
struct Saying<'a> {
    txn_id: TxnId,
    commit_time: u64,
    durability: Durability,
    participants: &'a [Participant],
    dependencies: &'a [Dependency],
}

impl Transaction {
    /// Appends the transaction's records. A failure means that nothing was reserved: it is not committed.
    ///
    /// # Errors
    /// [`Error::TransactionTooLarge`], [`Error::Poisoned`], [`Error::Closed`], out of space.
    pub(super) fn append(&self, txn_id: TxnId, durability: Durability) -> Result<Appended> {
        let saying = Saying {
            txn_id,
            commit_time: self.shared.storage.unix_nanos(),
            durability,
            participants: &[],
            dependencies: &[],
        };
        match self.work.parts.as_slice() {
            [only] if only.written => self.append_alone(only, saying),
            _ => self.append_together(saying),
        }
    }

    /// One part's record, and its size.
    fn draft<'a>(
        &'a self,
        (index, part): (usize, &'a Part),
        saying: Saying<'a>,
    ) -> Result<(Draft<'a, Redo<'a>>, Measure)> {
        let draft = Draft {
            txn_id: saying.txn_id,
            commit_time: saying.commit_time,
            lazy: saying.durability == Durability::Lazy,
            participants: saying.participants,
            dependencies: saying.dependencies,
            label: &self.work.label,
            ranges: self.redo(index, part),
        };
        let too_large = |needed, limit| {
            let segment = part.segment.name.to_string();
            Error::TransactionTooLarge { segment, needed, limit }
        };
        let measure = draft.measure().map_err(|error| match error {
            LogError::RecordTooLarge { len, limit } => too_large(len, limit),
            error => error.into(),
        })?;
        let needed = u64::from(measure.total_len);
        let limit = self.shared.rings.max.record_len_max();
        // A log may be larger than what it could grow to, if it was made with other options.
        if needed > limit && needed > part.log.ring().record_len_max() {
            return Err(too_large(needed, limit.max(part.log.ring().record_len_max())));
        }
        Ok((draft, measure))
    }

    /// Whether anything may be appended still; asked under the latches.
    fn check_latched(&self) -> Result<()> {
        self.shared.logs.health.check()?;
        self.shared.check_usable()
    }

    /// What a log remembers of a record that was appended up to `end`.
    fn note(
        &self,
        log: &Arc<LogHandle>,
        state: &mut LogState,
        (measure, end): (&Measure, Lsn),
        durability: Durability,
        appended: &mut Appended,
    ) {
        state.appends.log_bytes += u64::from(measure.total_len);
        state.appends.redo_ranges += u64::from(measure.range_count());
        match durability {
            Durability::Force => state.force_end = end,
            Durability::Lazy if !state.lazy_noted => {
                state.lazy_noted = true;
                appended.lazy_news.push(Arc::clone(log));
            }
            Durability::Lazy => {}
        }
        let due = self.shared.rings.truncation_due(state.ring);
        if !state.truncation_asked && self.shared.config.background && state.live_len() > due {
            state.truncation_asked = true;
            appended.truncation_due.push(Arc::clone(log));
        }
    }

    /// Counts the transaction, in one of its logs.
    fn count(&self, state: &mut LogState, durability: Durability) {
        state.appends.undo_records += wide(self.work.undo.records().len());
        if durability == Durability::Lazy {
            state.appends.commits_lazy += 1;
        }
    }
}
