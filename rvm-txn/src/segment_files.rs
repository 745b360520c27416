//! The files of a segment: made whole under a temporary name and then renamed, so that a crash never leaves a part of one.

use std::sync::Arc;

use rvm_log::{LogFile, NewLog};
use rvm_storage::{Blob, FileName, FileRole, Fill, SegmentName, Storage};

use crate::error::{Error, Result};
use crate::layout::{READERS_WAIT, lock_layout};
use crate::shared::Shared;

/// Opens the file of a segment that must be there.
///
/// # Errors
/// [`Error::NotFound`]; I/O.
pub(crate) fn open_segment(storage: &dyn Storage, segment: &SegmentName) -> Result<Arc<dyn Blob>> {
    match storage.open(&FileName::new(segment, FileRole::Segment)) {
        Err(error) if error.is_not_found() => Err(Error::no_segment(storage, segment)),
        opened => Ok(opened?),
    }
}

/// A segment's file that has the length it was asked for.
pub(crate) struct SegmentFile {
    name: FileName,
    pub(crate) blob: Arc<dyn Blob>,
    pub(crate) len: u64,
    /// Its length before; `None` if it was made.
    len_before: Option<u64>,
}

impl SegmentFile {
    /// The segment's file, made or extended so that it has at least `len` bytes, durably.
    pub(crate) fn of_length(shared: &Shared, segment: &SegmentName, len: u64) -> Result<Self> {
        let name = FileName::new(segment, FileRole::Segment);
        let invalid =
            |len, reason| Error::InvalidLength { segment: segment.to_string(), len, reason };
        if isize::try_from(len).is_err() {
            return Err(invalid(len, "memory cannot address that many bytes"));
        }
        let found = match shared.storage.open(&name) {
            Err(error) if error.is_not_found() => None,
            opened => Some(opened?),
        };
        let Some(blob) = found else {
            if len == 0 {
                return Err(invalid(0, "a new segment has at least one byte"));
            }
            create_segment(shared, segment, len)?;
            let blob = shared.storage.open(&name)?;
            return Ok(Self { name, blob, len, len_before: None });
        };
        let found = blob.len()?;
        if found.max(len) == 0 {
            return Err(invalid(0, "a segment has at least one byte"));
        }
        if found < len {
            let _layout = lock_layout(shared.storage.as_ref(), READERS_WAIT)?;
            blob.allocate(len, Fill::Reserved)?;
        }
        // The log will promise this length. Perhaps the file was copied here, or an extension was interrupted.
        force(shared, blob.as_ref())?;
        Ok(Self { name, blob, len: found.max(len), len_before: Some(found) })
    }

    /// Whether it was made for this, and is all zeros.
    pub(crate) const fn is_new(&self) -> bool {
        self.len_before.is_none()
    }

    /// What comes next failed: makes the file what it was before.
    pub(crate) fn take_back(&self, shared: &Shared) -> Result<()> {
        match self.len_before {
            Some(len) if len == self.len => Ok(()),
            Some(len) => {
                let _layout = lock_layout(shared.storage.as_ref(), READERS_WAIT)?;
                self.blob.set_len(len)?;
                force(shared, self.blob.as_ref())
            }
            None => {
                let _layout = lock_layout(shared.storage.as_ref(), READERS_WAIT)?;
                shared.storage.remove(&self.name)?;
                sync_names(shared)
            }
        }
    }
}

/// Makes the file whole under a temporary name, so that a crash never leaves a part of it.
fn create_segment(shared: &Shared, name: &SegmentName, len: u64) -> Result<()> {
    let storage = shared.storage.as_ref();
    let temporary = FileName::new(name, FileRole::NewSegment);
    let _layout = lock_layout(storage, READERS_WAIT)?;
    let made = storage.create_anew(&temporary).and_then(|blob| {
        blob.allocate(len, Fill::Reserved)?;
        blob.force()?;
        storage.rename(&temporary, &FileName::new(name, FileRole::Segment))
    });
    if let Err(error) = made {
        // What remains is garbage that the next opening removes.
        storage.remove(&temporary).ok();
        return Err(error.into());
    }
    sync_names(shared)
}

/// The log of a new segment, durably.
pub(crate) fn create_log(shared: &Shared, new: &NewLog) -> Result<LogFile> {
    let storage = shared.storage.as_ref();
    let _layout = lock_layout(storage, READERS_WAIT)?;
    LogFile::create(storage, new).map_err(|failure| {
        match storage.open(&FileName::new(&new.segment, FileRole::Log)) {
            Err(error) if error.is_not_found() => failure.into(),
            // It has its name, or may have, and whether durably is unknown.
            _ => shared.logs.poison(failure),
        }
    })
}

/// # Errors
/// [`Error::Poisoned`].
pub(crate) fn sync_names(shared: &Shared) -> Result<()> {
    let synced = shared.storage.sync_names();
    synced.map_err(|error| shared.logs.poison(error.into()))
}

fn force(shared: &Shared, blob: &dyn Blob) -> Result<()> {
    let forced = blob.force();
    forced.map_err(|error| shared.logs.poison(error.into()))
}
