//! How the logs of a store lie in their rings, and when what they hold was committed.

use std::time::Duration;

use rvm_log::Lsn;
use rvm_storage::Storage;
#[cfg(doc)]
use rvm_txn::Error;
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

/// The logs of a store at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Layout {
    /// The logs, sorted by the name of their segment.
    pub logs: Vec<LogLayout>,
    /// Segments that were copied there and have no log yet.
    pub without_log: Vec<String>,
}

/// How a log lies in its ring. A position lies at byte `position % capacity` of it, and `head <= synced`, `head <= cut <= end`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct LogLayout {
    /// The segment.
    pub segment: String,
    /// The bytes of the ring.
    pub capacity: u64,
    /// Where the live records start. What lies before is applied to the segment's file.
    pub head: u64,
    /// Up to where the header vouches for records; they may be applied already, as far as a fold is under way or was interrupted.
    pub synced: u64,
    /// Behind the last committed record.
    pub cut: u64,
    /// Behind the last whole record; what lies between is dropped by recovery, or is under way.
    pub end: u64,
    /// Bytes of a torn tail behind the end.
    pub torn: u64,
}

/// The logs of a store; gives the commit time of each committed record to `each`, in nanoseconds since 1970, log by log. A transaction over
/// several segments counts once, in the first log that has it.
///
/// # Errors
/// [`Error::LayoutBusy`], [`Error::Corrupt`]; I/O.
pub fn each_moment(
    storage: &dyn Storage,
    wait: Duration,
    mut each: impl FnMut(u64),
) -> Result<Layout> {
    let view = View::take(storage, wait)?;
    let every = |log: &LogView<'_>| (log.head(), log.cut());
    let moment = |_: &str, _: rvm_log::LogId, record: &rvm_log::RecordView<'_>| {
        (record.header().txn_id.0, record.header().commit_time)
    };
    let mut feeds = crate::feed::Feeds::new(&view, every, moment)?;
    let mut before = None;
    while let Some((_, (id, time))) = feeds.next()? {
        if before.replace(id) != Some(id) {
            each(time);
        }
    }
    let names = view.segments().iter().filter(|name| view.log(name).is_none());
    let without_log = names.map(ToString::to_string).collect();
    Ok(Layout { logs: view.logs().map(LogLayout::of).collect(), without_log })
}

impl LogLayout {
    fn of(log: LogView<'_>) -> Self {
        let Lsn(synced) = log.header().synced;
        Self {
            segment: log.header().segment_name.to_string(),
            capacity: log.header().ring.capacity(),
            head: log.head().0,
            synced,
            cut: log.cut().0,
            end: log.end().0,
            torn: log.torn_len(),
        }
    }
}
