//! What a segment as it was can be made of.

use std::collections::BTreeSet;
use std::time::Duration;

use rvm_log::{LogId, Lsn, TxnId};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};
use rvm_txn::Error;
use rvm_txn::inspect::{LogView, View};

use super::Reach;
use crate::archive::{SegmentArchive, Stretch};
use crate::copy_error::Result;

/// What there is: the logs, held still, and the archives.
pub(super) struct Sources {
    pub(super) view: View,
    pub(super) archives: Vec<(SegmentName, SegmentArchive)>,
    /// Archives that cannot be read at all, and why. It is as if they were not there.
    unreadable: Vec<(SegmentName, String)>,
}

/// How a segment is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Plan {
    /// It was not there.
    Absent,
    /// From this stretch of its archive, by its place among them; and if it is that of the log, from the log where that ends.
    Archive { stretch: usize, goes_on: bool },
    /// From its file, and its log. If not all of the log is wanted, the file must be as of the log's head.
    File { all: bool },
    /// It cannot be; the first later transaction for which it can.
    OutOfReach { first: Option<TxnId> },
}

impl Sources {
    pub(super) fn take(source: &dyn Storage, wait: Duration) -> Result<Self> {
        // The view first: what archives have beyond it is left out.
        let view = View::take(source, wait)?;
        let (mut archives, mut unreadable) = (Vec::new(), Vec::new());
        for name in SegmentArchive::names(source)? {
            match SegmentArchive::open(source, &name) {
                Ok(Some(archive)) if !archive.may_be_of(&view) => {
                    unreadable.push((name, "it is another store's".to_owned()));
                }
                Ok(archive) => archives.extend(archive.map(|archive| (name, archive))),
                Err(Error::Corrupt(damage)) => unreadable.push((name, damage.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { view, archives, unreadable })
    }

    /// The newest transaction.
    pub(super) fn newest(&self) -> TxnId {
        let archived = self.archives.iter().filter(|(name, _)| self.view.log(name).is_none());
        let archived = archived.map(|(_, archive)| archive.last_txn()).max();
        self.view.last_txn_id().max(archived.unwrap_or_default())
    }

    /// The segments that are there or were there.
    pub(super) fn names(&self) -> BTreeSet<SegmentName> {
        let unreadable = self.unreadable.iter().map(|(name, _)| name);
        let archived = self.archives.iter().map(|(name, _)| name).chain(unreadable);
        self.view.segments().iter().chain(archived).cloned().collect()
    }

    pub(super) fn archive(&self, name: &SegmentName) -> Option<&SegmentArchive> {
        self.archives.iter().find(|(archived, _)| archived == name).map(|(_, archive)| archive)
    }

    /// How a segment is made as it was after transaction `until`.
    pub(super) fn plan(&self, name: &SegmentName, until: TxnId) -> Result<Plan> {
        let known = self.archived(name, until);
        if !matches!(known, Plan::OutOfReach { .. }) || !self.view.segments().contains(name) {
            return Ok(known);
        }
        let Plan::OutOfReach { first } = known else { return Ok(known) };
        let Some(log) = self.view.log(name) else {
            // It was copied there, and was never changed by a transaction.
            return Ok(Plan::File { all: true });
        };
        let (file_from, last) = self.live(log)?;
        if until < file_from {
            let first = first.map_or(file_from, |first| first.min(file_from));
            return Ok(Plan::OutOfReach { first: Some(first) });
        }
        Ok(Plan::File { all: last.is_none_or(|last| last <= until) })
    }

    /// What the archive says, with the log behind it.
    fn archived(&self, name: &SegmentName, until: TxnId) -> Plan {
        let Some(archive) = self.archive(name) else { return Plan::OutOfReach { first: None } };
        let log = self.view.log(name);
        let usable = || archive.stretches().iter().enumerate().filter(|(_, it)| counts(it, log));
        let first_later = || {
            let firsts = usable().filter_map(|(_, stretch)| stretch.first_state());
            firsts.filter(|first| *first > until).min()
        };
        let begun = |(_, stretch): &(usize, &Stretch)| {
            stretch.first_state().is_some_and(|first| first <= until)
        };
        let Some((place, stretch)) = usable().rev().find(begun) else {
            let stretches = archive.stretches();
            let never_made = !stretches.is_empty() && stretches.iter().all(Stretch::is_empty);
            if never_made && log.is_none() && !self.view.segments().contains(name) {
                return Plan::Absent;
            }
            let first = usable().next().and_then(|(_, stretch)| stretch.base);
            let created = first.is_some_and(|base| base.created) && archive.breaks().is_empty();
            return if created { Plan::Absent } else { Plan::OutOfReach { first: first_later() } };
        };
        let alive = log.map(|log| log.header().log_id);
        let destroyed = stretch.destroyed.filter(|_| alive != Some(stretch.log_id));
        if destroyed.is_some_and(|destroyed| destroyed <= until) {
            let is_archived = |log_id| usable().any(|(_, stretch)| stretch.log_id == log_id);
            return match alive {
                // A destruction that was interrupted, or a file that was copied there.
                None if self.view.segments().contains(name) => Plan::File { all: true },
                Some(log_id) if !is_archived(log_id) => Plan::OutOfReach { first: None },
                _ => Plan::Absent,
            };
        }
        let goes_on = goes_on(archive, place, log);
        if goes_on || stretch.covers(until) {
            Plan::Archive { stretch: place, goes_on }
        } else {
            Plan::OutOfReach { first: first_later() }
        }
    }

    /// The first transaction after which the file and the log tell the segment, and the last one in the log, if it has any.
    fn live(&self, log: LogView<'_>) -> Result<(TxnId, Option<TxnId>)> {
        let (mut first, mut last) = (None, None);
        let mut records = log.records(log.head());
        while let Some(record) = records.next()? {
            let txn = record.header().txn_id;
            first = first.or(Some(txn));
            last = Some(txn);
        }
        // All that is folded is of lower transactions; if the log is empty, of none above what its header knows.
        let newest = self.newest();
        let before = first
            .map_or(log.header().txn_id_max.min(newest), |first| TxnId(first.0.saturating_sub(1)));
        Ok((before, last))
    }

    /// From when on it is known what was committed when, in nanoseconds since 1970: what a plan starts from has the transactions before, whenever
    /// those were. `None` if that is not known of any.
    pub(super) fn known_since(&self, name: &SegmentName, plan: &Plan) -> Result<Option<u64>> {
        match *plan {
            Plan::Absent | Plan::OutOfReach { .. } => Ok(Some(0)),
            Plan::Archive { stretch, .. } => {
                let archive = self.archive(name);
                let stretch = archive.and_then(|archive| archive.stretches().get(stretch));
                let base = stretch.and_then(|stretch| stretch.base);
                Ok(base.map(|base| if base.created { 0 } else { base.time }))
            }
            Plan::File { .. } => {
                let Some(log) = self.view.log(name) else { return Ok(Some(0)) };
                let mut records = log.records(log.head());
                Ok(records.next()?.map(|record| record.header().commit_time))
            }
        }
    }

    pub(super) fn reach(&self, name: &SegmentName) -> Result<Reach> {
        let log = self.view.log(name);
        let archive = self.archive(name);
        let (mut stretches, mut created) = (Vec::new(), false);
        let mut goes_on_to_newest = false;
        let all = archive.map_or(&[][..], SegmentArchive::stretches).iter().enumerate();
        for (place, stretch) in all.filter(|(_, stretch)| counts(stretch, log)) {
            let (Some(base), Some(archive)) = (stretch.base, archive) else { continue };
            created |= stretches.is_empty() && base.created;
            goes_on_to_newest = goes_on(archive, place, log);
            let last = stretch.transactions.map(|(_, last)| last).max(stretch.destroyed);
            let end = if goes_on_to_newest { None } else { Some(last.unwrap_or(base.last_txn)) };
            stretches.push((base.last_txn, end));
        }
        if let (Some(log), false) = (log, goes_on_to_newest) {
            stretches.push((self.live(log)?.0, None));
        }
        let is_there = self.view.segments().contains(name);
        let unreadable = self.unreadable.iter().find(|(unreadable, _)| unreadable == name);
        let unreadable = unreadable.map(|(_, why)| why.clone());
        Ok(Reach { segment: name.to_string(), is_there, created, stretches, unreadable })
    }
}

/// Whether a state can be made of a stretch. What was begun after the view was taken does not count, nor what was begun for a log that was
/// never made.
fn counts(stretch: &Stretch, log: Option<LogView<'_>>) -> bool {
    let Some(base) = stretch.base else { return false };
    match log.filter(|log| log.header().log_id == stretch.log_id) {
        Some(log) => base.lsn <= log.cut(),
        None => !stretch.is_empty(),
    }
}

/// Whether a log goes on where a stretch of the archive ends.
fn goes_on(archive: &SegmentArchive, place: usize, log: Option<LogView<'_>>) -> bool {
    let Some(log) = log else { return false };
    let (mut of_log, log_id) = (archive.stretches().iter().enumerate(), log.header().log_id);
    let last = of_log.rfind(|(_, it)| it.log_id == log_id && counts(it, Some(log)));
    last.is_some_and(|(last, stretch)| last == place && stretch.end_lsn >= log.head())
}

impl Plan {
    /// The segment's length then; `None` if it was not there.
    pub(super) fn len_at(
        &self,
        source: &dyn Storage,
        sources: &Sources,
        name: &SegmentName,
        until: TxnId,
    ) -> Result<Option<u64>> {
        match *self {
            Self::Absent | Self::OutOfReach { .. } => Ok(None),
            Self::Archive { stretch, .. } => {
                let archive = sources.archive(name);
                let stretch = archive.and_then(|archive| archive.stretches().get(stretch));
                Ok(stretch.map(|stretch| stretch.len_at(until)))
            }
            Self::File { .. } => {
                Ok(Some(source.open(&FileName::new(name, FileRole::Segment))?.len()?))
            }
        }
    }
}

/// Up to where the archived records of a log count: what was appended after the view was taken does not.
pub(super) fn limit_of(sources: &Sources, name: &SegmentName, log_id: LogId) -> Lsn {
    let log = sources.view.log(name).filter(|log| log.header().log_id == log_id);
    log.map_or(Lsn(u64::MAX), |log| log.cut())
}
