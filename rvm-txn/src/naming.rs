//! Segments by name: map, unmap, destroy, list.

use std::sync::Arc;

use rvm_log::{LogError, NewLog, ReplaySink, draw_log_id, draw_store_id, replay};
use rvm_storage::memory::{Region, Residency};
use rvm_storage::widths::narrow;
use rvm_storage::{Blob, FileName, FileRole, SegmentName};

use crate::archiving;
use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, lock_layout};
use crate::log_handle::LogHandle;
use crate::mapping::Mapping;
use crate::segment::Segment;
use crate::segment_files::{SegmentFile, create_log, open_segment, sync_names};
use crate::shared::{Naming, Shared};
use crate::store::Store;
use crate::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::sync::{Mutex, MutexGuard, RwLock};
use crate::truncate::{TruncationRight, truncate_all};

/// A segment of a store, mapped or not.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Whether it is mapped.
    pub mapped: bool,
    /// Bytes of its log that are in use.
    pub log_used: u64,
    /// Bytes that its log can hold; 0 if it has none yet.
    pub log_capacity: u64,
}

impl Store {
    /// Maps a segment of at least `len` bytes: makes it, all zeros, if it is not there; extends it by zeros if it is
    /// shorter; a longer one is mapped whole.
    ///
    /// # Errors
    /// [`Error::AlreadyMapped`]; [`Error::InvalidName`]; [`Error::InvalidLength`] for 0 bytes or more than memory can
    /// address; [`Error::ReadOnly`] if it would have to be made or extended; [`Error::Poisoned`], [`Error::Closed`],
    /// [`Error::Forked`]; corruption; I/O. When it runs [out of space](Error::is_out_of_space) nothing has changed.
    pub fn map(&self, name: &str, len: u64) -> Result<Segment> {
        let shared = &self.shared;
        shared.check_usable()?;
        let name = SegmentName::new(name)?;
        let mut naming = shared.naming.lock();
        shared.check_usable()?;
        if shared.segments.lock().contains_key(&name) {
            return Err(Error::AlreadyMapped { segment: name.to_string() });
        }
        if shared.read_only {
            return self.map_copied(&name, len);
        }
        shared.logs.health.check()?;
        let file = SegmentFile::of_length(shared, &name, len)?;
        let log = match self.log_of(&name, &file, &mut naming) {
            Err(error) if !error.is_poisoned() => {
                file.take_back(shared)?;
                return Err(error);
            }
            log => log?,
        };
        let memory = fill(shared, file.blob.as_ref(), &log, file.len)?;
        let memory = Arc::new(RwLock::new(memory));
        Ok(register(shared, name, file.len, memory, Some(log)))
    }

    /// Unmaps a segment. Its committed changes stay; its memory is given back when the last handle is gone.
    ///
    /// # Errors
    /// [`Error::Busy`] while a transaction or a read guard has it; [`Error::NotMapped`], [`Error::ForeignSegment`],
    /// [`Error::Closed`], [`Error::Forked`].
    pub fn unmap(&self, segment: &Segment) -> Result<()> {
        let shared = &self.shared;
        shared.check_usable()?;
        if !Arc::ptr_eq(&segment.shared, shared) {
            return Err(Error::ForeignSegment { segment: segment.name().to_owned() });
        }
        let _naming = shared.naming.lock();
        shared.check_usable()?;
        if !segment.mapping.mapped.load(Ordering::Acquire) {
            return Err(Error::NotMapped { segment: segment.name().to_owned() });
        }
        shared.arbiter.remove(segment.mapping.slot)?;
        segment.mapping.mapped.store(false, Ordering::Release);
        shared.segments.lock().remove(&segment.mapping.name);
        Ok(())
    }

    /// Erases a segment and its log.
    ///
    /// # Errors
    /// [`Error::AlreadyMapped`] while it is mapped; [`Error::NotFound`]; [`Error::InvalidName`], [`Error::ReadOnly`],
    /// [`Error::Poisoned`], [`Error::Closed`], [`Error::Forked`]; I/O.
    pub fn destroy(&self, name: &str) -> Result<()> {
        let shared = &self.shared;
        shared.check_writable("destroy a segment")?;
        shared.logs.health.check()?;
        let name = SegmentName::new(name)?;
        let _naming = shared.naming.lock();
        shared.check_usable()?;
        if shared.segments.lock().contains_key(&name) {
            return Err(Error::AlreadyMapped { segment: name.to_string() });
        }
        let storage = shared.storage.as_ref();
        open_segment(storage, &name)?;
        let had_log = shared.logs.get(&name);
        if let Some(own) = &had_log {
            resolve(shared, own)?;
        }
        if let Some(own) = &had_log {
            archiving::note_destruction(shared, own)?;
            leave_last_txn_id(shared, own)?;
        }
        let _layout = lock_layout(storage, READERS_WAIT)?;
        if had_log.is_some() {
            storage.remove(&FileName::new(&name, FileRole::Log))?;
            shared.logs.remove(&name);
            sync_names(shared)?;
        }
        storage.remove(&FileName::new(&name, FileRole::Segment))?;
        sync_names(shared)
    }

    /// All segments of the store, sorted by name.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Forked`]; I/O.
    pub fn segments(&self) -> Result<Vec<SegmentInfo>> {
        let shared = &self.shared;
        shared.check_usable()?;
        let mut names = shared.storage.list()?;
        names.retain(|name| name.role() == FileRole::Segment);
        names.sort();
        let mut infos = Vec::with_capacity(names.len());
        for file in names {
            let len = match shared.storage.open(&file) {
                // Destroyed in the meantime.
                Err(error) if error.is_not_found() => continue,
                opened => opened?.len()?,
            };
            let name = file.segment();
            let mapped = shared.segments.lock().contains_key(name);
            let log = shared.logs.get(name);
            let (log_used, log_capacity) = log.map_or((0, 0), |log| {
                let state = log.latch.lock();
                (state.live_len(), state.ring.capacity())
            });
            infos.push(SegmentInfo { name: name.to_string(), len, mapped, log_used, log_capacity });
        }
        Ok(infos)
    }

    /// The log of a segment that has this file; made if there is none.
    fn log_of(
        &self,
        name: &SegmentName,
        segment: &SegmentFile,
        naming: &mut MutexGuard<'_, Naming>,
    ) -> Result<Arc<LogHandle>> {
        let (shared, len) = (&self.shared, segment.len);
        let known = shared.logs.get(name);
        if let Some(log) = known {
            archiving::note_length(shared, &log, len)?;
            log.change_header(
                &shared.logs.health,
                |header| header.segment_len < len,
                |header| header.segment_len = len,
            )?;
            return Ok(log);
        }
        let storage = shared.storage.as_ref();
        let store_id = naming.store_id.map_or_else(|| draw_store_id(storage), Ok)?;
        let new = NewLog {
            segment: name.clone(),
            segment_len: len,
            store_id,
            log_id: draw_log_id(storage)?,
            epoch: shared.epoch,
            ring: shared.rings.initial,
        };
        let archive =
            if naming.archiving { archiving::begin(shared, &new, segment.is_new())? } else { None };
        let file = create_log(shared, &new)?;
        naming.store_id = Some(store_id);
        let log = Arc::new(LogHandle::new(naming.next_log_index, file, Mutex::new(archive)));
        naming.next_log_index += 1;
        shared.logs.insert(Arc::clone(&log));
        Ok(log)
    }
}

/// The segment's memory: its file, and over that what its log holds. Truncation is held meanwhile.
fn fill(shared: &Shared, blob: &dyn Blob, log: &Arc<LogHandle>, len: u64) -> Result<Region> {
    let _right = TruncationRight::take(log);
    shared.logs.settle([(Arc::clone(log), log.end())])?;
    let mut memory = match shared.config.residency {
        Residency::Resident => Region::resident(blob, len, len)?,
        Residency::Mapped(token) => Region::mapped(blob, len, len, token)?,
    };
    let header = log.file.lock().header().clone();
    let (head, end) = {
        let state = log.latch.lock();
        (state.head, state.tail.end())
    };
    replay(log.blob.as_ref(), &header, (head, end), len, &mut IntoMemory(&mut memory))?;
    Ok(memory)
}

/// Makes a filled memory a mapped segment.
pub(crate) fn register(
    shared: &Arc<Shared>,
    name: SegmentName,
    len: u64,
    memory: Arc<RwLock<Region>>,
    log: Option<Arc<LogHandle>>,
) -> Segment {
    let base = AtomicPtr::new(memory.read().base_ptr().cast_mut());
    let mapping = Arc::new(Mapping {
        slot: shared.arbiter.add(&name),
        base,
        len,
        memory,
        log,
        mapped: AtomicBool::new(true),
        pages_due: AtomicBool::new(false),
        spoiled: AtomicBool::new(false),
        name,
    });
    shared.segments.lock().insert(mapping.name.clone(), Arc::clone(&mapping));
    Segment { shared: Arc::clone(shared), mapping }
}

/// Takes replayed bytes straight into a segment's memory.
pub(crate) struct IntoMemory<'a>(pub(crate) &'a mut [u8]);

impl ReplaySink for IntoMemory<'_> {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> std::result::Result<(), LogError> {
        let start = narrow(offset);
        if let Some(to) = self.0.get_mut(start..start.saturating_add(bytes.len())) {
            to.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn takes_overlaps(&self) -> bool {
        true
    }
}

/// Another log's header takes over the highest transaction id, which perhaps only `own` knows: no later transaction may have it again.
fn leave_last_txn_id(shared: &Shared, own: &Arc<LogHandle>) -> Result<()> {
    let Some(heir) = shared.logs.all().into_iter().find(|log| !Arc::ptr_eq(log, own)) else {
        return Ok(());
    };
    let last = shared.last_txn_id();
    heir.change_header(
        &shared.logs.health,
        |header| header.txn_id_max < last,
        |header| header.txn_id_max = last,
    )
}

/// Empties every log that shares transactions with `own`, so that no record names it any more.
fn resolve(shared: &Shared, own: &Arc<LogHandle>) -> Result<()> {
    for log in shared.logs.all() {
        let is_entangled = log.latch.lock().entangled;
        if is_entangled || Arc::ptr_eq(&log, own) {
            truncate_all(shared, &log, &TruncationRight::take(&log))?;
        }
    }
    Ok(())
}
