//! Transactions by label. How many labels a program uses is its affair, so only some are told apart.

use std::collections::HashMap;

use super::summary::Summary;

/// How many labels are told apart.
pub const LABELS_MAX: usize = 1_000;

/// The transactions of one label.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LabelStatistics {
    /// The label; bytes that are not UTF-8 are replaced. It may hold control characters.
    pub label: String,
    /// Transactions with it.
    pub transactions: u64,
    /// Bytes of their records.
    pub record_bytes: u64,
    /// Bytes in their ranges.
    pub range_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Labels {
    known: HashMap<String, LabelStatistics>,
    others: u64,
}

impl Labels {
    pub(super) fn add(&mut self, record: &Summary, first_of_transaction: bool) {
        let transactions = u64::from(first_of_transaction);
        if self.known.len() >= LABELS_MAX && !self.known.contains_key(&record.label) {
            self.others += transactions;
            return;
        }
        let label = self.known.entry(record.label.clone()).or_insert_with(|| LabelStatistics {
            label: record.label.clone(),
            transactions: 0,
            record_bytes: 0,
            range_bytes: 0,
        });
        label.transactions += transactions;
        label.record_bytes = label.record_bytes.saturating_add(record.len);
        label.range_bytes = label.range_bytes.saturating_add(record.range_bytes);
    }

    /// Most bytes first, and how many transactions had other labels.
    pub(super) fn sorted(self) -> (Vec<LabelStatistics>, u64) {
        let mut labels: Vec<_> = self.known.into_values().collect();
        labels.sort_by(|a, b| b.record_bytes.cmp(&a.record_bytes).then(a.label.cmp(&b.label)));
        (labels, self.others)
    }
}
