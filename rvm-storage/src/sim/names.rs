//! The simulator's directory: the names that are there, those that are durable, and the changes in between.
//!
//! When the power goes, any subset of the changes since the last sync is found, whatever their order was.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::FileName;

use super::file::Sequence;

/// A file's place among all files ever made.
pub(super) type FileId = usize;
pub(super) type Directory = BTreeMap<FileName, FileId>;

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    live: Directory,
    durable: Directory,
    /// When the durable names last changed.
    synced: Sequence,
    unsynced: Vec<(Sequence, Change)>,
}

/// A change of the directory.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Create(FileName, FileId),
    Rename(FileName, FileName, FileId),
    Remove(FileName),
}

impl Names {
    /// A directory that is durable as it is.
    pub(super) fn durable(names: Directory) -> Self {
        Self { live: names.clone(), durable: names, ..Self::default() }
    }

    /// Every file that has a name, or may have one after a power cut.
    pub(super) fn reachable(&self) -> BTreeSet<FileId> {
        let changed = self.unsynced.iter().filter_map(|(_, change)| match change {
            Change::Create(_, file) | Change::Rename(_, _, file) => Some(*file),
            Change::Remove(_) => None,
        });
        self.live.values().chain(self.durable.values()).copied().chain(changed).collect()
    }

    pub(super) fn live(&self) -> &Directory {
        &self.live
    }

    pub(super) fn unsynced(&self) -> &[(Sequence, Change)] {
        &self.unsynced
    }

    pub(super) fn change(&mut self, now: Sequence, change: Change) {
        change.apply(&mut self.live);
        self.unsynced.push((now, change));
    }

    pub(super) fn synced(&self) -> Sequence {
        self.synced
    }

    pub(super) fn sync(&mut self, now: Sequence) {
        self.synced = now;
        self.durable.clone_from(&self.live);
        self.unsynced.clear();
    }

    /// The directory as a power cut leaves it: `kept` says of each unsynced change whether it is found.
    pub(super) fn after_cut(&self, kept: impl Fn(usize) -> bool) -> Directory {
        let mut found = self.durable.clone();
        for (index, (_, change)) in self.unsynced.iter().enumerate() {
            if kept(index) {
                change.apply(&mut found);
            }
        }
        found
    }

    /// Adds a file whose name is durable already.
    pub(super) fn plant(&mut self, name: &FileName, file: FileId) {
        self.live.insert(name.clone(), file);
        self.durable.insert(name.clone(), file);
    }
}

impl Change {
    fn apply(&self, names: &mut Directory) {
        match self {
            Self::Create(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create(name, _) => write!(f, "the creation of {name}"),
            Self::Rename(from, to, _) => write!(f, "the renaming of {from} to {to}"),
            Self::Remove(name) => write!(f, "the removal of {name}"),
        }
    }
}
