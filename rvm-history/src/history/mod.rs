//! The transactions that a store's logs hold, in order: who changed which bytes, when.
//!
//! The logs of all segments are merged by transaction. A log is read from a [`View`], which holds the store's files still, so a view is kept
//! for one batch of transactions at a time only, and each log's position in between. Where a segment has an archive, what that holds comes first. The same positions serve to follow a store that is
//! written to.

mod archived;
mod before;
mod blame;
mod detail;
mod filter;
mod layout;
mod sources;
mod transaction;

use std::time::Duration;

use rvm_log::{LogId, RecordView, TxnId};
use rvm_storage::Storage;
use rvm_storage::widths::wide;
#[cfg(doc)]
use rvm_txn::Error;
use rvm_txn::Result;
use rvm_txn::inspect::View;

pub use before::Bytes;
pub use blame::{Base, Blame, Piece, Write, blame};
pub use detail::{Change, Detail, detail};
pub use filter::{Filter, Touching};
pub use layout::{Layout, LogLayout, each_moment};
pub use transaction::{Part, Transaction};

use crate::feed::Feeds;
use sources::{Archives, Positions, position_in};
use transaction::Found;

/// How many transactions and ranges a batch has, at most.
const BATCH_TRANSACTIONS: usize = 1 << 14;
const BATCH_RANGES: usize = 1 << 18;

/// Reads the transactions of a store that a [`Filter`] lets through, batch by batch, and what comes later when it is asked again.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rvm_history::history::{Filter, History};
/// use rvm_storage::MemStorage;
/// use rvm_txn::{Config, Store};
///
/// let storage = MemStorage::new();
/// let store = Store::open(Arc::new(storage.clone()), Config::default())?;
/// let notes = store.map("notes", 4096)?;
/// let mut history = History::new(Filter::default());
/// for text in [b"one", b"two"] {
///     let mut txn = store.begin(&[&notes])?;
///     txn.write(&notes, 8, text)?;
///     txn.commit()?;
/// }
/// let batch = history.batch(&storage, Duration::from_secs(10))?;
/// assert_eq!(batch.transactions.len(), 2);
/// assert_eq!(batch.transactions[1].parts[0].ranges, [(8, 3)]);
/// assert!(history.batch(&storage, Duration::from_secs(10))?.transactions.is_empty());
/// # Ok::<(), rvm_txn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct History {
    filter: Filter,
    /// Behind what was read of each log.
    positions: Positions,
    /// The last transaction that the logs knew of; `None` before the first batch.
    known: Option<u64>,
    /// Whether archives may hold something of logs that were not read yet, and behind which transaction that is wanted.
    reads_archives: bool,
    behind: u64,
}

/// Some transactions of a store.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// Those that the filter lets through, by their ids, which is the order in which they were committed where one depends on another. One
    /// that was committed lazily may come in a later batch than one with a higher id.
    pub transactions: Vec<Transaction>,
    /// Whether there may be more to read at once.
    pub is_full: bool,
    /// How many transactions were folded into the segments since the last batch, and are not seen: so many at most, since an id may be drawn
    /// by a commit that fails.
    pub missed_at_most: u64,
}

impl History {
    /// Begins at the oldest transactions that the archives and the logs hold.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        let positions = Positions::new();
        Self { filter, positions, known: None, reads_archives: true, behind: 0 }
    }

    /// Begins behind all that is committed now: only what comes later is read.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
    pub fn from_now(filter: Filter, storage: &dyn Storage, wait: Duration) -> Result<Self> {
        let view = View::take(storage, wait)?;
        let positions = view.logs().map(|log| (log.header().log_id, log.cut())).collect();
        let behind = view.last_txn_id().0;
        Ok(Self { filter, positions, known: Some(behind), reads_archives: false, behind })
    }

    /// The next transactions; none if there are none yet. Waits up to `wait` for the store's files to keep still. One that is in several logs
    /// is one transaction.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
    pub fn batch(&mut self, storage: &dyn Storage, wait: Duration) -> Result<Batch> {
        let view = View::take(storage, wait)?;
        let known = self.known;
        let archives = Archives::open(storage, &view, &self.positions, self.reads_archives)?;
        let overtaken = view.logs().any(|log| {
            let position = position_in(&self.positions, &log);
            position.is_some_and(|position| archives.has_gap(&log, position))
        });
        let filter = self.filter.clone();
        let read = |segment: &str, log_id, record: &RecordView<'_>| {
            (log_id, Found::of(segment, record, &filter))
        };
        let streams = archives.streams(&view, &self.positions, TxnId(self.behind))?;
        let mut feeds = Feeds::of(streams, read)?;
        let (mut batch, mut ranges, mut new) = (Batch::default(), 0, 0_u64);
        let mut last = view.last_txn_id().0;
        while let Some(id) = feeds.peek() {
            if batch.transactions.len() >= BATCH_TRANSACTIONS || ranges >= BATCH_RANGES {
                (batch.is_full, last) = (true, id - 1);
                break;
            }
            let mut parts = Vec::new();
            while feeds.peek() == Some(id) {
                let Some((_, (log_id, found))) = feeds.next()? else { break };
                self.positions.insert(log_id, found.end());
                parts.push(found);
            }
            new += u64::from(known.is_some_and(|known| id > known));
            if let Some(transaction) = Transaction::of(id, parts, &self.filter) {
                ranges += transaction.parts.iter().map(|part| part.ranges.len()).sum::<usize>();
                batch.transactions.push(transaction);
            }
        }
        if let Some(known) = known.filter(|_| overtaken) {
            batch.missed_at_most = last.saturating_sub(known).saturating_sub(new);
        }
        self.known = Some(last.max(known.unwrap_or_default()));
        self.reads_archives &= batch.is_full;
        if !batch.is_full {
            let cuts = view.logs().map(|log| (log.header().log_id, log.cut()));
            self.positions.extend(cuts);
        }
        Ok(batch)
    }
}

/// The transactions that hang on something that is not there, so that recovery drops them: what lies behind the cuts of a store that was not
/// shut down cleanly. While the store is in use they may be commits under way. At most some thousands, the oldest.
///
/// # Errors
/// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
pub fn dropped(storage: &dyn Storage, wait: Duration) -> Result<Vec<Transaction>> {
    let view = View::take(storage, wait)?;
    let filter = Filter::default();
    let read =
        |segment: &str, _: LogId, record: &RecordView<'_>| Found::of(segment, record, &filter);
    let mut feeds = Feeds::new(&view, |log| (log.cut(), log.end()), read)?;
    let mut found = Vec::new();
    while let Some(id) = feeds.peek().filter(|_| found.len() < BATCH_TRANSACTIONS) {
        let mut parts = Vec::new();
        while feeds.peek() == Some(id) {
            parts.extend(feeds.next()?.map(|(_, part)| part));
        }
        found.extend(Transaction::of(id, parts, &filter));
    }
    Ok(found)
}

impl Default for History {
    fn default() -> Self {
        Self::new(Filter::default())
    }
}

fn overlap((start, end): (u64, u64), offset: u64, len: usize) -> bool {
    offset.max(start) < offset.saturating_add(wide(len)).min(end)
}
