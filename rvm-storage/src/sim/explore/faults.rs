//! Every operation of a program made to fail in turn.

use std::fmt::Debug;

use crate::random::Random;
use crate::sim::moment::{Moment, Recording};
use crate::sim::{Failure, Fault, Operation, SimStorage};

use super::Exploration;
use super::counterexample::{Counterexample, Kind};
use super::notes::Notes;
use super::search::{Life, Search, catch, pick, told};

/// How many ways of losing power are tried behind each fault, beside losing nothing and everything.
const CUTS_BEHIND: usize = 2;

/// Which operation fails, of those that can fail so, and how.
#[derive(Clone, Copy)]
struct Plan {
    n: u64,
    failure: Failure,
    lasting: bool,
}

/// A life in which an operation failed, or none.
struct Lived<N> {
    notes: Vec<N>,
    failed: Option<Operation>,
    fired: u64,
    /// Empty if nothing was recorded.
    recording: Recording,
    end: Moment,
}

impl<S, N: Clone + Debug, O: PartialEq + Debug> Search<'_, S, N, O> {
    /// See [`Explorer::fail_each`](super::Explorer::fail_each).
    pub(super) fn faults(
        &self,
        steps: &[S],
        failures: &[Failure],
    ) -> Result<Exploration, Counterexample> {
        let mut found = Exploration::default();
        for failure in failures {
            for lasting in [false, true] {
                if lasting && *failure == Failure::Dead {
                    continue;
                }
                let before = found.faults;
                let mut plan = Plan { n: 0, failure: *failure, lasting };
                while self.fault(steps, plan, &mut found)? {
                    plan.n += 1;
                }
                if found.faults == before {
                    let message = format!("no fault of kind {failure:?} fired");
                    return Err(told::<N>(Kind::NoFault, message, &[], &[]));
                }
            }
        }
        Ok(found)
    }

    /// One life in which an operation fails; false if there was none to fail.
    fn fault(
        &self,
        steps: &[S],
        plan: Plan,
        found: &mut Exploration,
    ) -> Result<bool, Counterexample> {
        let mut random = Random::new(self.explorer.seed ^ plan.n);
        let inside = self.is_its_turn(&mut random, 1);
        let judged = self
            .live(steps, plan, inside)
            .and_then(|lived| self.judge(plan, &lived, (inside, random.clone()), found));
        judged.map_err(|failure| {
            // Once more, to tell what was done: it is deterministic, or else this must do.
            let again = self.live(steps, plan, true);
            let mut uncounted = Exploration::default();
            let judged =
                again.and_then(|lived| self.judge(plan, &lived, (inside, random), &mut uncounted));
            judged.err().unwrap_or(failure)
        })
    }

    fn live(&self, steps: &[S], plan: Plan, record: bool) -> Result<Lived<N>, Counterexample> {
        let Plan { n, failure, lasting } = plan;
        let storage = SimStorage::new(self.explorer.seed);
        let fault = Fault::nth(n, failure).when(move |operation| suits(failure, operation));
        storage.inject(if lasting { fault.lasting() } else { fault });
        if record {
            storage.record();
        }
        let notes = Notes::new(&storage);
        let ended = catch(|| {
            // A run may fail here, but not panic.
            drop((self.run)(&storage, steps, &notes));
            Ok(())
        });
        let lived = Lived {
            notes: notes.into_list(),
            failed: storage.first_failed(),
            fired: storage.faults_fired(),
            end: storage.moment(),
            recording: if record { storage.recorded() } else { Recording::default() },
        };
        match ended {
            Ok(()) => Ok(lived),
            Err(message) => Err(told(Kind::Run, plan.tell(&message, &lived), &lived.notes, &[])),
        }
    }

    /// Checks what is found at the end and, if it is the turn of this life, at a moment between the fault and the end.
    fn judge(
        &self,
        plan: Plan,
        lived: &Lived<N>,
        (inside, mut random): (bool, Random),
        found: &mut Exploration,
    ) -> Result<bool, Counterexample> {
        found.faults += lived.fired.min(1);
        let mut moments = vec![(&lived.end, CUTS_BEHIND)];
        if let (true, Some(failed)) = (inside, &lived.failed) {
            let behind = |moment: &&Moment| {
                moment.operation().is_some_and(|operation| operation.number > failed.number)
            };
            let behind: Vec<&Moment> = lived.recording.moments.iter().filter(behind).collect();
            moments.extend(pick(&behind, &mut random).map(|moment| (*moment, 0)));
        }
        for (moment, samples) in moments {
            let notes = lived.notes.get(..moment.marks()).unwrap_or(&lived.notes);
            let operations = &lived.recording.operations;
            let unknowns = moment.unknowns();
            let cuts = unknowns.cuts(1, 2 + samples, &mut random);
            let mut stores = vec![(moment.process_kill(), Life::new(operations, moment, None))];
            stores.extend(cuts.iter().map(|cut| {
                let life = Life::new(operations, moment, Some((&unknowns, cut)));
                (moment.power_cut(&unknowns, cut), life)
            }));
            for (store, life) in &stores {
                found.states += 1;
                self.check_found(store, notes, &[*life], &mut random, found).map_err(
                    |failure| {
                        let message = plan.tell(&failure.message, lived);
                        Counterexample { message, ..failure }
                    },
                )?;
            }
        }
        Ok(lived.fired > 0)
    }
}

impl Plan {
    fn tell<N>(self, message: &str, lived: &Lived<N>) -> String {
        let which = if self.lasting { "and all later ones like it" } else { "alone" };
        match &lived.failed {
            Some(failed) => {
                format!("{message}\n  {:?} of operation {failed} {which}", self.failure)
            }
            None => format!("{message}\n  without a fault"),
        }
    }
}

/// Whether an operation can fail in this way, other than in one that another kind of failure covers.
fn suits(failure: Failure, operation: &Operation) -> bool {
    match failure {
        Failure::Error | Failure::Dead => true,
        Failure::ErrorWhenDone | Failure::OutOfSpace => operation.kind.changes(),
        Failure::ShortWrite => {
            use crate::sim::OperationKind::{Write, WriteAndForce};
            matches!(operation.kind, Write | WriteAndForce)
        }
        Failure::LostForce | Failure::PartOfForce => operation.kind.forces(),
    }
}
