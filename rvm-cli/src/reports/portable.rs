//! What `export`, `import` and `diff` print.

use rvm_core::rvm_history::compare::{Comparison, SegmentSummary, Side};
use rvm_core::rvm_history::portable::{ExportReport, ImportReport};
use serde::Serialize;

use super::copies::LengthFacts;

/// `export --to`.
#[derive(Debug, Serialize)]
pub(crate) struct ExportFacts {
    /// The store, or the backup.
    pub(crate) from: String,
    /// The file.
    pub(crate) to: String,
    /// The last transaction in it; null if that is not known.
    pub(crate) last_transaction: Option<u64>,
    /// Sorted by name.
    pub(crate) segments: Vec<LengthFacts>,
    /// How many lines the text has.
    pub(crate) lines: u64,
}

impl ExportFacts {
    /// Of what was exported.
    pub(crate) fn new(from: String, to: String, report: ExportReport) -> Self {
        let segments = report.segments.into_iter().map(|(name, len)| LengthFacts { name, len });
        let (last_transaction, lines) = (report.last_transaction, report.lines);
        Self { from, to, last_transaction, segments: segments.collect(), lines }
    }
}

/// `import`.
#[derive(Debug, Serialize)]
pub(crate) struct ImportFacts {
    pub(crate) store: String,
    pub(crate) dry_run: bool,
    /// The last transaction of the store that the text is of; null if that is not known.
    pub(crate) last_transaction: Option<u64>,
    /// Sorted by name.
    pub(crate) segments: Vec<ImportedFacts>,
    /// How many transactions changed segments that were there.
    pub(crate) transactions: u64,
}

/// A segment that was imported.
#[derive(Debug, Serialize)]
pub(crate) struct ImportedFacts {
    pub(crate) name: String,
    pub(crate) len: u64,
    /// Whether it was there already.
    pub(crate) replaced: bool,
}

impl ImportFacts {
    /// Of what was imported.
    pub(crate) fn new(store: String, dry_run: bool, report: ImportReport) -> Self {
        let segments = report.segments.into_iter().map(|segment| ImportedFacts {
            name: segment.name,
            len: segment.len,
            replaced: segment.replaced,
        });
        Self {
            store,
            dry_run,
            last_transaction: report.last_transaction,
            segments: segments.collect(),
            transactions: report.transactions,
        }
    }
}

/// `diff`.
#[derive(Debug, Serialize)]
pub(crate) struct DiffFacts {
    /// The one side.
    pub(crate) first: String,
    /// The other.
    pub(crate) second: String,
    /// Whether nothing differs.
    pub(crate) equal: bool,
    /// Segments that only the first has.
    pub(crate) only_in_first: Vec<String>,
    /// Segments that only the second has.
    pub(crate) only_in_second: Vec<String>,
    /// The segments that both sides have.
    pub(crate) segments: Vec<DiffSegment>,
    /// What differs, up to the limit.
    pub(crate) ranges: Vec<DifferingFacts>,
    /// How many more ranges there are.
    pub(crate) ranges_left_out: u64,
}

/// How much of a segment differs.
#[derive(Debug, Serialize)]
pub(crate) struct DiffSegment {
    pub(crate) name: String,
    /// Its length in the first, in bytes.
    pub(crate) first_len: u64,
    /// Its length in the second, in bytes.
    pub(crate) second_len: u64,
    /// How many ranges differ.
    pub(crate) ranges: u64,
    /// How many bytes differ.
    pub(crate) bytes: u64,
}

/// Bytes that differ.
#[derive(Debug, Serialize)]
pub(crate) struct DifferingFacts {
    pub(crate) segment: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// The bytes of the first side, in hexadecimal.
    pub(crate) first: String,
    /// Those of the second.
    pub(crate) second: String,
    /// The values that differ, if types were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<DifferingValue>,
}

/// A value that differs.
#[derive(Debug, Serialize)]
pub(crate) struct DifferingValue {
    pub(crate) offset: u64,
    /// The type of the value.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The value of the first side.
    pub(crate) first: String,
    /// That of the second.
    pub(crate) second: String,
}

impl DiffFacts {
    /// Of a comparison, whose ranges were gathered on the way.
    pub(crate) fn new(
        first: String,
        second: String,
        found: Comparison,
        ranges: Vec<DifferingFacts>,
    ) -> Self {
        let equal = found.is_equal();
        let only = |wanted| {
            let names = found.only.iter().filter(move |(_, side)| *side == wanted);
            names.map(|(name, _)| name.clone()).collect()
        };
        let (only_in_first, only_in_second) = (only(Side::First), only(Side::Second));
        let all: u64 = found.segments.iter().map(|segment| segment.ranges).sum();
        let told = rvm_core::rvm_storage::widths::wide(ranges.len());
        let segments = found.segments.into_iter().map(DiffSegment::from).collect();
        let ranges_left_out = all.saturating_sub(told);
        Self {
            first,
            second,
            equal,
            only_in_first,
            only_in_second,
            segments,
            ranges,
            ranges_left_out,
        }
    }
}

impl From<SegmentSummary> for DiffSegment {
    fn from(segment: SegmentSummary) -> Self {
        let SegmentSummary { name, first_len, second_len, ranges, bytes, .. } = segment;
        Self { name, first_len, second_len, ranges, bytes }
    }
}
