//! The files of a mount by number, as the kernel asks for them, and its open files.
//!
//! A number belongs to a file as long as the mount lasts, whatever its name: `FileStorage` tells by it whether a file is still the
//! one that it opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use rvm_core::rvm_storage::Blob;

/// The number of the directory itself.
pub(super) const ROOT: u64 = 1;

/// A file.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    /// `None` for a file aside, which has no bytes.
    pub(super) blob: Option<Arc<dyn Blob>>,
    /// False behind its removal: it lives as long as somebody has it open.
    pub(super) linked: bool,
}

/// An open file.
#[derive(Clone, Debug, Default)]
pub(super) struct Handle {
    /// It was opened with `O_DSYNC`, or `O_SYNC`.
    pub(super) data_sync: bool,
    /// What was written through it since the last force: offsets and lengths.
    pub(super) unforced: Vec<(u64, usize)>,
}

/// All of both.
#[derive(Debug, Default)]
pub(super) struct Inodes {
    names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Inode>,
    handles: BTreeMap<u64, Handle>,
    next_handle: u64,
}

impl Inodes {
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    pub(super) fn inode(&self, number: u64) -> Option<&Inode> {
        self.files.get(&number)
    }

    pub(super) fn insert(&mut self, name: &str, blob: Option<Arc<dyn Blob>>) -> u64 {
        let number = ROOT + 1 + self.files.len() as u64;
        self.files.insert(number, Inode { blob, linked: true });
        self.names.insert(name.to_owned(), number);
        number
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some(number) = self.names.remove(from) {
            self.names.insert(to.to_owned(), number);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        let number = self.names.remove(name);
        if let Some(inode) = number.and_then(|number| self.files.get_mut(&number)) {
            inode.linked = false;
        }
    }

    pub(super) fn open(&mut self, data_sync: bool) -> u64 {
        self.next_handle += 1;
        self.handles.insert(self.next_handle, Handle { data_sync, ..Handle::default() });
        self.next_handle
    }

    pub(super) fn handle(&mut self, number: u64) -> Option<&mut Handle> {
        self.handles.get_mut(&number)
    }

    pub(super) fn close(&mut self, number: u64) {
        self.handles.remove(&number);
    }
}
