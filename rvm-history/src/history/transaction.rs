//! A transaction as its records tell it.

use rvm_log::{Lsn, RecordView};
use rvm_storage::widths::wide;

use super::filter::Filter;

/// How many ranges of a part are listed.
pub(super) const RANGES_MAX: usize = 1 << 12;

/// A transaction in the logs.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Transaction {
    /// Its id. They grow, and none is lower than that of a transaction that it depends on.
    pub id: u64,
    /// When it was committed, in nanoseconds since 1970, by the clock of the machine.
    pub commit_time: u64,
    /// Whether it was committed lazily.
    pub lazy: bool,
    /// Its label; bytes that are not UTF-8 are replaced. It may hold control characters.
    pub label: String,
    /// What it changed in each segment, sorted by their names.
    pub parts: Vec<Part>,
    /// How many more segments it changed, whose part is not in a log any more: it was folded, or the segment is gone.
    pub folded_parts: u64,
}

/// What a transaction changed in one segment: one record.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Part {
    /// The segment.
    pub segment: String,
    /// Where its record starts in the segment's log.
    pub lsn: u64,
    /// How long the record is.
    pub len: u64,
    /// Start and length of each declared range, in the order in which they were declared; the first 4096.
    pub ranges: Vec<(u64, u64)>,
    /// How many ranges there are.
    pub range_count: u64,
    /// Their bytes; overlaps count as often as they were declared.
    pub range_bytes: u64,
    /// How many segments it depends on without having changed them.
    pub dependencies: u64,
}

/// A record, copied.
pub(super) struct Found {
    part: Part,
    commit_time: u64,
    lazy: bool,
    label: String,
    participants: u64,
    is_wanted: bool,
}

impl Found {
    pub(super) fn of(segment: &str, record: &RecordView<'_>, filter: &Filter) -> Self {
        let header = record.header();
        let ranges = record.ranges().map(|(offset, bytes)| (offset, wide(bytes.len())));
        Self {
            part: Part {
                segment: segment.to_owned(),
                lsn: header.lsn.0,
                len: header.total_len.into(),
                ranges: ranges.take(RANGES_MAX).collect(),
                range_count: header.range_count.into(),
                range_bytes: record.data_len(),
                dependencies: header.dependency_count.into(),
            },
            commit_time: header.commit_time,
            lazy: header.is_lazy(),
            label: String::from_utf8_lossy(record.label()).into_owned(),
            participants: header.participant_count.into(),
            is_wanted: filter.takes_bytes(segment, record),
        }
    }

    pub(super) fn lsn(&self) -> Lsn {
        Lsn(self.part.lsn)
    }

    /// Behind the record.
    pub(super) fn end(&self) -> Lsn {
        Lsn(self.part.lsn).plus(self.part.len)
    }
}

impl Transaction {
    /// The transaction of these parts, if the filter lets it through. There is at least one.
    pub(super) fn of(id: u64, mut found: Vec<Found>, filter: &Filter) -> Option<Self> {
        if !found.iter().any(|part| part.is_wanted) {
            return None;
        }
        found.sort_unstable_by(|a, b| a.part.segment.cmp(&b.part.segment));
        let first = found.first()?;
        if !filter.takes_all(first.commit_time, &first.label) {
            return None;
        }
        let (commit_time, lazy, label) = (first.commit_time, first.lazy, first.label.clone());
        let folded_parts = (first.participants + 1).saturating_sub(wide(found.len()));
        let parts = found.into_iter().map(|found| found.part).collect();
        Some(Self { id, commit_time, lazy, label, parts, folded_parts })
    }

    /// The bytes that it declared, in all segments that are still known.
    #[must_use]
    pub fn range_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.range_bytes).sum()
    }

    /// The ranges that it declared, in all segments that are still known.
    #[must_use]
    pub fn range_count(&self) -> u64 {
        self.parts.iter().map(|part| part.range_count).sum()
    }
}
