//! Archives: a store's history beyond truncation, and copies of it as it was, against a model that remembers every state.

mod crashes;
mod faults;
mod history;
mod hostile;
mod switching;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_history::archive::{ArchiveReader, SegmentArchive};
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::observer::Unobserved;
use rvm_core::rvm_history::point_in_time::{Until, point_in_time};
use rvm_core::rvm_log::TxnId;
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Rvm, Segment};

const WAIT: Duration = Duration::from_secs(10);

/// The bytes of all segments.
type State = BTreeMap<String, Vec<u8>>;

fn segment_name(name: &str) -> SegmentName {
    SegmentName::new(name).unwrap()
}

fn archive_file(name: &str) -> FileName {
    FileName::new(&segment_name(name), FileRole::Archive)
}

fn archive(storage: &dyn Storage, name: &str) -> SegmentArchive {
    SegmentArchive::open(storage, &segment_name(name)).unwrap().unwrap()
}

fn open(storage: Arc<dyn Storage>) -> rvm_core::Result<Rvm> {
    let options = Rvm::options().background(false).helpers(0);
    options.log_capacity_initial(32 << 10).log_capacity_max(32 << 10).open_with(storage)
}

/// Another storage with the same files.
fn copy_of(storage: &MemStorage) -> MemStorage {
    let copy = MemStorage::new();
    for name in storage.list().unwrap() {
        copy.replace_file(&name, storage.read_file(&name).unwrap());
    }
    copy
}

/// The segments of a store as they were after transaction `until`.
fn copied(storage: &dyn Storage, until: u64) -> Result<State, CopyError> {
    let copy = MemStorage::new();
    point_in_time(storage, Until::Transaction(TxnId(until)), &copy, WAIT, &mut Unobserved)?;
    let files = copy.crash();
    let names = files.list()?;
    assert!(names.iter().all(|name| name.role() == FileRole::Segment), "{names:?}");
    let read = |name: &FileName| (name.segment().to_string(), files.read_file(name).unwrap());
    Ok(names.iter().map(read).collect())
}

/// The transactions of the records in a segment's archive.
fn archived(archive: &SegmentArchive) -> Vec<u64> {
    let (mut reader, mut found) = (ArchiveReader::new(archive), Vec::new());
    while let Some(record) = reader.next().unwrap() {
        found.push(record.header().txn_id.0);
    }
    found
}

/// A store, and all states that it had.
struct World {
    rvm: Rvm,
    segments: BTreeMap<String, Segment>,
    now: State,
    /// The state after each transaction, those segments included that were made before the next one.
    then: BTreeMap<u64, State>,
}

impl World {
    fn new(rvm: Rvm) -> Self {
        let then = BTreeMap::from([(0, State::new())]);
        Self { rvm, segments: BTreeMap::new(), now: State::new(), then }
    }

    fn last(&self) -> u64 {
        *self.then.last_key_value().unwrap().0
    }

    /// The state after transaction `until`.
    fn state(&self, until: u64) -> &State {
        self.then.range(..=until).next_back().unwrap().1
    }

    fn note(&mut self) {
        self.then.insert(self.last(), self.now.clone());
    }

    /// Makes a segment, or extends it.
    fn map(&mut self, name: &str, len: usize) -> rvm_core::Result<()> {
        if let Some(segment) = self.segments.remove(name) {
            self.rvm.unmap(&segment)?;
        }
        let segment = self.rvm.map(name, len as u64)?;
        self.segments.insert(name.to_owned(), segment);
        self.now.entry(name.to_owned()).or_default().resize(len, 0);
        self.note();
        Ok(())
    }

    fn destroy(&mut self, name: &str) -> rvm_core::Result<()> {
        if let Some(segment) = self.segments.remove(name) {
            self.rvm.unmap(&segment)?;
        }
        self.rvm.destroy(name)?;
        self.now.remove(name);
        self.note();
        Ok(())
    }

    /// One transaction that writes these bytes to these segments.
    fn write(&mut self, writes: &[(&str, usize, &[u8])]) -> rvm_core::Result<()> {
        let handles: Vec<&Segment> =
            writes.iter().map(|(name, ..)| &self.segments[*name]).collect();
        let mut txn = self.rvm.begin(&handles)?;
        for (name, offset, bytes) in writes {
            txn.write(&self.segments[*name], *offset as u64, bytes)?;
        }
        let id = txn.commit()?.transaction_id();
        for (name, offset, bytes) in writes {
            let segment = self.now.get_mut(*name).unwrap();
            segment[*offset..*offset + bytes.len()].copy_from_slice(bytes);
        }
        self.then.insert(id, self.now.clone());
        Ok(())
    }
}
