//! A record: what one transaction changed in one segment. [`Draft`] encodes it, [`RecordView`] reads it.

mod draft;
mod view;

pub use draft::{Draft, Measure, Position};
pub(crate) use draft::{name_participants, restamp, seal};
pub use view::{RecordFault, RecordHeader, RecordView};

use super::fields::{DEPENDENCY, PARTICIPANT, RECORD_HEADER, RECORD_TRAILER, len_of, offset_of};
use crate::ids::{Epoch, LogId, Lsn};

/// The first bytes of a record.
pub const MAGIC: [u8; 4] = *b"RVMr";
/// Set in a record's flags if it was committed lazily.
pub const RECORD_FLAG_LAZY: u8 = 1;
/// Records start and end at multiples of this many bytes.
pub const RECORD_ALIGN: u64 = 8;
/// The length of the fixed header, in bytes.
pub const HEADER_LEN: usize = len_of(RECORD_HEADER);
/// The length of a participant's entry, in bytes.
pub const PARTICIPANT_LEN: usize = len_of(PARTICIPANT);
/// The length of a dependency's entry, in bytes.
pub const DEPENDENCY_LEN: usize = len_of(DEPENDENCY);
/// The length of the trailer, in bytes.
pub const TRAILER_LEN: usize = len_of(RECORD_TRAILER);

const SYNCED_OFFSET: usize = offset_of(RECORD_HEADER, "synced");
const HEADER_CRC_OFFSET: usize = offset_of(RECORD_HEADER, "header_crc");

const _: () = assert!(HEADER_LEN == 64 && HEADER_CRC_OFFSET == HEADER_LEN - 4);
const _: () = assert!(TRAILER_LEN == 8);

/// Another log's part of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Participant {
    /// The other log.
    pub log_id: LogId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Where the transaction's record starts there.
    pub lsn: Lsn,
    /// That record's length in bytes.
    pub total_len: u32,
    /// [`Draft::part_crc`] of that record.
    pub part_crc: u32,
}

impl Participant {
    /// The position behind that record.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.lsn.plus(self.total_len.into())
    }
}

/// A log that a transaction was given and did not write, and that was not decided up to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dependency {
    /// The other log.
    pub log_id: LogId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its end when the transaction committed.
    pub lsn: Lsn,
}

#[cfg(test)]
mod tests;
