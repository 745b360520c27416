//! Conversions between lengths in memory (`usize`) and on disk (`u64`), in one place.

/// A length in memory, as it is written to disk.
#[must_use]
#[expect(clippy::as_conversions, reason = "usize has at most 64 bits on every target of Rust")]
pub const fn wide(len: usize) -> u64 {
    len as u64
}

/// A length from disk, as an index into memory. One that no memory can hold becomes `usize::MAX`, so that slicing
/// with it finds nothing.
#[must_use]
pub fn narrow(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
