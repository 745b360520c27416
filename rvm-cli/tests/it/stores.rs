//! Stores in the states that tests want: shut down cleanly, in use, crashed, damaged.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rvm_core::Rvm;
use tempfile::TempDir;

/// The length of the segments `a` and `b` of these stores.
pub(crate) const LEN: u64 = 4096;

/// A directory for stores.
pub(crate) fn parent() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Opens a store with the segments `a` and `b` and one transaction over both: `committed` at the start of `a`, 7 at the end of `b`.
pub(crate) fn open(directory: &Path) -> Rvm {
    let store = Rvm::open(directory).unwrap();
    let (a, b) = (store.map("a", LEN).unwrap(), store.map("b", LEN).unwrap());
    let mut txn = store.begin(&[&a, &b]).unwrap();
    txn.label("test\u{7}").unwrap();
    txn.write(&a, 0, b"committed").unwrap();
    txn.write(&b, LEN - 1, &[7]).unwrap();
    txn.commit().unwrap();
    store
}

/// Such a store, shut down cleanly.
pub(crate) fn clean(parent: &TempDir) -> PathBuf {
    let directory = parent.path().join("clean");
    open(&directory).close().unwrap();
    directory
}

/// Such a store as a crash leaves it: its files, copied while it was open.
pub(crate) fn crashed(parent: &TempDir) -> PathBuf {
    let directory = parent.path().join("crashed");
    let open_in = parent.path().join("was-open");
    let store = open(&open_in);
    copy_open(&store, &open_in, &directory);
    directory
}

/// Such a store as a crash leaves it, opened again and with three transactions of `a` in its log.
pub(crate) fn crashed_later(parent: &TempDir) -> PathBuf {
    let directory = parent.path().join("crashed-later");
    let open_in = parent.path().join("was-open");
    let store = open(&open_in);
    store.close().unwrap();
    let store = Rvm::open(&open_in).unwrap();
    let a = store.map("a", LEN).unwrap();
    for byte in 1..=3 {
        let mut txn = store.begin(&[&a]).unwrap();
        txn.label("later").unwrap();
        txn.write(&a, 100, &[byte]).unwrap();
        txn.commit().unwrap();
    }
    copy_open(&store, &open_in, &directory);
    directory
}

fn copy_open(store: &Rvm, from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for (name, bytes) in files(from) {
        write(&to.join(name), &bytes);
    }
    store.close().unwrap();
}

/// Such a store with both slots of the header of `a.log` damaged.
pub(crate) fn damaged(parent: &TempDir) -> PathBuf {
    const SLOT_LEN: u64 = 4096;
    let directory = clean(parent);
    let mut log = OpenOptions::new().write(true).open(directory.join("a.log")).unwrap();
    for slot in [0, SLOT_LEN] {
        log.seek(SeekFrom::Start(slot + 20)).unwrap();
        log.write_all(&[0xff; 8]).unwrap();
    }
    directory
}

/// The files of a directory.
pub(crate) fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.open(path).unwrap().write_all(bytes).unwrap();
}
