//! The files of a store: which there are, and whether the logs among them belong together.

use std::collections::{HashMap, HashSet};

use rvm_log::{Damage, Epoch, LogError, LogFile, Lsn};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};

use crate::error::Result;
use crate::parallel::map_in_parallel;

/// The files of a store, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct StoreFiles {
    pub(crate) segments: Vec<SegmentName>,
    pub(crate) logs: Vec<SegmentName>,
    pub(crate) archives: Vec<SegmentName>,
    /// Files that were being made when the store crashed.
    unfinished: Vec<FileName>,
}

impl StoreFiles {
    pub(crate) fn list(storage: &dyn Storage) -> Result<Self> {
        let mut names = storage.list()?;
        names.sort();
        let mut files = Self::default();
        for name in names {
            match name.role() {
                FileRole::Segment => files.segments.push(name.segment().clone()),
                FileRole::Log => files.logs.push(name.segment().clone()),
                FileRole::Archive => files.archives.push(name.segment().clone()),
                FileRole::NewSegment | FileRole::NewLog | FileRole::NewArchive => {
                    files.unfinished.push(name);
                }
            }
        }
        Ok(files)
    }

    /// The segments without a log.
    pub(crate) fn adopted(&self) -> Vec<String> {
        let with_log: HashSet<_> = self.logs.iter().collect();
        let adopted = self.segments.iter().filter(|name| !with_log.contains(name));
        adopted.map(ToString::to_string).collect()
    }

    /// What a crash left half made.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        self.unfinished.iter().map(ToString::to_string).collect()
    }

    /// Removes what a crash left half made; returns the names.
    pub(super) fn remove_unfinished(&self, storage: &dyn Storage) -> Result<Vec<String>> {
        for name in &self.unfinished {
            storage.remove(name)?;
        }
        if !self.unfinished.is_empty() {
            storage.sync_names()?;
        }
        Ok(self.unfinished())
    }
}

/// Opens all logs, from stable storage and not from a cache, and checks that they belong to one store.
///
/// # Errors
/// I/O; corruption.
pub(crate) fn open_logs(
    storage: &dyn Storage,
    files: &StoreFiles,
    helpers: usize,
) -> Result<Vec<LogFile>> {
    let opened = map_in_parallel(helpers, files.logs.iter().collect(), |name| {
        let blob = storage.open(&FileName::new(name, FileRole::Log))?;
        blob.force()?;
        blob.drop_cache()?;
        let log = LogFile::on(blob, name)?;
        check_segment(storage, &log)?;
        Ok(log)
    });
    let logs = opened.into_iter().collect::<std::result::Result<Vec<_>, LogError>>()?;
    check_family(&logs)?;
    Ok(logs)
}

/// The segment must be at least as long as its log says.
fn check_segment(storage: &dyn Storage, log: &LogFile) -> std::result::Result<(), LogError> {
    let name = FileName::new(&log.header().segment_name, FileRole::Segment);
    let needed = log.header().segment_len;
    let segment = match storage.open(&name) {
        Err(error) if error.is_not_found() => {
            return Err(corrupt(log, Damage::MissingSegment { segment: name.to_string() }));
        }
        opened => opened?,
    };
    let found = segment.len()?;
    if found < needed {
        let file = segment.location().to_owned();
        let damage = Damage::TooShort { needed, found };
        return Err(LogError::Corrupt { file, offset: found, damage });
    }
    Ok(())
}

/// All logs must be of one store, each with an identity of its own, and none older than an interrupted recovery explains.
fn check_family(logs: &[LogFile]) -> Result<()> {
    let Some(first) = logs.first() else { return Ok(()) };
    let newest = logs.iter().map(|log| log.header().epoch).max().unwrap_or(Epoch(0));
    let mut identities = HashMap::new();
    for log in logs {
        let header = log.header();
        if header.store_id != first.header().store_id {
            let expected = first.header().store_id.to_string();
            let damage = Damage::OtherStore { found: header.store_id.to_string(), expected };
            return Err(corrupt(log, damage).into());
        }
        if let Some(other) = identities.insert(header.log_id, log.blob().location()) {
            let (log_id, other) = (header.log_id, other.to_owned());
            return Err(corrupt(log, Damage::SameIdentity { log: log_id, other }).into());
        }
        // Found only by the reset at recovery's end it would be found with segments written.
        if header.epoch.0 + 1 >= Lsn::LIMIT.0 {
            let damage = Damage::HeaderField { field: "epoch", value: header.epoch.0 };
            return Err(corrupt(log, damage).into());
        }
        if header.epoch.0 + 1 < newest.0 {
            let damage = Damage::OlderBackup { found: header.epoch, expected: newest };
            return Err(corrupt(log, damage).into());
        }
    }
    Ok(())
}

fn corrupt(log: &LogFile, damage: Damage) -> LogError {
    LogError::Corrupt { file: log.blob().location().to_owned(), offset: 0, damage }
}
