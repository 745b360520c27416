//! Salvage: opens a damaged store for reading, with what is provably committed, and says what is not.
//!
//! It does what read-only opening does, and where that would refuse the store it notes the damage and goes on with less. What each kind
//! of damage costs is in `logs.rs` (opening), `cuts.rs` (how much of each log counts) and `segments.rs` (the bytes). Nothing is ever
//! written; the owner's lock, held shared, keeps everybody else from writing meanwhile, too.
//!
//! One thing cannot be told: whether truncation, or a recovery that was interrupted, had already begun to fold records that are lost now
//! into a segment's file. Such a segment is reported as suspect.

mod cuts;
mod logs;
mod segments;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_log::Lsn;
use rvm_storage::{LockMode, LockScope, SegmentName, Storage};

use self::cuts::Kept;
use self::logs::Logs;
use self::segments::Salvaged;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::read_only::ReadOnlyConfig;
use crate::recovery::{
    AffectedSegment, Condition, DamageFound, LogRecovery, RecoveryReport, StoreFiles,
};
use crate::store::Store;

impl Store {
    /// Copies into memory what can be salvaged of a store that may be damaged. The report says what is missing or in doubt:
    /// [`RecoveryReport::salvage`]. A store without damage is as [`open_read_only`](Self::open_read_only) finds it.
    ///
    /// # Errors
    /// I/O; [`Error::Locked`] if the store is open for writing; [`Error::NotFound`] for a segment of `only` that is not there. Damage
    /// is never an error here.
    pub fn salvage(storage: Arc<dyn Storage>, read_only: &ReadOnlyConfig) -> Result<Self> {
        let started = Instant::now();
        let config = Config::default();
        let owner = storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO)?;
        let files = StoreFiles::list(storage.as_ref())?;
        let wanted = wanted(storage.as_ref(), &files, read_only.only.as_deref())?;
        let mut logs = logs::gather(storage.as_ref(), &files, config.helpers);
        let (kept, is_log_missing) = cuts::choose(&mut logs)?;

        let epoch = logs.readable.iter().map(|log| log.survey.epoch.0).max().unwrap_or(1);
        let adopted = files.adopted();
        let mut report = RecoveryReport { epoch, adopted, ..RecoveryReport::default() };
        let mut copies = HashMap::new();
        for name in wanted {
            let without_log = if is_log_missing { Condition::FileOnly } else { Condition::Intact };
            let salvaged = one(storage.as_ref(), &name, &logs, &kept, without_log, &mut report)?;
            logs.damage.extend(salvaged.damage);
            if let Some(memory) = salvaged.memory {
                copies.insert(name, memory);
            }
        }
        drop(owner);
        logs.damage.sort_by(|a, b| (&a.segment, &a.file).cmp(&(&b.segment, &b.file)));
        report.salvage.damage = logs.damage;
        report.recovered = report.logs.iter().any(|log| log.records > 0);
        report.duration = started.elapsed();
        Self::of_copies(storage, config, report, copies)
    }

    /// [`salvage`](Self::salvage), all segments.
    pub(crate) fn salvage_all(storage: Arc<dyn Storage>) -> Result<Self> {
        Self::salvage(storage, &ReadOnlyConfig::default())
    }
}

/// What the logs of a store say together, be they damaged or not.
pub(crate) fn remains(storage: &dyn Storage) -> Result<Remains> {
    let files = StoreFiles::list(storage)?;
    let mut logs = logs::gather(storage, &files, Config::default().helpers);
    let (kept, _) = cuts::choose(&mut logs)?;
    let readable = logs.readable.iter().zip(kept).map(|(log, kept)| RemainingLog {
        segment: log.name().clone(),
        file: log.survey.file.clone(),
        head: log.survey.head,
        end: log.survey.end,
        cut: kept.cut,
        synced: log.survey.synced,
        condition: kept.condition,
    });
    Ok(Remains { logs: readable.collect(), damage: logs.damage })
}

/// What the logs of a store say together, be they damaged or not.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Remains {
    /// The logs that can be read, and count.
    pub logs: Vec<RemainingLog>,
    /// What is damaged; at most one piece for each log and cause.
    pub damage: Vec<DamageFound>,
}

/// What remains of one log.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RemainingLog {
    /// The segment.
    pub segment: SegmentName,
    /// The log's file.
    pub file: String,
    /// Where its live records start.
    pub head: Lsn,
    /// Behind the last of them that can be read in one go.
    pub end: Lsn,
    /// Up to where they count.
    pub cut: Lsn,
    /// Up to where the header vouches for them.
    pub synced: Lsn,
    /// What follows for the segment, as far as the logs tell.
    pub condition: Condition,
}

/// Salvages one segment, and reports on it.
fn one(
    storage: &dyn Storage,
    name: &SegmentName,
    logs: &Logs,
    kept: &[Kept],
    without_log: Condition,
    report: &mut RecoveryReport,
) -> Result<Salvaged> {
    let counted = logs.readable.iter().zip(kept).find(|(log, _)| log.name() == name);
    let (salvaged, kept_to) = match counted {
        Some((log, kept)) => {
            let salvaged = segments::of_log(storage, log, *kept)?;
            report.logs.push(LogRecovery::new(&log.survey, salvaged.replayed));
            (salvaged, Some(kept.cut.0))
        }
        None if logs.unread.contains_key(name) => {
            (segments::of_file(storage, name, Condition::FileOnly)?, None)
        }
        None => (segments::of_file(storage, name, without_log)?, None),
    };
    if salvaged.condition != Condition::Intact {
        let (segment, condition) = (name.to_string(), salvaged.condition);
        report.salvage.affected.push(AffectedSegment { segment, condition, kept_to });
    }
    Ok(salvaged)
}

/// The segments to salvage, sorted: those with a file of either kind.
fn wanted(
    storage: &dyn Storage,
    files: &StoreFiles,
    only: Option<&[String]>,
) -> Result<BTreeSet<SegmentName>> {
    let all: BTreeSet<_> = files.segments.iter().chain(&files.logs).cloned().collect();
    let Some(only) = only else { return Ok(all) };
    let mut wanted = BTreeSet::new();
    for name in only {
        let name = SegmentName::new(name)?;
        if !all.contains(&name) {
            return Err(Error::no_segment(storage, &name));
        }
        wanted.insert(name);
    }
    Ok(wanted)
}
