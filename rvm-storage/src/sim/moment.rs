//! Moments at which the power may go, and what is found then.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::random::Random;

use super::SimStorage;
use super::cut::{Cut, Unknowns};
use super::file::{File, Sequence};
use super::names::Names;
use super::operation::Operation;
use super::world::World;

/// What happened since [`SimStorage::record`](super::SimStorage::record).
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Every operation, in order.
    pub operations: Vec<Operation>,
    /// A moment before each operation that may change what a power cut leaves, one in the middle of each forced write, one in the
    /// middle of each write and growth over several pages, and one at the end.
    pub moments: Vec<Moment>,
}

/// A moment in the life of a [`SimStorage`]: what the medium holds, and what is on its way there.
#[derive(Clone)]
pub struct Moment {
    pub(super) names: Arc<Names>,
    pub(super) files: Vec<Arc<File>>,
    pub(super) random: Random,
    pub(super) clock_nanos: u64,
    pub(super) sequence: Sequence,
    pub(super) marks: usize,
    pub(super) operation: Option<Operation>,
    pub(super) inside: bool,
}

impl Moment {
    /// The number that [`SimStorage::mark`] was last given.
    #[must_use]
    pub fn marks(&self) -> usize {
        self.marks
    }

    /// The operation that comes next, or is under way; `None` at the end.
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        self.operation.as_ref()
    }

    /// What a power cut now may or may not leave.
    #[must_use]
    pub fn unknowns(&self) -> Unknowns {
        Unknowns::of(Arc::clone(&self.names), &self.files)
    }

    /// The store as it is found when the power is cut now and `cut` says what became of the `unknowns`.
    #[must_use]
    pub fn power_cut(&self, unknowns: &Unknowns, cut: &Cut) -> SimStorage {
        let names = self.names.after_cut(|change| cut.keeps(change));
        let mut files = self.files.clone();
        for file in files.iter_mut().filter(|file| file.cache_lies()) {
            *file = Arc::new(file.after_cut(&[], &[]));
        }
        for (id, in_file, choices) in unknowns.files(cut) {
            if let (Some(place), Some(file)) = (files.get_mut(id), self.files.get(id)) {
                *place = Arc::new(file.after_cut(in_file, choices));
            }
        }
        self.restart(Names::durable(names), files)
    }

    /// The store as it is found when the power is cut now, and nothing that was not forced is found.
    #[must_use]
    pub fn crash(&self) -> SimStorage {
        let unknowns = self.unknowns();
        self.power_cut(&unknowns, &unknowns.nothing())
    }

    /// The store as the next process finds it when this one is killed now: everything that was written is there, and what was not forced
    /// still is not.
    #[must_use]
    pub fn process_kill(&self) -> SimStorage {
        self.restart((*self.names).clone(), self.files.clone())
    }

    /// Equal for two power cuts that leave the same store with the same [`marks`](Self::marks).
    pub(super) fn fingerprint(&self, unknowns: &Unknowns, cut: &Cut) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.marks.hash(&mut hasher);
        self.names.synced().hash(&mut hasher);
        for (index, (at, _)) in self.names.unsynced().iter().enumerate() {
            if cut.keeps(index) {
                at.hash(&mut hasher);
            }
        }
        for file in &self.files {
            file.medium_changed().hash(&mut hasher);
        }
        for (id, in_file, choices) in unknowns.files(cut) {
            for (unknown, choice) in in_file.iter().zip(choices) {
                (id, unknown.identity(usize::from(*choice))).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn restart(&self, names: Names, files: Vec<Arc<File>>) -> SimStorage {
        // Randomness and time go on: a store that starts anew must not draw the salts of its former life. So do the numbers of
        // changes: those that a killed process left must not be taken for new ones.
        let goes_on = (self.random.clone(), self.clock_nanos, self.sequence);
        SimStorage::from_world(World::start(names, files, goes_on))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").field("at", &self.to_string()).finish_non_exhaustive()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.operation, self.inside) {
            (None, _) => f.write_str("at the end"),
            (Some(operation), false) => write!(f, "before operation {operation}"),
            (Some(operation), true) => write!(f, "in the middle of operation {operation}"),
        }
    }
}
