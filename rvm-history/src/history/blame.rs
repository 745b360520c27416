//! Which transactions wrote some bytes, newest first, and what they were before.

use std::collections::VecDeque;
use std::time::Duration;

use rvm_log::{Lsn, RecordView};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};
use rvm_txn::inspect::View;
use rvm_txn::{Error, Result};

use super::archived;
use super::before::{Before, Bytes};
use super::overlap;

/// What the logs know of some bytes of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Blame {
    /// The length of the segment.
    pub segment_len: u64,
    /// The transactions that wrote any of the bytes, newest first, as many as were asked for.
    pub writes: Vec<Write>,
    /// How many older ones are not among them.
    pub older_writes: u64,
    /// What the bytes were before all transactions that the log and the archive hold.
    pub base: Base,
}

/// What a transaction wrote of the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Write {
    /// The transaction.
    pub transaction: u64,
    /// Where its record starts in the segment's log.
    pub lsn: u64,
    /// When it was committed, in nanoseconds since 1970, by the clock of the machine.
    pub commit_time: u64,
    /// Whether it was committed lazily.
    pub lazy: bool,
    /// Its label; bytes that are not UTF-8 are replaced. It may hold control characters.
    pub label: String,
    /// What it wrote, cut to the bytes that were asked for, in the order in which it was declared.
    pub pieces: Vec<Piece>,
}

/// Bytes that were written.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Piece {
    /// Where they start in the segment.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What was there before all that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Base {
    /// The bytes before the first record that is known.
    pub bytes: Bytes,
    /// The transaction of that record, and where it lies; `None` if there is none.
    pub first_record: Option<(u64, u64)>,
    /// Whether that record and these bytes are in the segment's archive. Else they are in its log and its file.
    pub is_archived: bool,
}

/// How much memory the writes may take, in bytes.
const MEMORY_MAX: usize = 64 << 20;

/// The transactions that wrote any of the bytes from `start` to `end` of a segment: the `newest` ones of them. Fewer, if their
/// bytes are more than 64 MiB.
///
/// # Errors
/// [`Error::NotFound`], [`Error::OutOfRange`]; [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
pub fn blame(
    storage: &dyn Storage,
    segment: &str,
    (start, end): (u64, u64),
    newest: usize,
    wait: Duration,
) -> Result<Blame> {
    let view = View::take(storage, wait)?;
    let name = SegmentName::new(segment)?;
    if !view.segments().contains(&name) {
        return Err(Error::NotFound { segment: segment.to_owned(), store: storage.location() });
    }
    let blob = storage.open(&FileName::new(&name, FileRole::Segment))?;
    let segment_len = blob.len()?;
    if start > end || end > segment_len {
        let segment = segment.to_owned();
        return Err(Error::OutOfRange { segment, start, end, segment_len });
    }
    let Some(log) = view.log(&name) else {
        let mut bytes = super::before::zeros(narrow(end - start), blob.location())?;
        blob.read_at(start, &mut bytes)?;
        let base = Base { bytes: Bytes::known(bytes), first_record: None, is_archived: false };
        return Ok(Blame { segment_len, writes: Vec::new(), older_writes: 0, base });
    };
    let archive = archived::up_to_head(storage, &log)?;
    let mut writes = Writes::new((start, end), newest);
    let before = match &archive {
        None => Before::read(storage, &log, &[(start, end)], log.head())?,
        Some((archive, stretch)) => {
            archived::records_below(archive, stretch, log.head(), |record| writes.add(record))?;
            archived::before(archive, stretch, &[(start, end)], Lsn(0))?
        }
    };
    let mut scanner = log.records(log.head());
    while let Some(record) = scanner.next()? {
        writes.add(&record);
    }
    scanner.verdict()?;
    let (bytes, first_record) = (before.bytes(start, end), writes.first);
    let base = Base { bytes, first_record, is_archived: archive.is_some() };
    let kept = writes.kept.into_iter().rev().collect();
    Ok(Blame { segment_len, writes: kept, older_writes: writes.older, base })
}

/// The newest writes of some bytes.
struct Writes {
    bounds: (u64, u64),
    newest: usize,
    kept: VecDeque<Write>,
    memory: usize,
    /// How many older ones are not kept.
    older: u64,
    /// The first record's transaction and position.
    first: Option<(u64, u64)>,
}

impl Writes {
    const fn new(bounds: (u64, u64), newest: usize) -> Self {
        Self { bounds, newest, kept: VecDeque::new(), memory: 0, older: 0, first: None }
    }

    fn add(&mut self, record: &RecordView<'_>) {
        let (header, bounds) = (record.header(), self.bounds);
        self.first.get_or_insert((header.txn_id.0, header.lsn.0));
        if !record.ranges().any(|(offset, bytes)| overlap(bounds, offset, bytes.len())) {
            return;
        }
        let write = Write::of(record, bounds);
        self.memory += write.memory_len();
        self.kept.push_back(write);
        while self.kept.len() > self.newest || (self.memory > MEMORY_MAX && self.kept.len() > 1) {
            self.memory -= self.kept.pop_front().map_or(0, |write| write.memory_len());
            self.older += 1;
        }
    }
}

impl Write {
    fn of(record: &RecordView<'_>, (start, end): (u64, u64)) -> Self {
        let header = record.header();
        let cut = |(offset, bytes): (u64, &[u8])| {
            let (from, to) = (offset.max(start), (offset + wide(bytes.len())).min(end));
            let cut = bytes.get(narrow(from - offset)..narrow(to - offset)).unwrap_or_default();
            Piece { offset: from, bytes: cut.to_vec() }
        };
        let inside = record.ranges().filter(|(at, bytes)| overlap((start, end), *at, bytes.len()));
        Self {
            transaction: header.txn_id.0,
            lsn: header.lsn.0,
            commit_time: header.commit_time,
            lazy: header.is_lazy(),
            label: String::from_utf8_lossy(record.label()).into_owned(),
            pieces: inside.map(cut).collect(),
        }
    }

    fn memory_len(&self) -> usize {
        let pieces = self.pieces.iter().map(|piece| size_of::<Piece>() + piece.bytes.len());
        size_of::<Self>() + self.label.len() + pieces.sum::<usize>()
    }
}
