//! The middle of a commit: one record into each log that the transaction wrote, all of them or none, under the logs' latches.

use std::sync::Arc;

use rvm_log::format::record::Measure;
use rvm_log::{Dependency, Draft, Epoch, LogError, LogId, Lsn, Participant, TxnId};
use smallvec::SmallVec;

use super::redo::Redo;
use super::{Durability, Transaction};
use crate::error::{Error, Result};
use crate::log_handle::{Link, LogHandle, LogState};
use crate::logs::Targets;
use crate::room::make_room;
use crate::sync::MutexGuard;

/// A record that is about to be appended.
struct Planned<'a> {
    log: &'a Arc<LogHandle>,
    draft: Draft<'a, Redo<'a>>,
    measure: Measure,
    part_crc: u32,
}

type Latches<'a> = SmallVec<[MutexGuard<'a, LogState>; 4]>;
type Participants = SmallVec<[Participant; 1]>;
/// How the others name a record, and where it ends.
type Ends = SmallVec<[(Participant, Lsn); 1]>;

/// What appending left to do.
#[derive(Default)]
pub(super) struct Appended {
    /// The ends of the transaction's records and of what it depends on.
    pub(super) targets: Targets,
    /// Logs that are full enough to be truncated.
    pub(super) truncation_due: SmallVec<[Arc<LogHandle>; 2]>,
    /// Logs that now hold a lazy commit, of which the maintenance thread does not know.
    pub(super) lazy_news: SmallVec<[Arc<LogHandle>; 2]>,
}

impl Transaction {
    /// Appends the transaction's records. A failure means that nothing was reserved: it is not committed.
    ///
    /// # Errors
    /// [`Error::TransactionTooLarge`], [`Error::Poisoned`], [`Error::Closed`], out of space.
    pub(super) fn append(&self, txn_id: TxnId, durability: Durability) -> Result<Appended> {
        let (dependencies, depended_on) = self.dependencies();
        let mut appended = Appended::default();
        let others = self.work.parts.iter().filter(|part| part.written).count().saturating_sub(1);
        let blanks = Participants::from_elem(BLANK, others);
        let mut plan = SmallVec::new();
        self.plan(txn_id, durability, (&blanks, &dependencies), &mut plan)?;
        let mut latches = self.latch_with_room(&plan)?;

        let mut ends = Ends::new();
        for (planned, state) in plan.iter().zip(&latches) {
            ends.push(planned.at(state.tail.end()));
        }
        for (index, (planned, state)) in plan.iter().zip(&mut latches).enumerate() {
            let (log, measure) = (planned.log, &planned.measure);
            let participants = all_but(index, &ends);
            let draft = Draft { participants: &participants, ..planned.draft.clone() };
            state.tail.append(&draft, measure, log.epoch, log.checksums);
            self.counters(measure);
        }
        let names_others = plan.len() > 1 || !depended_on.is_empty();
        for ((planned, (own, end)), state) in plan.iter().zip(&ends).zip(&mut latches) {
            let log = planned.log;
            if names_others {
                let others: SmallVec<[_; 3]> = plan
                    .iter()
                    .zip(&ends)
                    .map(|(planned, (_, end))| (planned.log, *end))
                    .chain(depended_on.iter().map(|(log, lsn)| (log, *lsn)))
                    .filter(|(other, _)| !Arc::ptr_eq(other, log))
                    .map(|(other, end)| (Arc::downgrade(other), end))
                    .collect();
                state.entangled = true;
                state.links.push_back(Link { lsn: own.lsn, others });
            }
            appended.targets.push((Arc::clone(log), *end));
            self.note(log, state, durability, *end, &mut appended);
        }
        appended.targets.extend(depended_on);
        Ok(appended)
    }

    /// The segments that were begun and not written, where a crash could still take back what they show.
    fn dependencies(&self) -> (SmallVec<[Dependency; 2]>, Targets) {
        let mut dependencies = SmallVec::new();
        let mut targets = Targets::new();
        for part in self.work.parts.iter().filter(|part| !part.written) {
            let log = &part.log;
            let (lsn, decided) = {
                let state = log.latch.lock();
                (state.tail.end(), state.decided)
            };
            if lsn > decided {
                dependencies.push(Dependency { log_id: log.id, epoch: log.epoch, lsn });
                targets.push((Arc::clone(log), lsn));
            }
        }
        (dependencies, targets)
    }

    /// The records to be appended, in the order of their logs.
    fn plan<'a>(
        &'a self,
        txn_id: TxnId,
        durability: Durability,
        (blanks, dependencies): (&'a [Participant], &'a [Dependency]),
        plan: &mut SmallVec<[Planned<'a>; 1]>,
    ) -> Result<()> {
        let commit_time = self.shared.storage.unix_nanos();
        for (index, part) in self.work.parts.iter().enumerate().filter(|(_, part)| part.written) {
            let log = &part.log;
            let draft = Draft {
                txn_id,
                commit_time,
                lazy: durability == Durability::Lazy,
                participants: blanks,
                dependencies,
                label: &self.work.label,
                ranges: self.redo(index, part),
            };
            let limit = self.shared.rings.max.record_len_max().max(log.ring().record_len_max());
            let segment = || part.segment.name.to_string();
            let measure = draft.measure().map_err(|error| match error {
                LogError::RecordTooLarge { len, limit } => {
                    Error::TransactionTooLarge { segment: segment(), needed: len, limit }
                }
                error => error.into(),
            })?;
            let needed = u64::from(measure.total_len);
            if needed > limit {
                return Err(Error::TransactionTooLarge { segment: segment(), needed, limit });
            }
            let part_crc = if blanks.is_empty() { 0 } else { draft.part_crc() };
            plan.push(Planned { log, draft, measure, part_crc });
        }
        plan.sort_unstable_by_key(|planned| planned.log.index);
        Ok(())
    }

    /// Takes all latches, in order, at a moment when every log has room and the store is well. Waits hold no latch.
    fn latch_with_room<'a>(&self, plan: &'a [Planned<'_>]) -> Result<Latches<'a>> {
        loop {
            let mut latches = Latches::new();
            for planned in plan {
                latches.push(planned.log.latch.lock());
            }
            self.shared.logs.health.check()?;
            self.shared.check_usable()?;
            let full = plan
                .iter()
                .zip(&latches)
                .find(|(planned, state)| !state.has_room(planned.measure.total_len.into()));
            let Some((full, _)) = full else { return Ok(latches) };
            drop(latches);
            make_room(&self.shared, full.log, full.measure.total_len.into())?;
        }
    }

    /// What a log remembers of a record that was appended up to `end`.
    fn note(
        &self,
        log: &Arc<LogHandle>,
        state: &mut LogState,
        durability: Durability,
        end: Lsn,
        appended: &mut Appended,
    ) {
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

    fn counters(&self, measure: &Measure) {
        self.shared.counters().log_bytes.add(measure.total_len.into());
        self.shared.counters().redo_ranges.add(measure.range_count().into());
    }
}

impl Planned<'_> {
    /// This record at `lsn`, as the others name it, and its end.
    fn at(&self, lsn: Lsn) -> (Participant, Lsn) {
        let participant = Participant {
            log_id: self.log.id,
            epoch: self.log.epoch,
            lsn,
            total_len: self.measure.total_len,
            part_crc: self.part_crc,
        };
        (participant, participant.end())
    }
}

/// The others of a transaction's parts.
fn all_but(index: usize, ends: &Ends) -> Participants {
    let mut others = Participants::new();
    for (place, (part, _)) in ends.iter().enumerate() {
        if place != index {
            others.push(*part);
        }
    }
    others
}

/// Stands for a participant while lengths are measured.
const BLANK: Participant =
    Participant { log_id: LogId(0), epoch: Epoch(0), lsn: Lsn(0), total_len: 0, part_crc: 0 };
