//! What a program said before the power went.

use parking_lot::Mutex;

use crate::sim::SimStorage;

/// What a program notes while it runs: what it is about to do, and what it was told is done. A check is given the notes made
/// before the power went.
#[derive(Debug)]
pub struct Notes<N> {
    list: Mutex<Vec<N>>,
    storage: SimStorage,
}

impl<N: Clone> Notes<N> {
    pub(super) fn new(storage: &SimStorage) -> Self {
        Self { list: Mutex::new(Vec::new()), storage: storage.clone() }
    }

    /// Adds a note. Note an intention before acting on it, and a success only once it was reported.
    pub fn note(&self, note: N) {
        let mut list = self.list.lock();
        list.push(note);
        self.storage.mark(list.len());
    }

    pub(super) fn into_list(self) -> Vec<N> {
        self.list.into_inner()
    }
}
