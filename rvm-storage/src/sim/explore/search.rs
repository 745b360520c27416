//! One search: run the program, cut the power at every moment, check what is found; and again inside the check.

use std::collections::HashSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::random::Random;
use crate::sim::cut::{Cut, Unknowns};
use crate::sim::moment::{Moment, Recording};
use crate::sim::{Operation, SimStorage};
use crate::widths::{narrow, wide};

use super::counterexample::{Counterexample, Kind};
use super::notes::Notes;
use super::{Checked, Exploration, Explorer};

/// How many of the last operations a script shows.
const OPERATIONS_SHOWN: usize = 12;

/// Of so many checks that are interrupted, the process is killed inside one.
const KILLED_INSIDE: u64 = 4;

/// Shares are counted in so many parts.
const PARTS: u64 = 1 << 20;

pub(super) struct Search<'a, S, N, O> {
    pub(super) explorer: &'a Explorer,
    pub(super) run: &'a Run<'a, S, N>,
    pub(super) check: &'a Check<'a, N, O>,
}

/// The program; says what it failed with.
pub(super) type Run<'a, S, N> = dyn Fn(&SimStorage, &[S], &Notes<N>) -> Result<(), String> + 'a;

/// The user's check.
pub(super) type Check<'a, N, O> = dyn Fn(&SimStorage, &[N]) -> Checked<O> + 'a;

/// How the power went, to tell of.
#[derive(Clone, Copy)]
pub(super) struct Life<'a> {
    operations: &'a [Operation],
    moment: &'a Moment,
    cut: Option<(&'a Unknowns, &'a Cut)>,
}

impl<S, N: Clone + Debug, O: PartialEq + Debug> Search<'_, S, N, O> {
    /// See [`Explorer::explore`].
    pub(super) fn power_cuts(&self, steps: &[S]) -> Result<Exploration, Counterexample> {
        let storage = SimStorage::new(self.explorer.seed);
        storage.record();
        let notes = Notes::new(&storage);
        let ended = catch(|| (self.run)(&storage, steps, &notes));
        let (recording, notes) = (storage.recorded(), notes.into_list());
        if let Err(message) = ended {
            let message = format!("the run itself failed: {message}");
            return Err(told(Kind::Run, message, &notes, &[]));
        }
        let mut found = Exploration::default();
        self.cut_everywhere(&recording, &notes, &mut found)?;
        Ok(found)
    }

    /// Checks every store that a power cut or a kill in `recording` could leave.
    fn cut_everywhere(
        &self,
        recording: &Recording,
        notes: &[N],
        found: &mut Exploration,
    ) -> Result<(), Counterexample> {
        let explorer = self.explorer;
        let mut random = Random::new(explorer.seed);
        let mut seen = HashSet::new();
        for moment in &recording.moments {
            found.moments += 1;
            let notes = notes.get(..moment.marks()).unwrap_or(notes);
            let unknowns = moment.unknowns();
            found.exhausted += u64::from(unknowns.ways() <= explorer.exhaustive_up_to);
            for cut in unknowns.cuts(explorer.exhaustive_up_to, explorer.samples, &mut random) {
                if !seen.insert(moment.fingerprint(&unknowns, &cut)) {
                    continue;
                }
                found.states += 1;
                let storage = moment.power_cut(&unknowns, &cut);
                let life = Life::new(&recording.operations, moment, Some((&unknowns, &cut)));
                self.check_found(&storage, notes, &[life], &mut random, found)
                    .map_err(|failure| self.simplify(life, notes).unwrap_or(failure))?;
            }
            if explorer.kills {
                found.states += 1;
                let storage = moment.process_kill();
                let life = Life::new(&recording.operations, moment, None);
                self.check_found(&storage, notes, &[life], &mut random, found)?;
            }
        }
        Ok(())
    }

    /// Checks one store, and lets the power go again inside the check if it is its turn.
    pub(super) fn check_found(
        &self,
        storage: &SimStorage,
        notes: &[N],
        lives: &[Life<'_>],
        random: &mut Random,
        found: &mut Exploration,
    ) -> Result<O, Counterexample> {
        let deeper = u64::try_from(lives.len())
            .is_ok_and(|lives| lives < self.explorer.depth.into())
            && self.is_its_turn(random, lives.len());
        if deeper {
            storage.record();
        }
        let observed = catch(|| (self.check)(storage, notes))
            .map_err(|message| told(Kind::Found, message, notes, lives))?;
        if !deeper {
            return Ok(observed);
        }
        let recording = storage.recorded();
        let Some(moment) = pick(&recording.moments, random) else { return Ok(observed) };
        // Behind a power cut everything there was durable: what is decided then, no second one may change, nor a kill. Behind a kill,
        // only what a check has seen to its end.
        let was_durable = lives.last().is_some_and(|life| life.cut.is_some());
        let settled = was_durable || moment.operation().is_none();
        let unknowns = moment.unknowns();
        let cut = unknowns.sample(random);
        let killed = self.explorer.kills && random.below(KILLED_INSIDE) == 0;
        let (again, how) = if killed {
            (moment.process_kill(), None)
        } else {
            (moment.power_cut(&unknowns, &cut), Some((&unknowns, &cut)))
        };
        found.states += 1;
        found.nested += 1;
        // The recording lives shorter than the lives before it.
        let mut longer: Vec<Life<'_>> = lives.to_vec();
        longer.push(Life::new(&recording.operations, moment, how));
        let observed_again = self.check_found(&again, notes, &longer, random, found)?;
        if settled && observed_again != observed {
            let message = format!(
                "a check that was interrupted had another outcome: {observed_again:?}, not {observed:?}"
            );
            return Err(told(Kind::Found, message, notes, &longer));
        }
        Ok(observed)
    }

    /// The same failure with as little lost as possible, if the check alone finds it.
    fn simplify(&self, life: Life<'_>, notes: &[N]) -> Option<Counterexample> {
        let (unknowns, cut) = life.cut?;
        let fails = |cut: &Cut| {
            let storage = life.moment.power_cut(unknowns, cut);
            catch(|| (self.check)(&storage, notes)).err()
        };
        let (mut least, mut message) = (cut.clone(), fails(cut)?);
        let newest = unknowns.everything();
        for place in 0..least.len() {
            let less = least.clone().with(place, newest.at(place));
            if let Some(said) = fails(&less) {
                (least, message) = (less, said);
            }
        }
        let life = Life { cut: Some((unknowns, &least)), ..life };
        Some(told(Kind::Found, message, notes, &[life]))
    }

    /// The share holds for the first interruption; each that is in turn interrupted goes on with even odds.
    pub(super) fn is_its_turn(&self, random: &mut Random, lives: usize) -> bool {
        let share = if lives == 1 { self.explorer.nested_share } else { 0.5 };
        let drawn = u32::try_from(random.below(PARTS)).map_or(1.0, f64::from);
        drawn < share * u32::try_from(PARTS).map_or(1.0, f64::from)
    }
}

pub(super) fn pick<'a, T>(all: &'a [T], random: &mut Random) -> Option<&'a T> {
    all.get(narrow(random.below(wide(all.len()))))
}

/// Turns a panic into an error, since most checks are made of assertions.
pub(super) fn catch<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(text.map_or_else(|| "a panic".to_owned(), |text| format!("a panic: {text}")))
    })
}

/// A counterexample whose steps are not known yet.
pub(super) fn told<N: Debug>(
    kind: Kind,
    message: String,
    notes: &[N],
    lives: &[Life<'_>],
) -> Counterexample {
    Counterexample {
        kind,
        message,
        seed: 0,
        steps: Vec::new(),
        steps_at_first: 0,
        notes: notes.iter().map(|note| format!("{note:?}")).collect(),
        lives: lives.iter().map(Life::tell).collect(),
    }
}

impl<'a> Life<'a> {
    pub(super) fn new(
        operations: &'a [Operation],
        moment: &'a Moment,
        cut: Option<(&'a Unknowns, &'a Cut)>,
    ) -> Self {
        Self { operations, moment, cut }
    }

    fn tell(&self) -> String {
        let until = self.moment.operation().map_or(u64::MAX, |operation| operation.number);
        let before: Vec<&Operation> = self
            .operations
            .iter()
            .filter(|operation| operation.kind.changes() && operation.number < until)
            .collect();
        let hidden = before.len().saturating_sub(OPERATIONS_SHOWN);
        let mut lines =
            vec![format!("  the last of {} operations that change something:", before.len())];
        lines.extend(before.iter().skip(hidden).map(|operation| format!("    {operation}")));
        lines.push(match self.cut {
            None => format!("  the process was killed {}\n", self.moment),
            Some((unknowns, cut)) => {
                format!("  the power went {}\n{}", self.moment, unknowns.describe(cut))
            }
        });
        lines.join("\n")
    }
}
