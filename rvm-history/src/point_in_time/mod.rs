//! Copies of a store as it was: up to a transaction, or up to a time.
//!
//! Transactions have ids that grow in each log, and none is lower than one that it depends on. So the records up to one id, over all logs, are
//! a state that the store was in, or could have been in. The archives have them from where archiving began, and the logs have the rest.

mod error;
mod plan;
mod until;
mod write;

use std::time::Duration;

use rvm_log::TxnId;
use rvm_storage::{LockMode, LockScope, SegmentName, Storage};
use rvm_txn::inspect::View;

use crate::archive::SegmentArchive;
pub use error::{PointInTimeError, Result};
use plan::{Plan, Sources};
pub use until::Until;

/// What a copy as of then is, or would be.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PointInTimeReport {
    /// The last transaction that it may have.
    pub until: TxnId,
    /// The newest transaction of the store.
    pub newest: TxnId,
    /// Its segments, sorted by name.
    pub segments: Vec<SegmentThen>,
    /// Segments that the store has, or had, and did not have then; sorted by name.
    pub absent: Vec<String>,
}

/// A segment of a copy.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentThen {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Whether it is made from its archive. If not, its file and its log were enough.
    pub from_archive: bool,
    /// Transactions that were replayed into it.
    pub transactions: u64,
    /// Bytes that were written to it, overlaps counted as often as they were.
    pub written_bytes: u64,
}

/// From which transaction on a segment can be copied as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Reach {
    /// Its name.
    pub segment: String,
    /// Whether it is there now.
    pub is_there: bool,
    /// It was not there before the first transaction: so every earlier state can be told, too.
    pub created: bool,
    /// The first transactions of the stretches of its history, oldest first, and their last ones; `None` for one that goes on to the newest.
    pub stretches: Vec<(TxnId, Option<TxnId>)>,
}

/// Takes note of how far a copy has come: the segment that is written, and the bytes written to it.
pub type Observer<'a> = dyn FnMut(&str, u64) + 'a;

/// How often a copy begins anew because a log was truncated meanwhile.
const ATTEMPTS: u32 = 4;

/// Writes into `destination`, which must be empty, the segments of `source` as they were after transaction `until`, or at that time, without
/// any log. `source` is not written to, and may be in use: that is waited for up to `wait`, and its logs are not truncated while this goes
/// on. Memory is bounded, whatever the segments' sizes; what is zero is left a hole.
///
/// A segment with an archive is made from that. For one without, or behind a gap in it, the segment's file and its log have to do: they go back
/// to the log's head.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rvm_history::point_in_time::{Until, point_in_time};
/// use rvm_log::TxnId;
/// use rvm_storage::MemStorage;
/// use rvm_txn::{Config, Store};
///
/// let storage = MemStorage::new();
/// let store = Store::open(Arc::new(storage.clone()), Config::default())?;
/// let notes = store.map("notes", 4096)?;
/// store.archive_on()?;
/// for text in [b"first", b"later"] {
///     let mut txn = store.begin(&[&notes])?;
///     txn.write(&notes, 0, text)?;
///     txn.commit()?;
///     store.truncate_log()?;
/// }
///
/// let (then, wait) = (MemStorage::new(), Duration::from_secs(10));
/// let until = Until::Transaction(TxnId(1));
/// let report = point_in_time(&storage, until, &then, wait, &mut |_, _| {})?;
/// assert_eq!(report.newest, TxnId(2));
/// let then = Store::open(Arc::new(then), Config::default())?;
/// assert_eq!(&then.map("notes", 4096)?.read()?[..5], b"first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PointInTimeError::OutOfReach`], [`PointInTimeError::BeyondNewest`], [`PointInTimeError::NotEmpty`],
/// [`PointInTimeError::Unsettled`]; corruption; I/O. What is in the destination then has no names of segments.
pub fn point_in_time(
    source: &dyn Storage,
    until: Until,
    destination: &dyn Storage,
    wait: Duration,
    observer: &mut Observer<'_>,
) -> Result<PointInTimeReport> {
    if !destination.list()?.is_empty() {
        return Err(PointInTimeError::NotEmpty { path: destination.location() });
    }
    let _owned = destination.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO)?;
    let mut attempts = 1;
    loop {
        let sources = Sources::take(source, wait)?;
        let planned = planned(&sources, until)?;
        match write::write(source, &sources, &planned, destination, observer) {
            Err(PointInTimeError::Unsettled { .. }) if attempts < ATTEMPTS => attempts += 1,
            done => return done,
        }
    }
}

/// What [`point_in_time`] would do, without doing it: nothing is replayed, so what would be written is not told.
///
/// # Errors
/// As [`point_in_time`].
pub fn plan_point_in_time(
    source: &dyn Storage,
    until: Until,
    wait: Duration,
) -> Result<PointInTimeReport> {
    let sources = Sources::take(source, wait)?;
    let planned = planned(&sources, until)?;
    let mut report = planned.report(&sources);
    for (name, plan) in &planned.plans {
        if let Some(len) = plan.len_at(source, &sources, name, planned.until)? {
            report.add(name, plan, len);
        }
    }
    Ok(report)
}

/// From where on each segment of a store, those included that were destroyed and are archived, can be copied as it was; sorted by name.
///
/// # Errors
/// Corruption; I/O.
pub fn reach(source: &dyn Storage, wait: Duration) -> Result<Vec<Reach>> {
    let sources = Sources::take(source, wait)?;
    sources.names().into_iter().map(|name| sources.reach(&name)).collect()
}

/// What is to be done for each segment.
struct Planned {
    until: TxnId,
    plans: Vec<(SegmentName, Plan)>,
}

fn planned(sources: &Sources, until: Until) -> Result<Planned> {
    let newest = sources.newest();
    let until = until.resolve(sources)?;
    if until > newest {
        return Err(PointInTimeError::BeyondNewest { until, newest });
    }
    let (mut plans, mut short) = (Vec::new(), Vec::new());
    for name in sources.names() {
        match sources.plan(&name, until)? {
            Plan::OutOfReach { first } => short.push((name.to_string(), first)),
            plan => plans.push((name, plan)),
        }
    }
    if short.is_empty() {
        Ok(Planned { until, plans })
    } else {
        Err(PointInTimeError::OutOfReach { until, segments: short })
    }
}

impl Planned {
    /// Without the segments that are there.
    fn report(&self, sources: &Sources) -> PointInTimeReport {
        let absent = self.plans.iter().filter(|(_, plan)| matches!(plan, Plan::Absent));
        PointInTimeReport {
            until: self.until,
            newest: sources.newest(),
            segments: Vec::new(),
            absent: absent.map(|(name, _)| name.to_string()).collect(),
        }
    }
}

impl PointInTimeReport {
    fn add(&mut self, name: &SegmentName, plan: &Plan, len: u64) {
        let from_archive = matches!(plan, Plan::Archive { .. });
        let name = name.to_string();
        let then = SegmentThen { name, len, from_archive, transactions: 0, written_bytes: 0 };
        self.segments.push(then);
    }
}

/// The archives of a store.
fn archives(source: &dyn Storage) -> rvm_txn::Result<Vec<(SegmentName, SegmentArchive)>> {
    let mut archives = Vec::new();
    for name in SegmentArchive::names(source)? {
        if let Some(archive) = SegmentArchive::open(source, &name)? {
            archives.push((name, archive));
        }
    }
    Ok(archives)
}

/// Takes the view first: what archives have beyond it is left out.
fn view_and_archives(
    source: &dyn Storage,
    wait: Duration,
) -> rvm_txn::Result<(View, Vec<(SegmentName, SegmentArchive)>)> {
    let view = View::take(source, wait)?;
    Ok((view, archives(source)?))
}
