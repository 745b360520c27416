//! The committed records of all logs in the order of their transactions, so that the records of one come together. Ids grow in each log, so
//! the logs are merged, each some records ahead.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rvm_log::{Lsn, RecordView};
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

/// How many records are kept ahead, over all logs together; each log has at least [`AHEAD_MIN`].
const AHEAD: usize = 1 << 14;
const AHEAD_MIN: usize = 64;

/// All logs of a view. Of each record it keeps what `of` makes of it.
pub(crate) struct Feeds<'a, T, F> {
    logs: Vec<Feed<'a, T>>,
    /// The next transaction of each log that has one, lowest first, with the log's place in `logs`.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    ahead: usize,
    of: F,
}

struct Feed<'a, T> {
    log: LogView<'a>,
    /// Behind what was read.
    at: Lsn,
    to: Lsn,
    ahead: VecDeque<(u64, T)>,
}

impl<'a, T, F: Fn(&str, &RecordView<'_>) -> T> Feeds<'a, T, F> {
    /// The records of each log between the positions that `between` gives for it. `of` is given the segment's name with each record.
    pub(crate) fn new(
        view: &'a View,
        between: impl Fn(&LogView<'_>) -> (Lsn, Lsn),
        of: F,
    ) -> Result<Self> {
        let feed = |log: LogView<'a>| {
            let (at, to) = between(&log);
            Feed { log, at, to, ahead: VecDeque::new() }
        };
        let feeds: Vec<_> = view.logs().map(feed).collect();
        let ahead = (AHEAD / feeds.len().max(1)).max(AHEAD_MIN);
        let mut all = Self { logs: feeds, next: BinaryHeap::new(), ahead, of };
        for place in 0..all.logs.len() {
            all.read_ahead(place)?;
        }
        Ok(all)
    }

    /// What was made of the next record, and the log that it is in.
    pub(crate) fn next(&mut self) -> Result<Option<(LogView<'a>, T)>> {
        let Some(Reverse((_, place))) = self.next.pop() else { return Ok(None) };
        let Some(feed) = self.logs.get_mut(place) else { return Ok(None) };
        let (log, found) = (feed.log, feed.ahead.pop_front());
        self.read_ahead(place)?;
        Ok(found.map(|(_, found)| (log, found)))
    }

    /// The transaction of the next record.
    pub(crate) fn peek(&self) -> Option<u64> {
        self.next.peek().map(|Reverse((transaction, _))| *transaction)
    }

    fn read_ahead(&mut self, place: usize) -> Result<()> {
        let Some(feed) = self.logs.get_mut(place) else { return Ok(()) };
        if feed.ahead.is_empty() && feed.at < feed.to {
            let segment = feed.log.header().segment_name.as_str();
            let mut scanner = feed.log.records_between(feed.at, feed.to);
            while feed.ahead.len() < self.ahead {
                let Some(record) = scanner.next()? else { break };
                let made = (self.of)(segment, &record);
                feed.ahead.push_back((record.header().txn_id.0, made));
            }
            feed.at = scanner.position();
        }
        let transaction = feed.ahead.front().map(|(transaction, _)| *transaction);
        self.next.extend(transaction.map(|transaction| Reverse((transaction, place))));
        Ok(())
    }
}
