//! Copies of a store as it was: up to a transaction, or up to a time.
//!
//! Transactions have ids that grow in each log, and none is lower than one that it depends on. So the records up to one id, over all logs, are
//! a state that the store was in, or could have been in. The archives have them from where archiving began, and the logs have the rest.

mod plan;
mod until;
mod write;

use std::path::Path;
use std::time::Duration;

use rvm_log::TxnId;
use rvm_storage::{FileName, FileStorage, LockMode, LockScope, SegmentName, Storage};

use crate::copy_error::{CopyError, Result};
use crate::observer::Observer;
use crate::unfinished::{Unfinished, check_free};
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
    /// Why its archive cannot be read at all; then it is as if there were none.
    pub unreadable: Option<String>,
}

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
/// use rvm_history::observer::Unobserved;
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
/// let report = point_in_time(&storage, until, &then, wait, &mut Unobserved)?;
/// assert_eq!(report.newest, TxnId(2));
/// let then = Store::open(Arc::new(then), Config::default())?;
/// assert_eq!(&then.map("notes", 4096)?.read()?[..5], b"first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CopyError::OutOfReach`], [`CopyError::BeforeHistory`], [`CopyError::BeyondNewest`], [`CopyError::NotEmpty`],
/// [`CopyError::Unsettled`], [`CopyError::Stopped`]; corruption; I/O. What is in the destination then has no names of segments.
pub fn point_in_time(
    source: &dyn Storage,
    until: Until,
    destination: &dyn Storage,
    wait: Duration,
    observer: &mut dyn Observer,
) -> Result<PointInTimeReport> {
    if !destination.list()?.is_empty() {
        return Err(CopyError::NotEmpty { path: destination.location() });
    }
    let _owned = destination.lock(LockScope::Owner, LockMode::Exclusive, Duration::ZERO)?;
    let mut attempts = 1;
    loop {
        let sources = Sources::take(source, wait)?;
        let planned = planned(source, &sources, until)?;
        match write::write(source, &sources, &planned, destination, observer) {
            Err(CopyError::Unsettled { .. }) if attempts < ATTEMPTS => attempts += 1,
            done => return done,
        }
    }
}

/// The same, into the directory `to`, which must be missing or empty, and gets its content when all of it is written and durable.
///
/// # Errors
/// As [`point_in_time`].
pub fn point_in_time_to(
    source: &dyn Storage,
    until: Until,
    to: &Path,
    wait: Duration,
    observer: &mut dyn Observer,
) -> Result<PointInTimeReport> {
    check_free(to)?;
    let unfinished = Unfinished::begin_in_place_of_empty(to, is_ours)?;
    let destination = FileStorage::open(unfinished.path())?;
    let report = point_in_time(source, until, &destination, wait, observer)?;
    drop(destination);
    unfinished.finish()?;
    Ok(report)
}

/// Whether a file is one that such a copy is made of.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == "rvm.lock" || FileName::parse(name).is_some())
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
    let planned = planned(source, &sources, until)?;
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

fn planned(source: &dyn Storage, sources: &Sources, asked: Until) -> Result<Planned> {
    let newest = sources.newest();
    let until = asked.resolve(sources)?;
    if until > newest {
        return Err(CopyError::BeyondNewest { until, newest });
    }
    let (mut plans, mut short) = (Vec::new(), Vec::new());
    for name in sources.names() {
        match sources.plan(&name, until)? {
            Plan::OutOfReach { first } => short.push((name.to_string(), first)),
            plan => plans.push((name, plan)),
        }
    }
    if !short.is_empty() {
        return Err(CopyError::OutOfReach { until, segments: short });
    }
    if let Until::Time(time) = asked {
        let mut segments = Vec::new();
        for (name, plan) in &plans {
            if sources.known_since(name, plan)?.unwrap_or_else(|| source.unix_nanos()) > time {
                segments.push(name.to_string());
            }
        }
        if !segments.is_empty() {
            return Err(CopyError::BeforeHistory { segments });
        }
    }
    Ok(Planned { until, plans })
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
