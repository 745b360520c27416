//! Looking for a power cut, or a fault, that hurts.

mod counterexample;
mod faults;
mod notes;
mod search;
mod shrink;

use std::fmt::Debug;

use super::SimStorage;
use super::fault::Failure;

pub use self::counterexample::Counterexample;
pub use self::notes::Notes;
use self::search::Search;

/// The outcome of a check: what was observed, or what is wrong.
type Checked<O> = Result<O, String>;

/// Runs a program on simulated devices, cuts the power at every operation, and checks what is found.
///
/// The program is a list of steps and a function that runs them on an empty store, from opening it on; so a failure can be
/// shrunk to the few steps that it needs. A check opens the store that is found, and says what it sees, or what is wrong. It is given the
/// [`Notes`] made before the power went. Both must be deterministic for a failure to be reproduced.
///
/// ```
/// use rvm_storage::sim::{Explorer, Notes, SimStorage};
/// use rvm_storage::{FileName, FileRole, SegmentName, Storage, StorageError};
///
/// let name = FileName::new(&SegmentName::new("counter")?, FileRole::Segment);
/// // Writes 1, 2, 3 into a file, and notes each once it is forced.
/// let run = |storage: &SimStorage, steps: &[u8], notes: &Notes<u8>| -> Result<(), StorageError> {
///     let blob = storage.create(&name)?;
///     blob.set_len(1)?;
///     blob.force()?;
///     storage.sync_names()?;
///     for step in steps {
///         blob.write_at(0, &[*step])?;
///         blob.force()?;
///         notes.note(*step);
///     }
///     Ok(())
/// };
/// let check = |storage: &SimStorage, notes: &[u8]| {
///     let Some(noted) = notes.last() else { return Ok(0) };
///     let blob = storage.open(&name).map_err(|error| error.to_string())?;
///     let mut found = [0];
///     blob.force().and_then(|()| blob.read_at(0, &mut found)).map_err(|error| error.to_string())?;
///     if found[0] >= *noted { Ok(found[0]) } else { Err(format!("{found:?} behind {noted}")) }
/// };
/// let exploration = Explorer::new(1).explore(&[1, 2, 3], run, check).map_err(|e| e.to_string());
/// assert!(exploration.unwrap().states > 8);
/// # Ok::<(), StorageError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Explorer {
    pub(super) seed: u64,
    pub(super) exhaustive_up_to: u64,
    pub(super) samples: usize,
    pub(super) depth: u32,
    pub(super) nested_share: f64,
    pub(super) kills: bool,
}

/// What an [`Explorer`] did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Exploration {
    /// Operations of the program that could change what a power cut leaves, and middles of forced writes.
    pub moments: u64,
    /// Moments at which all ways of losing power were tried, not samples of them.
    pub exhausted: u64,
    /// Different stores that were found behind a power cut or a kill, and checked.
    pub states: u64,
    /// Stores that were found behind a second or later power cut or kill, inside a check.
    pub nested: u64,
    /// Faults that fired.
    pub faults: u64,
}

impl Exploration {
    /// Adds what another exploration did.
    pub fn add(&mut self, other: &Self) {
        self.moments += other.moments;
        self.exhausted += other.exhausted;
        self.states += other.states;
        self.nested += other.nested;
        self.faults += other.faults;
    }
}

impl Explorer {
    /// All random choices follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, exhaustive_up_to: 256, samples: 64, depth: 3, nested_share: 0.1, kills: true }
    }

    /// Tries all ways in which a moment's power cut may come out, if there are at most so many. Default 256.
    pub fn exhaustive_up_to(self, ways: u64) -> Self {
        Self { exhaustive_up_to: ways, ..self }
    }

    /// Tries so many ways if there are more. Default 64.
    pub fn samples(self, samples: usize) -> Self {
        Self { samples, ..self }
    }

    /// The power goes again while a check has opened the store, or the process is killed there, and again, until there were so many
    /// lives in all. Default 3.
    pub fn depth(self, depth: u32) -> Self {
        Self { depth, ..self }
    }

    /// In which share of the checks the power goes again, and in which share of lives with a fault it goes between the fault and the
    /// end, too: from 0, never, to 1, in each. Default 0.1.
    pub fn nested_share(self, share: f64) -> Self {
        Self { nested_share: share, ..self }
    }

    /// Whether the process is killed at each moment, too, and inside some checks, with the device going on. Default true.
    pub fn kills(self, kills: bool) -> Self {
        Self { kills, ..self }
    }

    /// Runs all `steps` once, and checks every store that could be found if the power had gone at any moment of that.
    ///
    /// When the power goes inside a check, the next one must observe the same as it did: what recovery has decided stays decided. So a
    /// check behind a kill must not believe what only a cache has, as recovery must not: it forces first, then reads.
    ///
    /// # Errors
    /// The first store that the check does not take, with the fewest steps that lead there; or the failure of the run itself.
    pub fn explore<S, N, O, E>(
        &self,
        steps: &[S],
        run: impl Fn(&SimStorage, &[S], &Notes<N>) -> Result<(), E>,
        check: impl Fn(&SimStorage, &[N]) -> Checked<O>,
    ) -> Result<Exploration, Box<Counterexample>>
    where
        S: Clone + Debug,
        N: Clone + Debug,
        O: PartialEq + Debug,
        E: std::fmt::Display,
    {
        let run = told(run);
        let search = Search { explorer: self, run: &run, check: &check };
        search.power_cuts(steps).map_err(|first| {
            Box::new(shrink::shrink(self.seed, steps, first, |fewer| {
                search.power_cuts(fewer).err()
            }))
        })
    }

    /// Lets every operation of the program fail in turn, in each of the ways of `failures`, once and from then on, and checks
    /// what is found behind each life when the power goes or the process ends; and in between, see
    /// [`nested_share`](Self::nested_share).
    ///
    /// The run may fail, and shall note nothing as done that was not reported as done.
    ///
    /// # Errors
    /// As [`explore`](Self::explore); and a fault plan that never fired.
    pub fn fail_each<S, N, O, E>(
        &self,
        steps: &[S],
        failures: &[Failure],
        run: impl Fn(&SimStorage, &[S], &Notes<N>) -> Result<(), E>,
        check: impl Fn(&SimStorage, &[N]) -> Checked<O>,
    ) -> Result<Exploration, Box<Counterexample>>
    where
        S: Clone + Debug,
        N: Clone + Debug,
        O: PartialEq + Debug,
        E: std::fmt::Display,
    {
        let run = told(run);
        let search = Search { explorer: self, run: &run, check: &check };
        search.faults(steps, failures).map_err(|first| {
            let fails = |fewer: &[S]| search.faults(fewer, failures).err();
            Box::new(shrink::shrink(self.seed, steps, first, fails))
        })
    }
}

/// A program whose failures are told.
fn told<S, N, E: std::fmt::Display>(
    run: impl Fn(&SimStorage, &[S], &Notes<N>) -> Result<(), E>,
) -> impl Fn(&SimStorage, &[S], &Notes<N>) -> Result<(), String> {
    move |storage, steps, notes| run(storage, steps, notes).map_err(|error| error.to_string())
}
