//! One transaction with the bytes that it changed, as they were and as they became.

use std::time::Duration;

use rvm_log::{RecordView, Scanner, TxnId};
use rvm_storage::Storage;
use rvm_storage::widths::{narrow, wide};
#[cfg(doc)]
use rvm_txn::Error;
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

use super::archived::{self, stretch_of};
use super::before::{Before, Bytes, union};
use super::filter::Filter;
use super::transaction::{Found, Transaction};
use crate::archive::{ArchiveReader, SegmentArchive};

/// A transaction and its changes.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Detail {
    /// What its records tell of it.
    pub transaction: Transaction,
    /// Whether recovery drops it: it hangs on something that is not there. While the store is in use it may be a commit under way.
    pub is_dropped: bool,
    /// The declared ranges with their bytes, in the order in which they were declared in each segment, as many as were asked for.
    pub changes: Vec<Change>,
    /// How many ranges there are that were left out of `changes`, since their bytes are more than was asked for.
    pub changes_left_out: u64,
}

/// A declared range.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The segment.
    pub segment: String,
    /// Where it starts there.
    pub offset: u64,
    /// Its bytes before the transaction.
    pub old: Bytes,
    /// Its bytes since.
    pub new: Vec<u8>,
}

impl Change {
    /// How many of its bytes are other than before; `None` if some of those before are not known.
    #[must_use]
    pub fn changed_bytes(&self) -> Option<u64> {
        let old = self.old.all()?;
        Some(wide(old.iter().zip(&self.new).filter(|(old, new)| old != new).count()))
    }
}

/// The transaction of this id, with up to `bytes_max` of the bytes that it declared; `None` if neither a log nor an archive has it.
///
/// # Errors
/// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
pub fn detail(
    storage: &dyn Storage,
    id: u64,
    bytes_max: u64,
    wait: Duration,
) -> Result<Option<Detail>> {
    let view = View::take(storage, wait)?;
    let (mut found, mut changes, mut is_dropped) = (Vec::new(), Vec::new(), false);
    let (mut left, mut left_out) = (bytes_max, 0);
    for log in view.logs() {
        let mut scanner = log.records_between(log.head(), log.end());
        let Some((part, ranges)) = find(&log, &mut scanner, id, &mut left, &mut left_out)? else {
            continue;
        };
        let lsn = part.lsn();
        is_dropped |= lsn >= log.cut();
        let before = Before::read(storage, &log, &stretches_of(&ranges), lsn)?;
        changes.extend(changes_of(log.header().segment_name.as_str(), ranges, &before));
        found.push(part);
    }
    for name in SegmentArchive::names(storage)? {
        let Some(archive) = SegmentArchive::open(storage, &name)? else { continue };
        let mut reader = ArchiveReader::new(&archive).of_transactions(TxnId(id)..=TxnId(id));
        let Some(record) = reader.next()? else { continue };
        let lsn = record.header().lsn;
        let part = Found::of(name.as_str(), &record, &Filter::default());
        let ranges = copy_ranges(&record, &mut left, &mut left_out);
        let Some(log_id) = archive.stretches().get(reader.stretch()).map(|it| it.log_id) else {
            continue;
        };
        let log = view.log(&name).filter(|log| log.header().log_id == log_id);
        if log.is_some_and(|log| lsn >= log.head()) {
            // It was found there.
            continue;
        }
        let Some(stretch) = stretch_of(&archive, log_id, lsn) else { continue };
        let before = archived::before(&archive, stretch, &stretches_of(&ranges), lsn)?;
        changes.extend(changes_of(name.as_str(), ranges, &before));
        found.push(part);
    }
    changes.sort_by(|a, b| a.segment.cmp(&b.segment));
    let transaction = Transaction::of(id, found, &Filter::default());
    Ok(transaction.map(|transaction| Detail {
        transaction,
        is_dropped,
        changes,
        changes_left_out: left_out,
    }))
}

/// The ranges as starts and ends, sorted, without overlaps.
fn stretches_of(ranges: &Ranges) -> Vec<(u64, u64)> {
    let stretches = ranges.iter().map(|(offset, new)| (*offset, offset + wide(new.len())));
    union(stretches.collect())
}

fn changes_of(segment: &str, ranges: Ranges, before: &Before) -> impl Iterator<Item = Change> {
    ranges.into_iter().map(|(offset, new)| Change {
        segment: segment.to_owned(),
        offset,
        old: before.bytes(offset, offset + wide(new.len())),
        new,
    })
}

/// Where ranges start, and their bytes.
type Ranges = Vec<(u64, Vec<u8>)>;

/// The transaction's record in a log, with as many of its ranges as `left` allows for.
fn find(
    log: &LogView<'_>,
    scanner: &mut Scanner<'_>,
    id: u64,
    left: &mut u64,
    left_out: &mut u64,
) -> Result<Option<(Found, Ranges)>> {
    while let Some(record) = scanner.next()? {
        // They grow.
        if record.header().txn_id.0 > id {
            break;
        }
        if record.header().txn_id.0 == id {
            let part = Found::of(log.header().segment_name.as_str(), &record, &Filter::default());
            return Ok(Some((part, copy_ranges(&record, left, left_out))));
        }
    }
    Ok(None)
}

fn copy_ranges(record: &RecordView<'_>, left: &mut u64, left_out: &mut u64) -> Ranges {
    let mut ranges = Vec::new();
    for (offset, bytes) in record.ranges() {
        // An empty range takes memory, too.
        let cost = wide(bytes.len()).max(16);
        if *left_out > 0 || cost > (*left).max(16) || ranges.len() >= narrow(1 << 20) {
            *left_out += 1;
            continue;
        }
        *left = left.saturating_sub(cost);
        ranges.push((offset, bytes.to_vec()));
    }
    ranges
}
