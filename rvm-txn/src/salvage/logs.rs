//! Opens the logs of a store that may be damaged. Each fault is noted and costs one log, or the end of one, never the whole store.

use std::collections::{BTreeMap, HashMap};

use rvm_log::{Damage, LogError, LogFile, LogId, StoreId};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};

use crate::parallel::map_in_parallel;
use crate::recovery::{DamageFound, StoreFiles, Survey, survey_readable};

/// What can be read of the logs.
#[derive(Default)]
pub(super) struct Logs {
    pub(super) readable: Vec<Readable>,
    /// The logs that are there and do not count, with their identity where it is known.
    pub(super) unread: BTreeMap<SegmentName, Option<LogId>>,
    pub(super) damage: Vec<DamageFound>,
}

/// A log that counts.
pub(super) struct Readable {
    pub(super) file: LogFile,
    pub(super) survey: Survey,
    /// Whether what was written behind the end of the survey cannot be read.
    pub(super) cut_short: bool,
}

impl Readable {
    pub(super) fn name(&self) -> &SegmentName {
        &self.file.header().segment_name
    }
}

/// Opens and scans all logs.
pub(super) fn gather(storage: &dyn Storage, files: &StoreFiles, helpers: usize) -> Logs {
    let mut logs = Logs::default();
    let opened = map_in_parallel(helpers, files.logs.iter().collect(), |name| {
        open(storage, name).map(|file| {
            let (survey, fault) = survey_readable(&file, segment_len(storage, &file));
            (Readable { file, survey, cut_short: fault.is_some() }, fault)
        })
    });
    for (name, opened) in files.logs.iter().zip(opened) {
        let file = || FileName::new(name, FileRole::Log).to_string();
        match opened {
            Err(fault) => {
                logs.damage.push(DamageFound::new(name.as_str(), &file(), fault));
                logs.unread.insert(name.clone(), None);
            }
            Ok((log, fault)) => {
                if let Some(fault) = fault {
                    let mut damage = DamageFound::new(name.as_str(), &file(), fault);
                    damage.readable_to = Some(log.survey.end.0);
                    logs.damage.push(damage);
                }
                logs.readable.push(log);
            }
        }
    }
    logs.keep_one_family();
    logs
}

/// Opens a log, to be read from stable storage and not from a cache.
fn open(storage: &dyn Storage, name: &SegmentName) -> Result<LogFile, LogError> {
    let blob = storage.open(&FileName::new(name, FileRole::Log))?;
    blob.force()?;
    blob.drop_cache()?;
    LogFile::on(blob, name)
}

/// How long the log's segment may be at most: as its file, or as the header says. A file that cannot be asked is judged later.
fn segment_len(storage: &dyn Storage, log: &LogFile) -> u64 {
    let name = FileName::new(&log.header().segment_name, FileRole::Segment);
    let found = storage.open(&name).and_then(|blob| blob.len());
    found.unwrap_or_default().max(log.header().segment_len)
}

impl Logs {
    /// Whether anything is damaged.
    pub(super) fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }

    /// The logs that count, by identity.
    pub(super) fn by_id(&self) -> HashMap<LogId, &Readable> {
        self.readable.iter().map(|log| (log.survey.log_id, log)).collect()
    }

    /// No longer counts the logs that `fault` finds something wrong with.
    pub(super) fn set_aside(&mut self, fault: impl Fn(&Readable) -> Option<Damage>) {
        for log in std::mem::take(&mut self.readable) {
            let Some(damage) = fault(&log) else {
                self.readable.push(log);
                continue;
            };
            let (name, file) = (log.name().clone(), log.survey.file.clone());
            let fault = LogError::Corrupt { file, offset: 0, damage };
            self.damage.push(DamageFound::new(name.as_str(), "", fault));
            self.unread.insert(name, Some(log.survey.log_id));
        }
    }

    /// Sets aside logs that the ordinary opening would refuse beside their neighbours.
    fn keep_one_family(&mut self) {
        let Some(expected) = self.most_common_store() else { return };
        self.set_aside(|log| {
            let found = log.file.header().store_id;
            let other =
                || Damage::OtherStore { found: found.to_string(), expected: expected.to_string() };
            (found != expected).then(other)
        });
        // By identity, the file that has it first.
        let mut first = HashMap::new();
        for log in &self.readable {
            first.entry(log.survey.log_id).or_insert_with(|| log.survey.file.clone());
        }
        self.set_aside(|log| {
            let id = log.survey.log_id;
            let other = first.get(&id).filter(|file| **file != log.survey.file)?;
            Some(Damage::SameIdentity { log: id, other: other.clone() })
        });
        let newest = self.readable.iter().map(|log| log.survey.epoch).max();
        self.set_aside(|log| {
            let found = log.survey.epoch;
            let expected = newest.filter(|newest| found.0 + 1 < newest.0)?;
            Some(Damage::OlderBackup { found, expected })
        });
    }

    /// The store that most logs belong to; the first of several.
    fn most_common_store(&self) -> Option<StoreId> {
        let stores = || self.readable.iter().map(|log| log.file.header().store_id);
        let count = |store: &StoreId| stores().filter(|other| other == store).count();
        // Of several maxima this finds the last.
        let last_first: Vec<_> = stores().collect();
        last_first.into_iter().rev().max_by_key(count)
    }
}
