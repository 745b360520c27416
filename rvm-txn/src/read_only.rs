//! Opening a store for reading: a copy of its committed state at one moment, while another process may have it open for
//! writing.
//!
//! The layout lock, taken shared, holds back every head and every reset while the bytes are copied. The segments are copied first and
//! the logs are scanned afterwards, so whatever truncation was writing meanwhile lies below the cut that is found, and the replay
//! puts it right. Nothing is ever written.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_log::{Damage, Epoch, LogError, LogFile, TxnId, replay};
use rvm_storage::memory::Region;
use rvm_storage::widths::wide;
use rvm_storage::{FileName, FileRole, LockMode, LockScope, SegmentName, Storage};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::naming::{IntoMemory, register};
use crate::recovery::{
    LogRecovery, RecoveryReport, StoreFiles, Survey, consistent_cut, open_logs, survey,
};
use crate::segment::Segment;
use crate::shared::{Beginning, Shared};
use crate::store::Store;
use crate::sync::RwLock;

/// How an opening for reading behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadOnlyConfig {
    /// How long to wait for a moment when the store's files keep still. Default 10 s.
    pub wait: Duration,
    /// The segments to copy; all of them if `None`. All logs are read in any case. Default `None`.
    pub only: Option<Vec<String>>,
}

impl Default for ReadOnlyConfig {
    fn default() -> Self {
        Self { wait: Duration::from_secs(10), only: None }
    }
}

/// How often the logs are scanned when a writer's forces overtake the scan.
const SCANS_MAX: u32 = 8;

impl Store {
    /// Copies the committed state of a store into memory. Changes that are committed later do not show.
    ///
    /// # Errors
    /// [`Error::LayoutBusy`] when the store's files did not keep still in time; [`Error::Corrupt`]; [`Error::NotFound`] for a
    /// segment of `only` that is not there; I/O.
    pub fn open_read_only(storage: Arc<dyn Storage>, read_only: &ReadOnlyConfig) -> Result<Self> {
        let started = Instant::now();
        let config = Config::default();
        let layout = storage.lock(LockScope::Layout, LockMode::Shared, read_only.wait)?;
        let files = StoreFiles::list(storage.as_ref())?;
        let mut copies = copy_segments(storage.as_ref(), &files, read_only.only.as_deref())?;
        let (logs, surveys) = scan(storage.as_ref(), &files, &config)?;
        let cuts = consistent_cut(&surveys)?;

        let mut report = RecoveryReport {
            adopted: files.adopted(),
            epoch: logs.iter().map(|log| log.header().epoch.0).max().unwrap_or(1),
            ..RecoveryReport::default()
        };
        for ((log, survey), cut) in logs.iter().zip(&surveys).zip(&cuts) {
            let header = log.header();
            let Some(memory) = copies.get_mut(&header.segment_name) else { continue };
            let (len, mut sink) = (wide(memory.len()), IntoMemory(&mut *memory));
            let applied = replay(log.blob(), header, (header.head, *cut), len, &mut sink)?;
            report.logs.push(LogRecovery::new(survey, applied));
        }
        drop(layout);
        report.recovered = report.logs.iter().any(|log| log.records > 0);
        report.duration = started.elapsed();

        Self::of_copies(storage, config, report, copies)
    }

    /// A store for reading, of segments that were copied into memory.
    pub(crate) fn of_copies(
        storage: Arc<dyn Storage>,
        config: Config,
        report: RecoveryReport,
        copies: HashMap<SegmentName, Region>,
    ) -> Result<Self> {
        let rings = config.check()?;
        let shared = Shared::new(Beginning {
            storage,
            config,
            rings,
            epoch: Epoch(report.epoch),
            read_only: true,
            logs: HashMap::new(),
            store_id: None,
            last_txn_id: TxnId(0),
            archiving: false,
            owner_lock: None,
        })?;
        let copies = copies.into_iter().map(|(name, copy)| (name, Arc::new(RwLock::new(copy))));
        *shared.copies.lock() = copies.collect();
        Ok(Self::new(shared, report))
    }

    /// Maps a segment that was copied at opening.
    pub(crate) fn map_copied(&self, name: &SegmentName, len: u64) -> Result<Segment> {
        let copied = self.shared.copies.lock().get(name).cloned();
        let memory = copied.ok_or_else(|| Error::no_segment(self.shared.storage.as_ref(), name))?;
        let found = wide(memory.read().len());
        if found < len {
            return Err(Error::ReadOnly { operation: "extend a segment" });
        }
        Ok(register(&self.shared, name.clone(), found, memory, None))
    }
}

fn copy_segments(
    storage: &dyn Storage,
    files: &StoreFiles,
    only: Option<&[String]>,
) -> Result<HashMap<SegmentName, Region>> {
    let mut wanted = Vec::new();
    match only {
        None => wanted.extend(files.segments.iter().cloned()),
        Some(only) => {
            for name in only {
                let name = SegmentName::new(name)?;
                if !files.segments.contains(&name) {
                    return Err(Error::no_segment(storage, &name));
                }
                wanted.push(name);
            }
        }
    }
    let mut copies = HashMap::new();
    for name in wanted {
        let blob = storage.open(&FileName::new(&name, FileRole::Segment))?;
        let len = blob.len()?;
        if len > 0 {
            copies.insert(name, Region::resident(blob.as_ref(), len, len)?);
        }
    }
    Ok(copies)
}

/// Scans all logs. A force that lands behind the scan's window can look like a record that was lost, and a header that is being written like
/// a damaged one; the next scan sees them whole.
pub(crate) fn scan(
    storage: &dyn Storage,
    files: &StoreFiles,
    config: &Config,
) -> Result<(Vec<LogFile>, Vec<Survey>)> {
    let mut scans = 1;
    loop {
        let scanned = open_logs(storage, files, config.helpers).and_then(|logs| {
            let surveys: std::result::Result<_, LogError> =
                logs.iter().map(|log| survey(storage, log)).collect();
            let surveys = surveys?;
            // What a writer has written since and not forced could still be lost.
            logs.iter().try_for_each(|log| log.blob().force())?;
            Ok((logs, surveys))
        });
        match scanned {
            Ok(scanned) => return Ok(scanned),
            Err(error) if scans < SCANS_MAX && may_be_under_way(&error) => scans += 1,
            Err(error) => return Err(error),
        }
    }
}

fn may_be_under_way(error: &Error) -> bool {
    let Error::Corrupt(LogError::Corrupt { damage, .. }) = error else { return false };
    matches!(damage, Damage::DurableRecordLost { .. } | Damage::HeaderPair)
}
