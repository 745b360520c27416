//! The committed records of all logs in the order of their transactions, so that the records of one come together. Ids grow in each log, so
//! the logs are merged, each a few records ahead.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rvm_log::{Lsn, RecordView};
use rvm_storage::widths::wide;
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

use super::sizes::Sizes;

/// How many records of a log are read at once.
const AHEAD: usize = 64;

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

/// All logs of a view.
pub(super) struct Feeds<'a> {
    feeds: Vec<Feed<'a>>,
    /// The next transaction of each log that has one, lowest first, with the log's place in `feeds`.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

struct Feed<'a> {
    log: LogView<'a>,
    /// Behind what was read.
    at: Lsn,
    ahead: VecDeque<Summary>,
}

impl<'a> Feeds<'a> {
    pub(super) fn new(view: &'a View) -> Result<Self> {
        let feed = |log: LogView<'a>| Feed { log, at: log.head(), ahead: VecDeque::new() };
        let mut feeds: Vec<_> = view.logs().map(feed).collect();
        let mut next = BinaryHeap::new();
        for (place, feed) in feeds.iter_mut().enumerate() {
            next.extend(feed.peek()?.map(|transaction| Reverse((transaction, place))));
        }
        Ok(Self { feeds, next })
    }

    /// The next record, and the segment that its log is of.
    pub(super) fn next(&mut self) -> Result<Option<(&'a str, Summary)>> {
        let Some(Reverse((_, place))) = self.next.pop() else { return Ok(None) };
        let Some(feed) = self.feeds.get_mut(place) else { return Ok(None) };
        let summary = feed.ahead.pop_front();
        self.next.extend(feed.peek()?.map(|transaction| Reverse((transaction, place))));
        Ok(summary.map(|summary| (feed.log.header().segment_name.as_str(), summary)))
    }
}

impl Feed<'_> {
    /// The transaction of the next record.
    fn peek(&mut self) -> Result<Option<u64>> {
        if self.ahead.is_empty() && self.at < self.log.cut() {
            let mut scanner = self.log.records(self.at);
            while self.ahead.len() < AHEAD {
                let Some(record) = scanner.next()? else { break };
                self.ahead.push_back(Summary::of(&record));
            }
            self.at = scanner.position();
        }
        Ok(self.ahead.front().map(|summary| summary.transaction))
    }
}

impl Summary {
    fn of(record: &RecordView<'_>) -> Self {
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
