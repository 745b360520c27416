//! What counts of a record.

use rvm_log::RecordView;
use rvm_storage::widths::wide;

use super::sizes::Sizes;

/// What counts of a record.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) transaction: u64,
    pub(super) commit_time: u64,
    pub(super) lazy: bool,
    pub(super) len: u64,
    pub(super) label: String,
    pub(super) ranges: u64,
    pub(super) range_bytes: u64,
    pub(super) range_lens: Sizes,
}

impl Summary {
    pub(super) fn of(record: &RecordView<'_>) -> Self {
        let header = record.header();
        let mut summary = Self {
            transaction: header.txn_id.0,
            commit_time: header.commit_time,
            lazy: header.is_lazy(),
            len: header.total_len.into(),
            label: String::from_utf8_lossy(record.label()).into_owned(),
            ranges: 0,
            range_bytes: 0,
            range_lens: Sizes::default(),
        };
        for (_, bytes) in record.ranges() {
            summary.ranges += 1;
            summary.range_bytes += wide(bytes.len());
            summary.range_lens.count(wide(bytes.len()));
        }
        summary
    }
}
