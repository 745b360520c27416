//! Where a store's transactions are read from: for each segment what its archive holds, and then what is in its log.

use std::collections::{HashMap, VecDeque};

use rvm_log::{LogId, Lsn, TxnId};
use rvm_storage::{SegmentName, Storage};
use rvm_txn::Result;
use rvm_txn::inspect::{LogView, View};

use crate::archive::SegmentArchive;
use crate::feed::{Archived, Source, Stream};

/// How far each log was read.
pub(super) type Positions = HashMap<LogId, Lsn>;

/// The archives that may hold something that was not read.
pub(super) struct Archives(Vec<(SegmentName, SegmentArchive)>);

/// Where reading a log goes on: at its position, unless the store was put back to an older state.
pub(super) fn position_in(positions: &Positions, log: &LogView<'_>) -> Option<Lsn> {
    positions.get(&log.header().log_id).copied().filter(|position| *position <= log.end())
}

impl Archives {
    /// All of them, or only those of logs that were folded beyond where they were read.
    pub(super) fn open(
        storage: &dyn Storage,
        view: &View,
        positions: &Positions,
        all: bool,
    ) -> Result<Self> {
        let is_ahead = |name: &SegmentName| {
            view.log(name).is_some_and(|log| position_in(positions, &log) < Some(log.head()))
        };
        let mut archives = Vec::new();
        let names = if all {
            SegmentArchive::names(storage)?
        } else {
            view.segments().iter().filter(|name| is_ahead(name)).cloned().collect()
        };
        for name in names {
            let archive = SegmentArchive::open(storage, &name)?;
            let own = archive.filter(|archive| archive.may_be_of(view));
            archives.extend(own.map(|archive| (name, archive)));
        }
        Ok(Self(archives))
    }

    fn of(&self, segment: &SegmentName) -> Option<&SegmentArchive> {
        self.0.iter().find(|(name, _)| name == segment).map(|(_, archive)| archive)
    }

    /// Whether something between a log's position and its head is in no archive.
    pub(super) fn has_gap(&self, log: &LogView<'_>, position: Lsn) -> bool {
        let (header, head) = (log.header(), log.head());
        let covers = |archive: &SegmentArchive| {
            archive.stretches().iter().any(|stretch| stretch.spans(header.log_id, position, head))
        };
        position < head && !self.of(&header.segment_name).is_some_and(covers)
    }

    /// The streams of all segments. Of logs that were never read, only transactions behind `behind` come out of an archive.
    pub(super) fn streams<'a>(
        &'a self,
        view: &'a View,
        positions: &Positions,
        behind: TxnId,
    ) -> Result<Vec<Stream<'a>>> {
        let logs = view.logs().map(|log| &log.header().segment_name);
        let mut names: Vec<_> = logs.chain(self.0.iter().map(|(name, _)| name)).collect();
        names.sort_unstable();
        names.dedup();
        let mut streams = Vec::new();
        for name in names {
            let log = view.log(name);
            let mut sources = VecDeque::new();
            if let Some(archive) = self.of(name) {
                archived(archive, log, positions, behind, &mut sources)?;
            }
            if let Some(log) = log {
                let from = position_in(positions, &log).unwrap_or(log.head()).max(log.head());
                sources.push_back(Source::Log(log, from, log.cut()));
            }
            streams.push(Stream { segment: name.to_string(), sources });
        }
        Ok(streams)
    }
}

fn archived<'a>(
    archive: &'a SegmentArchive,
    log: Option<LogView<'_>>,
    positions: &Positions,
    behind: TxnId,
    sources: &mut VecDeque<Source<'a>>,
) -> Result<()> {
    for stretch in archive.stretches() {
        let log_id = stretch.log_id;
        let live = log.filter(|log| log.header().log_id == log_id);
        // An archive may have some of what the log has still.
        let to = live.map_or(stretch.end_lsn, |log| log.head().min(stretch.end_lsn));
        let position = match live {
            Some(log) => position_in(positions, &log),
            None => positions.get(&log_id).copied(),
        };
        let from = position.unwrap_or(Lsn(0));
        if from < to {
            let records = archive.records_of(stretch)?;
            let behind = if position.is_some() { TxnId(0) } else { behind };
            let archived = Archived { records, log_id, from, to, behind };
            sources.push_back(Source::Archive(Box::new(archived)));
        }
    }
    Ok(())
}
