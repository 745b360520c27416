//! What a store's files tell of its transactions, without its process: how many are in the logs, how large, how often, by label and segment.
//!
//! Only committed records count, and only those that are still in the logs: truncation folds the others into the segments.

mod labels;
mod sizes;
mod summary;

use std::time::Duration;

use rvm_storage::{FileName, FileRole, Storage};
#[cfg(doc)]
use rvm_txn::Error;
use rvm_txn::inspect::{LogView, View};
use rvm_txn::{Exposition, Metric, Published, Result};

use self::labels::Labels;
pub use self::labels::{LABELS_MAX, LabelStatistics};
pub use self::sizes::Sizes;
use self::summary::Summary;
use crate::feed::Feeds;

/// What is told of each segment.
type Figure = fn(&SegmentStatistics) -> u64;

/// What a store's process and its files tell.
///
/// ```
/// use std::time::Duration;
/// use rvm_history::statistics::Statistics;
/// use rvm_storage::FileStorage;
/// use rvm_txn::{Config, Store};
///
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path().join("store");
/// let store = Store::open(std::sync::Arc::new(FileStorage::open(&dir)?), Config::default())?;
/// let notes = store.map("notes", 4096)?;
/// let mut txn = store.begin(&[&notes])?;
/// txn.label("first")?;
/// txn.write(&notes, 0, b"kept")?;
/// txn.commit()?;
/// // Here or in another process:
/// let found = Statistics::take(&FileStorage::read_only(&dir)?, Duration::from_secs(1))?;
/// assert_eq!((found.logs.transactions, found.logs.range_bytes), (1, 4));
/// assert_eq!(found.logs.labels[0].label, "first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Statistics {
    /// What the process that has the store open tells, if it does; see `publish_stats`.
    pub published: Option<Published>,
    /// What the logs hold.
    pub logs: LogStatistics,
}

/// What the logs of a store hold.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct LogStatistics {
    /// Committed transactions; one over several segments counts once.
    pub transactions: u64,
    /// Those of them that were committed lazily.
    pub lazy_transactions: u64,
    /// The highest transaction that the logs know of, also if its records are gone.
    pub last_transaction: u64,
    /// When the first of them was committed, in nanoseconds since 1970 by the machine's clock.
    pub first_commit: Option<u64>,
    /// When the last was.
    pub last_commit: Option<u64>,
    /// Records: one for each transaction and segment.
    pub records: u64,
    /// Their bytes in the logs.
    pub record_bytes: u64,
    /// Ranges in them.
    pub ranges: u64,
    /// Bytes in those.
    pub range_bytes: u64,
    /// How many bytes records take.
    pub record_lens: Sizes,
    /// How many bytes ranges have.
    pub range_lens: Sizes,
    /// By label, most bytes first; those without a label are under the empty one.
    pub labels: Vec<LabelStatistics>,
    /// Transactions whose label was one too many: at most [`LABELS_MAX`] are told apart.
    pub other_labels: u64,
    /// By segment, sorted by name.
    pub segments: Vec<SegmentStatistics>,
}

/// What the log of one segment holds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentStatistics {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Bytes that its log can hold; 0 if it has none yet.
    pub capacity: u64,
    /// Where the log's live records start; positions never go back.
    pub head: u64,
    /// Behind the last committed record.
    pub end: u64,
    /// Committed records.
    pub records: u64,
    /// Their bytes in the log.
    pub record_bytes: u64,
    /// Ranges in them.
    pub ranges: u64,
    /// Bytes in those.
    pub range_bytes: u64,
}

impl Statistics {
    /// Reads what is published and all logs. Waits up to `wait` for the store's files to keep still. Nothing is written, and memory is bounded
    /// whatever the logs hold.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`], [`Error::Corrupt`], [`Error::NotStatistics`]; I/O.
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let published = Published::read(storage)?;
        Ok(Self { published, logs: LogStatistics::take(storage, wait)? })
    }

    /// All of it as metrics of Prometheus, in its text format. Every sample gets these labels.
    #[must_use]
    pub fn to_prometheus(&self, labels: &[(&str, &str)]) -> String {
        let mut metrics = Exposition::new(labels);
        if let Some(published) = &self.published {
            published.expose(&mut metrics);
        }
        self.logs.expose(&mut metrics);
        metrics.into_text()
    }
}

impl LogStatistics {
    /// As [`Statistics::take`], of the logs only.
    ///
    /// # Errors
    /// As [`Statistics::take`].
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let view = View::take(storage, wait)?;
        let mut all = Self { last_transaction: view.last_txn_id().0, ..Self::default() };
        for name in view.segments() {
            let len = storage.open(&FileName::new(name, FileRole::Segment))?.len()?;
            let log = view.log(name);
            all.segments.push(SegmentStatistics {
                name: name.to_string(),
                len,
                capacity: log.map_or(0, |log| log.header().ring.capacity()),
                head: log.map_or(0, |log| log.head().0),
                end: log.map_or(0, |log| log.cut().0),
                records: 0,
                record_bytes: 0,
                ranges: 0,
                range_bytes: 0,
            });
        }
        let mut labels = Labels::default();
        let every = |log: &LogView<'_>| (log.head(), log.cut());
        let mut feeds = Feeds::new(&view, every, |_, _, record| Summary::of(record))?;
        let names: Vec<_> = view.logs().map(|log| &log.header().segment_name).collect();
        let mut before = None;
        while let Some((place, summary)) = feeds.next()? {
            let segment = names.get(place).map_or("", |name| name.as_str());
            let first_of_transaction = before != Some(summary.transaction);
            before = Some(summary.transaction);
            all.add(&summary, first_of_transaction);
            labels.add(&summary, first_of_transaction);
            // They are sorted by name.
            let place = all.segments.binary_search_by(|found| found.name.as_str().cmp(segment));
            if let Some(segment) = place.ok().and_then(|place| all.segments.get_mut(place)) {
                segment.add(&summary);
            }
        }
        (all.labels, all.other_labels) = labels.sorted();
        Ok(all)
    }

    /// Commits in a second, from the first to the last; `None` if no time lies between them.
    #[must_use]
    pub fn commits_per_second(&self) -> Option<f64> {
        let nanos = self.last_commit?.checked_sub(self.first_commit?).filter(|nanos| *nanos > 0)?;
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a rate for people")]
        Some(self.transactions.saturating_sub(1) as f64 * 1e9 / nanos as f64)
    }

    /// Adds all of it to metrics of Prometheus.
    pub fn expose(&self, to: &mut Exposition) {
        to.family(
            "rvm_last_transaction_id",
            Metric::Gauge,
            "The highest transaction that the logs know of.",
        );
        to.sample("rvm_last_transaction_id", &[], self.last_transaction);
        to.family(
            "rvm_live_transactions",
            Metric::Gauge,
            "Committed transactions in the logs, by label.",
        );
        for label in &self.labels {
            to.sample("rvm_live_transactions", &[("label", &label.label)], label.transactions);
        }
        let by_segment: [(&str, Metric, &str, Figure); 6] = [
            ("rvm_segment_bytes", Metric::Gauge, "The length of a segment.", |of| of.len),
            ("rvm_log_capacity_bytes", Metric::Gauge, "Bytes that a log can hold.", |of| {
                of.capacity
            }),
            (
                "rvm_log_used_bytes",
                Metric::Gauge,
                "Bytes of committed records in a log.",
                SegmentStatistics::used,
            ),
            ("rvm_log_live_records", Metric::Gauge, "Committed records in a log.", |of| of.records),
            ("rvm_log_live_range_bytes", Metric::Gauge, "Bytes in the ranges of those.", |of| {
                of.range_bytes
            }),
            (
                "rvm_log_end_bytes_total",
                Metric::Counter,
                "All that was ever appended to a log: the LSN of its end.",
                |of| of.end,
            ),
        ];
        for (name, metric, help, figure) in by_segment {
            to.family(name, metric, help);
            for segment in &self.segments {
                to.sample(name, &[("segment", &segment.name)], figure(segment));
            }
        }
    }

    fn add(&mut self, record: &Summary, first_of_transaction: bool) {
        if first_of_transaction {
            self.transactions += 1;
            self.lazy_transactions += u64::from(record.lazy);
        }
        let earlier = |time: u64| time.min(record.commit_time);
        self.first_commit = Some(self.first_commit.map_or(record.commit_time, earlier));
        self.last_commit = self.last_commit.max(Some(record.commit_time));
        self.records += 1;
        self.record_bytes = self.record_bytes.saturating_add(record.len);
        self.ranges = self.ranges.saturating_add(record.ranges);
        self.range_bytes = self.range_bytes.saturating_add(record.range_bytes);
        self.record_lens.count(record.len);
        self.range_lens.add(&record.range_lens);
    }
}

impl SegmentStatistics {
    /// Bytes of the log that are in use.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.end.saturating_sub(self.head)
    }

    fn add(&mut self, record: &Summary) {
        self.records += 1;
        self.record_bytes = self.record_bytes.saturating_add(record.len);
        self.ranges = self.ranges.saturating_add(record.ranges);
        self.range_bytes = self.range_bytes.saturating_add(record.range_bytes);
    }
}
