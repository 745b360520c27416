//! Puts lines back as segments. Nothing is written before all lines were read once, and the hash was right.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, FileName, FileRole, LockMode, LockScope, SegmentName, Storage};
use rvm_txn::{Config, Segment, Store};

use super::lines::{Event, Lines};
use crate::copy_error::{CopyError, Result};
use crate::observer::{Observer, Stage, advance};

/// How many bytes a transaction changes at most.
const TRANSACTION_LEN: usize = 256 << 10;

/// How text is put back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ImportPlan {
    /// Whether segments that are there already get the content of the text; otherwise that is refused. Default false.
    pub replace: bool,
    /// Whether all of it is checked and nothing is written. Default false.
    pub dry_run: bool,
}

/// What was imported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportReport {
    /// The segments, sorted by name.
    pub segments: Vec<ImportedSegment>,
    /// The last transaction of the store that they were exported from; `None` if that was not known.
    pub last_transaction: Option<u64>,
    /// How many transactions changed segments that were there.
    pub transactions: u64,
}

/// A segment that was imported.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ImportedSegment {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Whether it was there already.
    pub replaced: bool,
}

/// What can be read again from the start.
pub trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// Makes segments of exported text, in a store that nobody has open; `file` is what errors call the text.
///
/// New segments get their names when all of them are whole and on stable storage. With [`replace`](ImportPlan::replace) those that are there
/// already are changed afterwards, where they differ, in transactions of at most 256 KiB each: the store is recovered if that is
/// due, and such a segment is held in memory whole. Is that interrupted, part of it is changed; import again then.
///
/// # Errors
/// [`CopyError::Text`] with the line, [`CopyError::Unsupported`]; [`CopyError::SegmentExists`]; [`CopyError::WouldShrink`] if a segment that is there is
/// longer; [`Error::Locked`](rvm_txn::Error::Locked); [`CopyError::Stopped`]; I/O.
pub fn import(
    storage: Arc<dyn Storage>,
    text: &mut dyn Input,
    file: &str,
    plan: &ImportPlan,
    observer: &mut dyn Observer,
) -> Result<ImportReport> {
    let mut lines = Lines::begin(rewound(text, file)?, file)?;
    let (mut found, mut at) = (BTreeMap::new(), 0);
    while let Some(event) = lines.next()? {
        if let Event::Segment(name, len) = event {
            found.insert(name, len);
        }
        at += 1;
        advance(observer, Stage::Checking, at, 0)?;
    }
    let last_transaction = lines.last_transaction();
    drop(lines);
    let mut segments = Vec::new();
    for (name, len) in &found {
        let before = length_of(storage.as_ref(), name)?;
        match before {
            Some(_) if !plan.replace => {
                let (segment, store) = (name.to_string(), storage.location());
                return Err(CopyError::SegmentExists { segment, store });
            }
            Some(before) if before > *len => {
                let segment = name.to_string();
                return Err(CopyError::WouldShrink { segment, len: before, wanted: *len });
            }
            _ => {}
        }
        let replaced = before.is_some();
        segments.push(ImportedSegment { name: name.to_string(), len: *len, replaced });
    }
    let mut report = ImportReport { segments, last_transaction, transactions: 0 };
    if !plan.dry_run {
        let is_new = |name: &SegmentName| {
            let known = report.segments.iter().find(|segment| segment.name == name.as_str());
            known.is_some_and(|segment| !segment.replaced)
        };
        make(storage.as_ref(), Lines::begin(rewound(text, file)?, file)?, &is_new, observer)?;
        if report.segments.iter().any(|segment| segment.replaced) {
            let lines = Lines::begin(rewound(text, file)?, file)?;
            report.transactions = replace(storage, lines, &is_new, observer)?;
        }
    }
    Ok(report)
}

fn rewound<'a>(text: &'a mut dyn Input, file: &str) -> Result<BufReader<&'a mut dyn Input>> {
    text.seek(SeekFrom::Start(0)).map_err(|source| CopyError::File {
        operation: "read",
        path: file.to_owned(),
        source,
    })?;
    Ok(BufReader::new(text))
}

/// The length of a segment that is there. One that only has a log is damaged, and in the way all the same.
fn length_of(storage: &dyn Storage, name: &SegmentName) -> Result<Option<u64>> {
    let open = |role| match storage.open(&FileName::new(name, role)) {
        Err(error) if error.is_not_found() => Ok(None),
        opened => opened.map(Some),
    };
    match (open(FileRole::Segment)?, open(FileRole::Log)?) {
        (Some(blob), _) => Ok(Some(blob.len()?)),
        (None, log) => Ok(log.map(|_| 0)),
    }
}

type Text<'a> = Lines<BufReader<&'a mut dyn Input>>;

/// Makes the new segments: each under another name, then all get theirs.
fn make(
    storage: &dyn Storage,
    mut lines: Text<'_>,
    is_new: &dyn Fn(&SegmentName) -> bool,
    observer: &mut dyn Observer,
) -> Result<()> {
    let _owner = storage.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO)?;
    let mut made = Vec::new();
    let written = write_all(storage, &mut lines, is_new, observer, &mut made);
    if let Err(error) = written {
        for name in made {
            // What remains is garbage that the next opening removes.
            storage.remove(&FileName::new(&name, FileRole::NewSegment)).ok();
        }
        return Err(error);
    }
    for name in &made {
        let role = |role| FileName::new(name, role);
        storage.rename(&role(FileRole::NewSegment), &role(FileRole::Segment))?;
    }
    if !made.is_empty() {
        storage.sync_names()?;
    }
    Ok(())
}

fn write_all(
    storage: &dyn Storage,
    lines: &mut Text<'_>,
    is_new: &dyn Fn(&SegmentName) -> bool,
    observer: &mut dyn Observer,
    made: &mut Vec<SegmentName>,
) -> Result<()> {
    let (mut blob, mut done): (Option<Arc<dyn Blob>>, u64) = (None, 0);
    while let Some(event) = lines.next()? {
        match (event, &blob) {
            (Event::Segment(name, len), before) => {
                before.as_ref().map_or(Ok(()), |blob| blob.force())?;
                blob = if is_new(&name) {
                    let new = storage.create_anew(&FileName::new(&name, FileRole::NewSegment))?;
                    new.set_len(len)?;
                    made.push(name);
                    Some(new)
                } else {
                    None
                };
            }
            (Event::Row(at, bytes), Some(blob)) => {
                blob.write_at(at, &bytes)?;
                done += wide(bytes.len());
            }
            (Event::Row(..), None) => {}
        }
        advance(observer, Stage::Writing, done, 0)?;
    }
    Ok(blob.map_or(Ok(()), |blob| blob.force())?)
}

/// Changes the segments that are there where they differ; returns how many transactions that took.
fn replace(
    storage: Arc<dyn Storage>,
    mut lines: Text<'_>,
    is_new: &dyn Fn(&SegmentName) -> bool,
    observer: &mut dyn Observer,
) -> Result<u64> {
    let store = Store::open(storage, Config::default())?;
    let mut changing: Option<Changing<'_>> = None;
    let (mut transactions, mut done) = (0, 0);
    while let Some(event) = lines.next()? {
        match (event, &mut changing) {
            (Event::Segment(name, len), before) => {
                transactions += before.take().map_or(Ok(0), Changing::finish)?;
                if !is_new(&name) && len > 0 {
                    changing = Some(Changing::new(&store, &name, len)?);
                }
            }
            (Event::Row(at, bytes), Some(changing)) => {
                changing.set(at, &bytes)?;
                done += wide(bytes.len());
            }
            (Event::Row(..), None) => {}
        }
        advance(observer, Stage::Writing, done, 0)?;
    }
    transactions += changing.map_or(Ok(0), Changing::finish)?;
    store.close()?;
    Ok(transactions)
}

/// A segment that gets other content.
struct Changing<'a> {
    store: &'a Store,
    segment: Segment,
    /// The content from here on is still the old one.
    at: u64,
    /// What the content is to be from there on.
    wanted: Vec<u8>,
    transactions: u64,
}

impl<'a> Changing<'a> {
    fn new(store: &'a Store, name: &SegmentName, len: u64) -> Result<Self> {
        let segment = store.map(name.as_str(), len)?;
        Ok(Self { store, segment, at: 0, wanted: Vec::new(), transactions: 0 })
    }

    /// Zeros up to `at`, then these bytes.
    fn set(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.zeros_to(at)?;
        self.wanted.extend_from_slice(bytes);
        if self.wanted.len() >= TRANSACTION_LEN { self.commit() } else { Ok(()) }
    }

    fn zeros_to(&mut self, end: u64) -> Result<()> {
        loop {
            let left = end.saturating_sub(self.at + wide(self.wanted.len()));
            let room = TRANSACTION_LEN.saturating_sub(self.wanted.len());
            let more = narrow(left).min(room);
            self.wanted.resize(self.wanted.len() + more, 0);
            if self.wanted.len() >= TRANSACTION_LEN {
                self.commit()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Commits what differs of the bytes that are wanted.
    fn commit(&mut self) -> Result<()> {
        let mut txn = self.store.begin(&[&self.segment])?;
        let found = txn.read(&self.segment)?.get(narrow(self.at)..).unwrap_or_default();
        let pieces = self.wanted.chunks(PIECE_LEN).zip(found.chunks(PIECE_LEN)).enumerate();
        let differ = pieces.filter(|(_, (wanted, found))| !found.starts_with(wanted));
        let changes: Vec<_> =
            differ.map(|(number, (wanted, _))| (number * PIECE_LEN, wanted)).collect();
        for (start, wanted) in &changes {
            txn.write(&self.segment, self.at + wide(*start), wanted)?;
        }
        if changes.is_empty() {
            txn.abort()?;
        } else {
            txn.label("rvmctl import")?;
            txn.commit()?;
            self.transactions += 1;
        }
        self.at += wide(self.wanted.len());
        self.wanted.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<u64> {
        self.zeros_to(self.segment.len())?;
        self.commit()?;
        self.store.unmap(&self.segment)?;
        Ok(self.transactions)
    }
}

/// What is written where something in it differs, in bytes.
const PIECE_LEN: usize = 64;
