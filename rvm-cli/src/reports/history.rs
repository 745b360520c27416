//! What `log`, `blame` and `dump` print as JSON.

use rvm_core::rvm_history::history::{Blame, Bytes, Change, Detail, Part, Transaction};
use rvm_core::rvm_history::typed::{RecordLayout, Value};
use serde::Serialize;

use crate::sizes::to_hex;
use crate::timestamps::rfc3339;

/// `log ls`.
#[derive(Debug, Serialize)]
pub(crate) struct TransactionsReport {
    pub(crate) store: String,
    /// The committed ones, in order.
    pub(crate) transactions: Vec<TransactionFacts>,
    /// What hangs on something that is not there: recovery drops it. In a store that is in use it may be a commit under way.
    pub(crate) dropped: Vec<TransactionFacts>,
}

/// A transaction: a line of `log tail`, and a part of the others.
#[derive(Debug, Serialize)]
pub(crate) struct TransactionFacts {
    pub(crate) transaction: u64,
    /// When it was committed, by the clock of the machine.
    pub(crate) commit_time: String,
    pub(crate) commit_time_nanos: u64,
    /// Whether it was committed lazily.
    pub(crate) lazy: bool,
    pub(crate) label: String,
    /// Bytes of all ranges, overlaps counted as often as declared.
    pub(crate) range_bytes: u64,
    /// What it changed, segment by segment.
    pub(crate) parts: Vec<PartFacts>,
    /// How many more segments it changed, whose part is not in a log any more.
    pub(crate) folded_parts: u64,
}

/// What a transaction changed in one segment.
#[derive(Debug, Serialize)]
pub(crate) struct PartFacts {
    pub(crate) segment: String,
    pub(crate) lsn: u64,
    pub(crate) len: u64,
    /// How many ranges.
    pub(crate) range_count: u64,
    /// The bytes in them.
    pub(crate) range_bytes: u64,
    /// The first 4096.
    pub(crate) ranges: Vec<super::RangeFacts>,
    /// How many segments it depends on without having changed them.
    pub(crate) dependencies: u64,
}

/// A line of `log tail` about what was not seen.
#[derive(Debug, Serialize)]
pub(crate) struct MissedFacts {
    /// How many transactions were folded away unseen, at most.
    pub(crate) missed_at_most: u64,
}

impl From<&Transaction> for TransactionFacts {
    fn from(transaction: &Transaction) -> Self {
        Self {
            transaction: transaction.id,
            commit_time: rfc3339(transaction.commit_time),
            commit_time_nanos: transaction.commit_time,
            lazy: transaction.lazy,
            label: transaction.label.clone(),
            range_bytes: transaction.range_bytes(),
            parts: transaction.parts.iter().map(PartFacts::from).collect(),
            folded_parts: transaction.folded_parts,
        }
    }
}

impl From<&Part> for PartFacts {
    fn from(part: &Part) -> Self {
        let ranges = part.ranges.iter();
        Self {
            segment: part.segment.clone(),
            lsn: part.lsn,
            len: part.len,
            range_count: part.range_count,
            range_bytes: part.range_bytes,
            ranges: ranges
                .map(|(offset, len)| super::RangeFacts { offset: *offset, len: *len })
                .collect(),
            dependencies: part.dependencies,
        }
    }
}

/// `log show`.
#[derive(Debug, Serialize)]
pub(crate) struct ShowReport {
    pub(crate) store: String,
    #[serde(flatten)]
    pub(crate) transaction: TransactionFacts,
    /// Whether recovery drops it, or it is under way.
    pub(crate) dropped: bool,
    /// Null without --diff.
    pub(crate) changes: Option<Vec<ChangeFacts>>,
    /// Ranges that are more than --limit.
    pub(crate) changes_left_out: u64,
}

/// A range that was changed.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeFacts {
    pub(crate) segment: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Two hexadecimal digits for each byte; null if some are not known.
    pub(crate) old: Option<String>,
    /// As `old`, with `??` for each byte that is not known.
    pub(crate) old_as_known: String,
    /// The bytes that were written, two hexadecimal digits each.
    pub(crate) new: String,
    /// How many bytes differ; null if some of the old are not known.
    pub(crate) changed_bytes: Option<u64>,
    /// The values, if types were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Vec<FieldFacts>>,
}

/// A field of a change.
#[derive(Debug, Serialize)]
pub(crate) struct FieldFacts {
    pub(crate) offset: u64,
    /// The type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Null if it is not known.
    pub(crate) old: Option<ValueFacts>,
    /// The value that was written.
    pub(crate) new: ValueFacts,
}

/// A value: a number if JSON has one for it, else a text.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ValueFacts {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
}

impl From<Value> for ValueFacts {
    fn from(value: Value) -> Self {
        match value {
            Value::Unsigned(number) => Self::Unsigned(number),
            Value::Signed(number) => Self::Signed(number),
            Value::F32(number) if number.is_finite() => Self::Float(number.into()),
            Value::F64(number) if number.is_finite() => Self::Float(number),
            Value::Text(text) | Value::Hex(text) => Self::Text(text),
            other => Self::Text(other.to_string()),
        }
    }
}

impl ShowReport {
    /// What is known of a transaction.
    pub(crate) fn new(
        store: String,
        detail: &Detail,
        layout: Option<&RecordLayout>,
        diff: bool,
    ) -> Self {
        let change = |change: &Change| ChangeFacts::new(change, layout);
        Self {
            store,
            transaction: TransactionFacts::from(&detail.transaction),
            dropped: detail.is_dropped,
            changes: diff.then(|| detail.changes.iter().map(change).collect()),
            changes_left_out: if diff { detail.changes_left_out } else { 0 },
        }
    }
}

impl ChangeFacts {
    fn new(change: &Change, layout: Option<&RecordLayout>) -> Self {
        let fields = layout.map(|layout| {
            let fields = layout.fields(change.offset, change.new.len());
            let facts = fields.map(|field| FieldFacts {
                offset: change.offset + u64::try_from(field.start).unwrap_or(u64::MAX),
                kind: field.kind.to_string(),
                old: change
                    .old
                    .between(field.start, field.end)
                    .map(|old| field.kind.value(old).into()),
                new: field
                    .kind
                    .value(change.new.get(field.start..field.end).unwrap_or_default())
                    .into(),
            });
            facts.collect()
        });
        Self {
            segment: change.segment.clone(),
            offset: change.offset,
            len: u64::try_from(change.new.len()).unwrap_or(u64::MAX),
            old: change.old.all().map(to_hex),
            old_as_known: hex_as_known(&change.old),
            new: to_hex(&change.new),
            changed_bytes: change.changed_bytes(),
            fields,
        }
    }
}

fn hex_as_known(bytes: &Bytes) -> String {
    let digits = |byte: Option<u8>| byte.map_or_else(|| "??".to_owned(), |byte| to_hex(&[byte]));
    bytes.iter().map(digits).collect()
}

/// `blame`.
#[derive(Debug, Serialize)]
pub(crate) struct BlameReport {
    pub(crate) store: String,
    pub(crate) segment: String,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Newest first.
    pub(crate) writes: Vec<WriteFacts>,
    /// More transactions than --limit, older than these.
    pub(crate) older_writes: u64,
    /// What was there before them.
    pub(crate) base: BaseFacts,
}

/// A transaction that wrote some of the bytes.
#[derive(Debug, Serialize)]
pub(crate) struct WriteFacts {
    pub(crate) transaction: u64,
    pub(crate) lsn: u64,
    /// When it was committed, by the clock of the machine.
    pub(crate) commit_time: String,
    pub(crate) commit_time_nanos: u64,
    /// Whether it was committed lazily.
    pub(crate) lazy: bool,
    pub(crate) label: String,
    /// What it wrote of them.
    pub(crate) pieces: Vec<PieceFacts>,
}

/// Bytes that were written.
#[derive(Debug, Serialize)]
pub(crate) struct PieceFacts {
    pub(crate) offset: u64,
    /// The bytes, two hexadecimal digits each.
    pub(crate) bytes: String,
    /// The values, if types were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<ValueFacts>>,
}

/// What was there before.
#[derive(Debug, Serialize)]
pub(crate) struct BaseFacts {
    /// Whether this is the state with which the segment's archive begins; else it is that of its file.
    pub(crate) archived: bool,
    /// The oldest transaction that is known; null if there is none.
    pub(crate) before_transaction: Option<u64>,
    /// Where that starts.
    pub(crate) before_lsn: Option<u64>,
    /// Null if some of the bytes are not known.
    pub(crate) bytes: Option<String>,
    /// With `??` for each byte that is not known.
    pub(crate) bytes_as_known: String,
    /// The values, if types were given; null where one is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<Option<ValueFacts>>>,
}

impl BlameReport {
    /// What is known of the bytes at `offset`.
    pub(crate) fn new(
        store: String,
        segment: String,
        (offset, len): (u64, u64),
        blame: &Blame,
        layout: Option<&RecordLayout>,
    ) -> Self {
        let piece = |at: u64, bytes: &[u8]| PieceFacts {
            offset: at,
            bytes: to_hex(bytes),
            values: layout.map(|layout| {
                let fields = layout.fields(at, bytes.len());
                let value = |range| bytes.get(range).unwrap_or_default();
                fields.map(|field| field.kind.value(value(field.start..field.end)).into()).collect()
            }),
        };
        let writes = blame.writes.iter().map(|write| WriteFacts {
            transaction: write.transaction,
            lsn: write.lsn,
            commit_time: rfc3339(write.commit_time),
            commit_time_nanos: write.commit_time,
            lazy: write.lazy,
            label: write.label.clone(),
            pieces: write.pieces.iter().map(|found| piece(found.offset, &found.bytes)).collect(),
        });
        let base = &blame.base;
        let base = BaseFacts {
            archived: base.is_archived,
            before_transaction: base.first_record.map(|(id, _)| id),
            before_lsn: base.first_record.map(|(_, lsn)| lsn),
            bytes: base.bytes.all().map(to_hex),
            bytes_as_known: hex_as_known(&base.bytes),
            values: layout.map(|layout| {
                let fields = layout.fields(offset, base.bytes.len());
                let known = |start, end| base.bytes.between(start, end);
                fields
                    .map(|field| {
                        known(field.start, field.end).map(|bytes| field.kind.value(bytes).into())
                    })
                    .collect()
            }),
        };
        Self {
            store,
            segment,
            offset,
            len,
            writes: writes.collect(),
            older_writes: blame.older_writes,
            base,
        }
    }
}

/// `dump`.
#[derive(Debug, Serialize)]
pub(crate) struct DumpReport {
    pub(crate) segment: String,
    /// The length of the segment in bytes.
    pub(crate) segment_len: u64,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Rows that are as the one before are left out.
    pub(crate) rows: Vec<DumpRow>,
}

/// A row of `dump`.
#[derive(Debug, Serialize)]
pub(crate) struct DumpRow {
    pub(crate) offset: u64,
    /// The bytes, two hexadecimal digits each.
    pub(crate) hex: String,
    /// The values, if types were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<ValueFacts>>,
}
