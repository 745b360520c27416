//! What bytes were before a transaction, as far as the log and the segment's file tell.
//!
//! The file has the state at the log's head, but where a fold is under way or was interrupted: that may have put there what any record between
//! the head and [`synced`](rvm_log::LogHeader::synced) says, since the header vouches for records before they are applied. So a byte of the
//! file that such a record covers is not known to be old, unless an archive has it.

use rvm_log::{LogError, Lsn};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, Storage, StorageError};
use rvm_txn::Result;
use rvm_txn::inspect::LogView;

use super::archived;

/// Bytes of which some may be unknown.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    unknown: Vec<bool>,
}

impl Bytes {
    /// Bytes that are all known.
    #[must_use]
    pub fn known(bytes: Vec<u8>) -> Self {
        let unknown = vec![false; bytes.len()];
        Self { bytes, unknown }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Each byte; `None` if it is not known.
    pub fn iter(&self) -> impl Iterator<Item = Option<u8>> {
        self.bytes.iter().zip(&self.unknown).map(|(byte, unknown)| (!unknown).then_some(*byte))
    }

    /// All of them, if all are known.
    #[must_use]
    pub fn all(&self) -> Option<&[u8]> {
        self.unknown.iter().all(|unknown| !unknown).then_some(&self.bytes)
    }

    /// Those from one position to another, if all of them are known.
    #[must_use]
    pub fn between(&self, start: usize, end: usize) -> Option<&[u8]> {
        let unknown = self.unknown.get(start..end)?;
        if unknown.contains(&true) { None } else { self.bytes.get(start..end) }
    }
}

/// Stretches of a segment that do not overlap, as they were at some position of the log.
pub(super) struct Before {
    stretches: Vec<Stretch>,
}

struct Stretch {
    start: u64,
    bytes: Vec<u8>,
    from: Vec<Origin>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The file, where nothing else may have been written since the log's head.
    File,
    /// The file, where a fold may have written something newer.
    FileOrFold,
    /// A record.
    Log,
}

impl Before {
    /// The bytes of these stretches of the log's segment before the record at `until`. Each has a start and an end; they are sorted and do
    /// not overlap.
    pub(super) fn read(
        storage: &dyn Storage,
        log: &LogView<'_>,
        stretches: &[(u64, u64)],
        until: Lsn,
    ) -> Result<Self> {
        let name = &log.header().segment_name;
        let blob = storage.open(&FileName::new(name, FileRole::Segment))?;
        let mut before = Self { stretches: Vec::new() };
        for (start, end) in stretches {
            let mut bytes = zeros(narrow(end - start), blob.location())?;
            blob.read_at(*start, &mut bytes)?;
            let from = vec![Origin::File; bytes.len()];
            before.stretches.push(Stretch { start: *start, bytes, from });
        }
        let to = until.max(log.header().synced).min(log.cut());
        let mut scanner = log.records_between(log.head(), to);
        while let Some(record) = scanner.next()? {
            // One that is not older lies below what the header vouches for.
            let is_older = record.header().lsn < until;
            for (offset, bytes) in record.ranges() {
                before.put(offset, bytes, is_older);
            }
        }
        scanner.verdict()?;
        if before.is_known() {
            return Ok(before);
        }
        let Some((archive, stretch)) = archived::up_to_head(storage, log)? else {
            return Ok(before);
        };
        let mut before = archived::before(&archive, &stretch, stretches, log.head())?;
        let mut scanner = log.records_between(log.head(), until);
        while let Some(record) = scanner.next()? {
            for (offset, bytes) in record.ranges() {
                before.put_older(offset, bytes);
            }
        }
        Ok(before)
    }

    /// Zeros, all known.
    pub(super) fn zeros(stretches: &[(u64, u64)], path: &str) -> Result<Self> {
        Self::filled(stretches, path, Origin::File)
    }

    /// Bytes that are not known until something is put there.
    pub(super) fn unknown(stretches: &[(u64, u64)], path: &str) -> Result<Self> {
        Self::filled(stretches, path, Origin::FileOrFold)
    }

    fn filled(stretches: &[(u64, u64)], path: &str, origin: Origin) -> Result<Self> {
        let mut filled = Self { stretches: Vec::new() };
        for (start, end) in stretches {
            let bytes = zeros(narrow(end - start), path)?;
            let from = vec![origin; bytes.len()];
            filled.stretches.push(Stretch { start: *start, bytes, from });
        }
        Ok(filled)
    }

    fn is_known(&self) -> bool {
        self.stretches.iter().all(|stretch| !stretch.from.contains(&Origin::FileOrFold))
    }

    /// Puts something there that is older than what is asked about.
    pub(super) fn put_older(&mut self, offset: u64, bytes: &[u8]) {
        self.put(offset, bytes, true);
    }

    fn put(&mut self, offset: u64, bytes: &[u8], is_older: bool) {
        let end = offset.saturating_add(wide(bytes.len()));
        let first = self.stretches.partition_point(|stretch| stretch.end() <= offset);
        for stretch in self.stretches.iter_mut().skip(first) {
            if stretch.start >= end {
                break;
            }
            let (from, to) = (offset.max(stretch.start), end.min(stretch.end()));
            let place = narrow(from - stretch.start)..narrow(to - stretch.start);
            let source = narrow(from - offset)..narrow(to - offset);
            let origins = stretch.from.get_mut(place.clone()).unwrap_or_default();
            if is_older {
                let target = stretch.bytes.get_mut(place).unwrap_or_default();
                target.copy_from_slice(bytes.get(source).unwrap_or_default());
                origins.fill(Origin::Log);
            } else {
                let files = origins.iter_mut().filter(|origin| **origin == Origin::File);
                files.for_each(|origin| *origin = Origin::FileOrFold);
            }
        }
    }

    /// What the bytes from `start` to `end` were, which lie in one stretch.
    pub(super) fn bytes(&self, start: u64, end: u64) -> Bytes {
        let first = self.stretches.partition_point(|stretch| stretch.end() <= start);
        let found = self.stretches.get(first).and_then(|stretch| {
            let place = narrow(start.checked_sub(stretch.start)?)..narrow(end - stretch.start);
            let unknown = stretch.from.get(place.clone())?.iter();
            let unknown = unknown.map(|origin| *origin == Origin::FileOrFold).collect();
            Some(Bytes { bytes: stretch.bytes.get(place)?.to_vec(), unknown })
        });
        found.unwrap_or_default()
    }
}

impl Stretch {
    fn end(&self) -> u64 {
        self.start + wide(self.bytes.len())
    }
}

/// So many zeros, or an error where there is no memory for them.
pub(super) fn zeros(len: usize, path: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| {
        LogError::Storage(StorageError::Io {
            operation: "find the memory to read",
            path: path.to_owned(),
            offset: None,
            source: std::io::ErrorKind::OutOfMemory.into(),
        })
    })?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// The union of ranges, sorted, as starts and ends.
pub(super) fn union(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.retain(|(start, end)| start < end);
    ranges.sort_unstable();
    let mut union: Vec<(u64, u64)> = Vec::new();
    for (start, end) in ranges {
        match union.last_mut() {
            Some(last) if last.1 >= start => last.1 = last.1.max(end),
            _ => union.push((start, end)),
        }
    }
    union
}
