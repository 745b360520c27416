//! The committed bytes of a store at one moment, read where they are: nothing is copied that nobody asks for.
//!
//! What a segment's file lacks is in its log. A snapshot keeps where each of those bytes lies in the log, and reads them from there. Truncation
//! may be writing some of them to the file meanwhile, which does not show: they come from the log in any case, and nothing else is written
//! to a segment's file while a [`View`] lives.

mod chunks;
mod overlay;

use std::sync::Arc;
use std::time::Duration;

use rvm_log::{Lsn, TxnId};
use rvm_storage::holes::next_data;
use rvm_storage::locks::Mutex;
use rvm_storage::widths::wide;
use rvm_storage::{Blob, FileName, FileRole, SegmentName, Storage};
use rvm_txn::inspect::View;
use rvm_txn::{Error, Result};

pub use chunks::{Chunk, Chunks};
use overlay::Overlay;

/// The committed bytes of a store at one moment, for reading.
///
/// It is consistent over all segments, also while another process commits to the store. It costs that process nothing until a log is full:
/// as long as a snapshot lives no log is truncated. A commit that needs the space waits up to 10 s, and then fails with
/// [`Error::LayoutBusy`]; so on a store that is written to, a snapshot should live for seconds at most. Its memory is bounded, whatever the
/// logs hold: some 100 MiB for each segment that is read, and seldom more than a few.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rvm_history::Snapshot;
/// use rvm_storage::MemStorage;
/// use rvm_txn::{Config, Store};
///
/// let storage = MemStorage::new();
/// let store = Store::open(Arc::new(storage.clone()), Config::default())?;
/// let notes = store.map("notes", 4096)?;
/// let mut txn = store.begin(&[&notes])?;
/// txn.write(&notes, 8, b"kept")?;
/// txn.commit()?;
///
/// let snapshot = Snapshot::take(&storage, Duration::from_secs(10))?;
/// let mut bytes = [0; 4];
/// snapshot.read_at("notes", 8, &mut bytes)?;
/// assert_eq!(&bytes, b"kept");
/// # Ok::<(), rvm_txn::Error>(())
/// ```
#[derive(Debug)]
pub struct Snapshot {
    location: String,
    segments: Vec<Held>,
    view: View,
}

/// A segment of a snapshot.
#[derive(Debug)]
struct Held {
    name: SegmentName,
    blob: Arc<dyn Blob>,
    len: u64,
    overlay: Mutex<Overlay>,
}

impl Snapshot {
    /// Takes it. Waits up to `wait` for the store's files to keep still. Nothing is written. Reads the logs, and no segment.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let view = View::take(storage, wait)?;
        let hold = |name: &SegmentName| {
            let blob = storage.open(&FileName::new(name, FileRole::Segment))?;
            let len = blob.len()?;
            Ok(Held { name: name.clone(), blob, len, overlay: Mutex::default() })
        };
        let segments = view.segments().iter().map(hold).collect::<Result<_>>()?;
        Ok(Self { location: storage.location(), segments, view })
    }

    /// The segments, sorted by name.
    #[must_use]
    pub fn segments(&self) -> &[SegmentName] {
        self.view.segments()
    }

    /// The length of a segment in bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn len(&self, segment: &str) -> Result<u64> {
        Ok(self.held(segment)?.len)
    }

    /// True if the store has no segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Up to where the segment's log is in the snapshot: behind its last committed record. `None` for a segment that was copied there and has
    /// no log yet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn lsn(&self, segment: &str) -> Result<Option<Lsn>> {
        let log = self.view.log(&self.held(segment)?.name);
        Ok(log.map(|log| log.cut()))
    }

    /// The highest transaction in the snapshot, or below it, as far as the logs know.
    #[must_use]
    pub fn last_txn_id(&self) -> TxnId {
        self.view.last_txn_id()
    }

    /// The logs behind it.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Fills `bytes` with what the segment has from `offset` on.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfRange`]; [`Error::Corrupt`] if the log changes bytes behind the segment's end; I/O.
    pub fn read_at(&self, segment: &str, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let held = self.held(segment)?;
        let end = offset.saturating_add(wide(bytes.len()));
        if end > held.len {
            let (segment, segment_len) = (segment.to_owned(), held.len);
            return Err(Error::OutOfRange { segment, start: offset, end, segment_len });
        }
        self.fill(held, offset, bytes)
    }

    /// The segment in chunks of `chunk_len` bytes, each at a multiple of that, the last one shorter perhaps. Chunks of zeros are left out, and
    /// holes of the file are not read: a segment of which little was ever written is gone through at once. A length of 0 counts as 1.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn chunks(&self, segment: &str, chunk_len: usize) -> Result<Chunks<'_>> {
        let held = self.held(segment)?;
        Ok(Chunks::new(self, held, (0, held.len), chunk_len))
    }

    /// As [`chunks`](Self::chunks), of the bytes from `start` to `end`; the first and the last chunk are cut to that.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfRange`].
    pub fn chunks_between(
        &self,
        segment: &str,
        (start, end): (u64, u64),
        chunk_len: usize,
    ) -> Result<Chunks<'_>> {
        let held = self.held(segment)?;
        if start > end || end > held.len {
            let (segment, segment_len) = (segment.to_owned(), held.len);
            return Err(Error::OutOfRange { segment, start, end, segment_len });
        }
        Ok(Chunks::new(self, held, (start, end), chunk_len))
    }

    fn held(&self, segment: &str) -> Result<&Held> {
        let found = self.segments.iter().find(|held| held.name.as_str() == segment);
        found.ok_or_else(|| Error::NotFound {
            segment: segment.to_owned(),
            store: self.location.clone(),
        })
    }

    fn fill(&self, held: &Held, offset: u64, bytes: &mut [u8]) -> Result<()> {
        held.blob.read_at(offset, bytes)?;
        match self.view.log(&held.name) {
            None => Ok(()),
            Some(log) => held.overlay.lock().put_over(&log, held.len, offset, bytes),
        }
    }

    /// The first byte from `offset` on that may be other than 0.
    fn next_data(&self, held: &Held, offset: u64) -> Result<Option<u64>> {
        let in_file = next_data(held.blob.as_ref(), offset, held.len)?;
        if in_file == Some(offset) {
            return Ok(in_file);
        }
        let Some(log) = self.view.log(&held.name) else { return Ok(in_file) };
        let in_log = held.overlay.lock().next_change(&log, held.len, offset)?;
        Ok(in_file.into_iter().chain(in_log).min())
    }
}
