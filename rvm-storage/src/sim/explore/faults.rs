//! Every operation of a program made to fail in turn.

use std::fmt::Debug;

use crate::random::Random;
use crate::sim::{Failure, Fault, Operation, SimStorage};

use super::Exploration;
use super::counterexample::Counterexample;
use super::notes::Notes;
use super::search::{Life, Search, catch, told};

/// How many ways of losing power are tried behind each fault, beside losing nothing and everything.
const CUTS_BEHIND: usize = 2;

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
                let mut n = 0;
                while self.life(steps, (n, *failure, lasting), &mut found)? {
                    n += 1;
                }
                if found.faults == before {
                    let message = format!("no fault of kind {failure:?} fired");
                    return Err(told::<N>(message, &[], &[]));
                }
            }
        }
        Ok(found)
    }

    /// One life in which the n-th operation fails; false if it had fewer.
    fn life(
        &self,
        steps: &[S],
        (n, failure, lasting): (u64, Failure, bool),
        found: &mut Exploration,
    ) -> Result<bool, Counterexample> {
        let storage = SimStorage::new(self.explorer.seed);
        let fault = Fault::nth(n, failure).when(move |operation| suits(failure, operation));
        storage.inject(if lasting { fault.lasting() } else { fault });
        let notes = Notes::new(&storage);
        let ended = catch(|| {
            // A run may fail here, but not panic.
            drop((self.run)(&storage, steps, &notes));
            Ok(())
        });
        let notes = notes.into_list();
        let context = |message: &str| {
            let which = if lasting { "and all later ones" } else { "alone" };
            format!("{message}\n  {failure:?} of operation {n} {which}")
        };
        if let Err(message) = ended {
            return Err(told(context(&message), &notes, &[]));
        }
        let fired = storage.faults_fired();
        found.faults += fired.min(1);
        let moment = storage.moment();
        let unknowns = moment.unknowns();
        let mut random = Random::new(self.explorer.seed ^ n);
        let cuts = unknowns.cuts(1, 2 + CUTS_BEHIND, &mut random);
        let mut stores = vec![(moment.process_kill(), Life::new(&[], &moment, None))];
        stores.extend(cuts.iter().map(|cut| {
            let life = Life::new(&[], &moment, Some((&unknowns, cut)));
            (moment.power_cut(&unknowns, cut), life)
        }));
        for (store, life) in &stores {
            found.states += 1;
            self.check_found(store, &notes, &[*life], &mut random, found).map_err(|failure| {
                let message = context(&failure.message);
                Counterexample { message, ..failure }
            })?;
        }
        Ok(fired > 0)
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
