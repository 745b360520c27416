//! Where a position of the endless log lies in the file. Arithmetic only.

use crate::ids::Lsn;

/// The unit of forced writes, in bytes.
pub const BLOCK_LEN: u64 = 4096;
/// Where the ring starts in the file: behind the two header slots.
pub const DATA_START: u64 = 2 * BLOCK_LEN;
/// The smallest ring, in bytes.
pub const CAPACITY_MIN: u64 = 8 * BLOCK_LEN;
/// The largest ring, in bytes.
pub const CAPACITY_LIMIT: u64 = 1 << 40;
/// The longest record, in bytes: what a `u32` that is a multiple of 8 can say.
pub(crate) const RECORD_LEN_LIMIT: u64 = 0xffff_fff8;

const _: () = assert!(BLOCK_LEN.is_power_of_two());

/// The ring of blocks in which a log's records lie.
///
/// ```
/// use rvm_log::{Lsn, Ring, BLOCK_LEN, DATA_START};
///
/// let ring = Ring::new(8 * BLOCK_LEN).expect("eight blocks are enough");
/// assert_eq!(ring.file_offset(Lsn(8 * BLOCK_LEN + 5)), DATA_START + 5);
/// assert!(ring.fits(Lsn(100), Lsn(8 * BLOCK_LEN)));
/// assert!(!ring.fits(Lsn(100), Lsn(8 * BLOCK_LEN + 1)), "the tail's block would hold live bytes of the head");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ring {
    capacity: u64,
}

impl Ring {
    /// A ring of `capacity` bytes; `None` unless that is a whole number of blocks between [`CAPACITY_MIN`] and
    /// [`CAPACITY_LIMIT`].
    #[must_use]
    pub const fn new(capacity: u64) -> Option<Self> {
        if capacity.is_multiple_of(BLOCK_LEN)
            && capacity >= CAPACITY_MIN
            && capacity <= CAPACITY_LIMIT
        {
            Some(Self { capacity })
        } else {
            None
        }
    }

    /// The bytes of the ring.
    #[must_use]
    pub const fn capacity(self) -> u64 {
        self.capacity
    }

    /// The length of the whole log file.
    #[must_use]
    pub const fn file_len(self) -> u64 {
        DATA_START + self.capacity
    }

    /// Where the byte at `lsn` lies in the file.
    #[must_use]
    pub const fn file_offset(self, lsn: Lsn) -> u64 {
        DATA_START + lsn.0 % self.capacity
    }

    /// True if `[head, end)` can be live at once: the block of the tail, which each force writes again, never holds
    /// live bytes of the head. `end` is not below `head`.
    #[must_use]
    pub const fn fits(self, head: Lsn, end: Lsn) -> bool {
        end.0 <= self.limit(head).0
    }

    /// The position that no record of a log with this head can reach beyond.
    #[must_use]
    pub const fn limit(self, head: Lsn) -> Lsn {
        block_start(head).plus(self.capacity)
    }

    /// A record up to this long, in bytes, fits an empty ring wherever its tail is. Two blocks are left out, the one that
    /// the record starts in and the one that it ends in, so that the figure depends on neither.
    #[must_use]
    pub const fn record_len_max(self) -> u64 {
        let in_ring = self.capacity - 2 * BLOCK_LEN;
        if in_ring < RECORD_LEN_LIMIT { in_ring } else { RECORD_LEN_LIMIT }
    }

    /// How many of the `len` bytes from `lsn` on lie before the end of the ring; the others lie at its start.
    #[must_use]
    pub const fn before_wrap(self, lsn: Lsn, len: u64) -> u64 {
        let to_end = self.capacity - lsn.0 % self.capacity;
        if len < to_end { len } else { to_end }
    }
}

/// The start of the block that `lsn` lies in.
#[must_use]
pub(crate) const fn block_start(lsn: Lsn) -> Lsn {
    Lsn(lsn.0 - lsn.0 % BLOCK_LEN)
}

/// The end of the last block that has bytes below `lsn`, where there is one below 2^64.
#[must_use]
pub(crate) const fn block_end(lsn: Lsn) -> Lsn {
    block_start(lsn.plus(BLOCK_LEN - 1))
}

#[cfg(test)]
mod tests;
