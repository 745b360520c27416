//! A transaction of several segments: each record names the others, so all latches are taken before the first is appended.

use std::sync::Arc;

use rvm_log::format::record::Measure;
use rvm_log::{Dependency, Draft, Epoch, LogId, Lsn, Participant};
use smallvec::SmallVec;

use super::{Appended, Durability, Redo, Saying, Transaction};
use crate::error::Result;
use crate::log_handle::{Link, LogHandle, LogState};
use crate::logs::Targets;
use crate::room::make_room;
use crate::sync::MutexGuard;

/// A record that is about to be appended.
struct Planned<'a> {
    log: &'a Arc<LogHandle>,
    draft: Draft<'a, Redo<'a>>,
    measure: Measure,
}

type Plan<'a> = SmallVec<[Planned<'a>; 4]>;
type Latches<'a> = SmallVec<[MutexGuard<'a, LogState>; 4]>;
type Participants = SmallVec<[Participant; 3]>;
/// How the others name a record, and where it ends.
type Ends = SmallVec<[(Participant, Lsn); 4]>;

impl Transaction {
    pub(super) fn append_together(&self, saying: Saying<'_>) -> Result<Appended> {
        let (dependencies, depended_on) = self.dependencies();
        let mut appended = Appended::default();
        let others = self.work.parts.iter().filter(|part| part.written).count().saturating_sub(1);
        let blanks = Participants::from_elem(BLANK, others);
        let saying = Saying { participants: &blanks, dependencies: &dependencies, ..saying };
        let plan = self.plan(saying)?;
        let mut latches = self.latch_with_room(&plan)?;

        // A part is named by what was copied of it: a program in C may have a thread that changes the memory meanwhile.
        let mut ends = Ends::new();
        for (planned, state) in plan.iter().zip(&mut latches) {
            let laid = state.tail.lay(&planned.draft, &planned.measure, planned.log.epoch);
            ends.push(planned.at(laid));
        }
        for (index, ((planned, (own, _)), state)) in
            plan.iter().zip(&ends).zip(&mut latches).enumerate()
        {
            state.tail.join(own.lsn, &all_but(index, &ends), planned.log.checksums);
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
            self.note(log, state, (&planned.measure, *end), saying.durability, &mut appended);
        }
        match latches.first_mut() {
            Some(state) => self.count(state, saying.durability),
            None if saying.durability == Durability::Lazy => {
                self.shared.counters().commits_lazy.add(1);
            }
            None => {}
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
    fn plan<'a>(&'a self, saying: Saying<'a>) -> Result<Plan<'a>> {
        let mut plan = Plan::new();
        for (index, part) in self.work.parts.iter().enumerate().filter(|(_, part)| part.written) {
            let (draft, measure) = self.draft((index, part), saying)?;
            plan.push(Planned { log: &part.log, draft, measure });
        }
        plan.sort_unstable_by_key(|planned| planned.log.index);
        Ok(plan)
    }

    /// Takes all latches, in order, at a moment when every log has room and the store is well. Waits hold no latch.
    fn latch_with_room<'a>(&self, plan: &'a [Planned<'_>]) -> Result<Latches<'a>> {
        loop {
            let mut latches = Latches::new();
            for planned in plan {
                latches.push(planned.log.latch.lock());
            }
            self.check_latched()?;
            let full = plan
                .iter()
                .zip(&latches)
                .find(|(planned, state)| !state.has_room(planned.measure.total_len.into()));
            let Some((full, _)) = full else { return Ok(latches) };
            drop(latches);
            make_room(&self.shared, full.log, full.measure.total_len.into())?;
        }
    }
}

impl Planned<'_> {
    /// This record, laid at `lsn`, as the others name it, and its end.
    fn at(&self, (lsn, part_crc): (Lsn, u32)) -> (Participant, Lsn) {
        let participant = Participant {
            log_id: self.log.id,
            epoch: self.log.epoch,
            lsn,
            total_len: self.measure.total_len,
            part_crc,
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
