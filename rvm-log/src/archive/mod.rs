//! An archive: what a log held before it was truncated, for as long as anybody wants it.
//!
//! It is a file of *frames*, each compressed by itself and checked by itself, to which is only ever appended: now and then a *base*, the
//! segment as it was at some LSN, and behind it the log's records, as they stood there. Frames are appended, and forced, before the log's
//! head passes what is in them. What of the last append did not arrive before a crash is in the log still, so it is cut off and written
//! again. `docs/format.md` has the bytes.

mod append;
mod end;
mod file;
mod frames;
mod records;

pub use append::{Appender, ArchiveWriter, Point};
pub use file::ArchiveFile;
pub use frames::{Frames, Step};
pub use records::{ArchivedRecords, Payload};

use rvm_storage::Blob;

use crate::error::{Damage, LogError};

/// A frame that is not what was written.
fn corrupt(blob: &dyn Blob, offset: u64, fault: &'static str) -> LogError {
    let file = blob.location().to_owned();
    LogError::Corrupt { file, offset, damage: Damage::ArchiveFrame { fault } }
}
