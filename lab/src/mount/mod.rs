//! Power cuts under a real mount: the program `life` runs on a FUSE file system whose disk is the crash lab's simulated device, so that
//! what is cut, killed and failed went through the kernel: page cache, `O_DIRECT | O_DSYNC`, `fdatasync`, `fallocate`, `renameat2`,
//! `fsync` of the directory, private mappings, `flock`.
//!
//! # What counts as acknowledged
//!
//! Every line that the program printed, also those that it printed behind the cut. A request that is served behind the cut is answered
//! with `EIO`. So an acknowledgement that is printed behind it rests on forces that were answered before it, and those bytes are on the
//! medium in every state that may be found; or the store acknowledged what was never forced, and that is what this is to find.
//!
//! # What the kernel does
//!
//! Seen on Linux 6.18; what is marked so is tested by `tests.rs`:
//!
//! * A write with `O_DIRECT | O_DSYNC` arrives as a write and an `fsync` (tested). The drive forces just what was written through that
//!   handle, since a disk's file system does no more; the power may go between the two.
//! * `fdatasync`, `fsync` of a file and of a directory, `fallocate` and `renameat2` with `RENAME_NOREPLACE` arrive as such (tested). A
//!   file system that answers one of them with `ENOSYS` is never asked again, and the kernel pretends success: none is.
//! * Half of the mounts refuse `O_DIRECT` when a file is opened, as file systems may: then the log's forces go through the kernel's cache.
//! * Without writeback a buffered write is on its way to the disk when it returns. With it, it is in the kernel's cache until it is forced,
//!   the file is closed, or seconds have passed (tested): half of the cases each.
//! * The cache belongs to the mount. Each life has a new mount, so nothing is kept there that the power took; only a life behind a killed
//!   process, or behind a fault without a power cut, goes on with the cache that it finds (`FOPEN_KEEP_CACHE`), as on a disk.
//! * A failed `fsync` leaves clean pages: the kernel's cache shows what the disk lost, until it is dropped (tested). The drive itself
//!   shows what is on the medium. A direct write leaves nothing in that cache.
//! * `flock` is the kernel's own.
//!
//! # What it does not do
//!
//! It serves one request at a time, so the power never goes inside a request; it has no journal, no delayed allocation and no limit of
//! space; and no other file system's bugs.

mod case;
mod device;
mod drive;
mod faults;
mod file_system;
mod inodes;
mod leftovers;
mod power;
mod program;
mod session;
mod tally;
#[cfg(test)]
mod tests;
mod workplace;

pub use case::run_case;
pub use session::why_not;
pub use tally::Tally;
