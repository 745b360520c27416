//! The chunks of a segment by their number, with the hash of each, and a hash over all of it.

use std::collections::BTreeMap;

use blake3::{Hash, Hasher};

/// Where a chunk's bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    /// Which backup of the chain has it, counted from the first.
    pub(crate) link: usize,
    /// Where it lies in that backup's data file.
    pub(crate) place: u64,
    /// How many bytes it takes there.
    pub(crate) len: u64,
    /// How many bytes it has.
    pub(crate) raw_len: u64,
    /// Their hash.
    pub(crate) hash: Hash,
}

/// The chunks of a segment but those of zeros.
pub(crate) type Table = BTreeMap<u64, Stored>;

/// The hash over a segment's length and its chunks.
pub(crate) fn state_of(len: u64, chunk_len: u64, table: &Table) -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(&len.to_le_bytes()).update(&chunk_len.to_le_bytes());
    for (number, chunk) in table {
        hasher.update(&number.to_le_bytes()).update(chunk.hash.as_bytes());
    }
    hasher.finalize()
}

/// How long the chunks of a segment are: short ones for a short segment, so that little is copied for little that changed.
pub(crate) fn chunk_len_for(len: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    match len / MIB {
        0..64 => 64 << 10,
        64..1024 => 256 << 10,
        _ => MIB,
    }
}
