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

    /// A name that the file has, may have or had.
    pub(super) fn any_of(&self, file: FileId) -> Option<&FileName> {
        let in_directories = self.live.iter().chain(&self.durable);
        let in_changes = self.unsynced.iter().filter_map(|(_, change)| match change {
            Change::Create(name, file) | Change::Rename(_, name, file) => Some((name, file)),
            Change::Remove(_) => None,
        });
        in_directories.chain(in_changes).find(|(_, found)| **found == file).map(|(name, _)| name)
    }

    /// Adds a file whose name is durable already, whatever becomes of the changes before.
    pub(super) fn plant(&mut self, now: Sequence, name: &FileName, file: FileId) {
        self.synced = now;
        self.unsynced.retain_mut(|(_, change)| change.forget(name));
        self.live.insert(name.clone(), file);
        self.durable.insert(name.clone(), file);
    }
}

impl Change {
    /// Leaves out what it does to `name`; false if nothing is left.
    fn forget(&mut self, name: &FileName) -> bool {
        match self {
            Self::Create(changed, _) | Self::Remove(changed) => changed != name,
            Self::Rename(from, to, file) if from == name => {
                *self = Self::Create(to.clone(), *file);
                true
            }
            Self::Rename(from, to, _) if to == name => {
                *self = Self::Remove(from.clone());
                true
            }
            Self::Rename(..) => true,
        }
    }

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
