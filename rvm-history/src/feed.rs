//! The committed records of all logs in the order of their transactions, so that the records of one come together. Ids grow in each log, so
//! the logs are merged, each some records ahead; what an archive holds of a log comes before what is still in it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rvm_log::archive::ArchivedRecords;
use rvm_log::{LogId, Lsn, RecordView, TxnId};
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

/// How many records are kept ahead, over all streams together; each has at least [`AHEAD_MIN`].
const AHEAD: usize = 1 << 14;
const AHEAD_MIN: usize = 64;

/// The records of one segment, in order.
#[derive(Default)]
pub(crate) struct Stream<'a> {
    pub(crate) segment: String,
    pub(crate) sources: VecDeque<Source<'a>>,
}

/// Where some of them come from.
pub(crate) enum Source<'a> {
    /// A log, between two positions where a record starts or the last one ends.
    Log(LogView<'a>, Lsn, Lsn),
    /// A log's part of an archive.
    Archive(Box<Archived<'a>>),
}

/// Records of an archive, of one log.
pub(crate) struct Archived<'a> {
    pub(crate) records: ArchivedRecords<'a>,
    pub(crate) log_id: LogId,
    /// Only those between these positions, of transactions behind this one.
    pub(crate) from: Lsn,
    pub(crate) to: Lsn,
    pub(crate) behind: TxnId,
}

/// All streams, merged. Of each record it keeps what `of` makes of it.
pub(crate) struct Feeds<'a, T, F> {
    streams: Vec<(Stream<'a>, VecDeque<(u64, T)>)>,
    /// The next transaction of each stream that has one, lowest first, with its place in `streams`.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    ahead: usize,
    of: F,
}

impl<'a, T, F: Fn(&str, LogId, &RecordView<'_>) -> T> Feeds<'a, T, F> {
    /// The records of each log of a view between the positions that `between` gives for it. `of` is given the segment's name and the log
    /// with each record.
    pub(crate) fn new(
        view: &'a View,
        between: impl Fn(&LogView<'_>) -> (Lsn, Lsn),
        of: F,
    ) -> Result<Self> {
        let stream = |log: LogView<'a>| {
            let (from, to) = between(&log);
            let segment = log.header().segment_name.to_string();
            Stream { segment, sources: VecDeque::from([Source::Log(log, from, to)]) }
        };
        Self::of(view.logs().map(stream).collect(), of)
    }

    /// The records of these streams.
    pub(crate) fn of(streams: Vec<Stream<'a>>, of: F) -> Result<Self> {
        let ahead = (AHEAD / streams.len().max(1)).max(AHEAD_MIN);
        let streams: Vec<_> = streams.into_iter().map(|it| (it, VecDeque::new())).collect();
        let mut all = Self { streams, next: BinaryHeap::new(), ahead, of };
        for place in 0..all.streams.len() {
            all.read_ahead(place)?;
        }
        Ok(all)
    }

    /// The place of the stream that has the next record, and what was made of that.
    pub(crate) fn next(&mut self) -> Result<Option<(usize, T)>> {
        let Some(Reverse((_, place))) = self.next.pop() else { return Ok(None) };
        let Some((_, ahead)) = self.streams.get_mut(place) else { return Ok(None) };
        let found = ahead.pop_front();
        self.read_ahead(place)?;
        Ok(found.map(|(_, found)| (place, found)))
    }

    /// The transaction of the next record.
    pub(crate) fn peek(&self) -> Option<u64> {
        self.next.peek().map(|Reverse((transaction, _))| *transaction)
    }

    fn read_ahead(&mut self, place: usize) -> Result<()> {
        let Some((stream, ahead)) = self.streams.get_mut(place) else { return Ok(()) };
        while ahead.is_empty()
            && let Some(source) = stream.sources.front_mut()
        {
            let of = |log_id, record: &RecordView<'_>| (self.of)(&stream.segment, log_id, record);
            if !source.read(self.ahead, ahead, of)? {
                stream.sources.pop_front();
            }
        }
        let transaction = ahead.front().map(|(transaction, _)| *transaction);
        self.next.extend(transaction.map(|transaction| Reverse((transaction, place))));
        Ok(())
    }
}

impl Source<'_> {
    /// Reads some records; false if there are no more behind them.
    fn read<T>(
        &mut self,
        count: usize,
        ahead: &mut VecDeque<(u64, T)>,
        of: impl Fn(LogId, &RecordView<'_>) -> T,
    ) -> Result<bool> {
        match self {
            Self::Log(log, at, to) => {
                let mut scanner = log.records_between(*at, *to);
                while ahead.len() < count {
                    let Some(record) = scanner.next()? else { return Ok(false) };
                    let made = of(log.header().log_id, &record);
                    ahead.push_back((record.header().txn_id.0, made));
                }
                *at = scanner.position();
            }
            Self::Archive(archived) => {
                while ahead.len() < count {
                    if !archived.seek()? {
                        return Ok(false);
                    }
                    let Some(record) = archived.records.next()? else { return Ok(false) };
                    let made = of(archived.log_id, &record);
                    ahead.push_back((record.header().txn_id.0, made));
                }
            }
        }
        Ok(true)
    }
}

impl Archived<'_> {
    /// Goes on to the next record that is wanted; false if there is none.
    fn seek(&mut self) -> Result<bool> {
        let (from, to, behind) = (self.from, self.to, self.behind);
        let found = self.records.seek(
            |frame| frame.to > from && frame.from < to && frame.last_txn > behind,
            |record| record.lsn >= from && record.lsn < to && record.txn_id > behind,
        )?;
        Ok(found)
    }
}
