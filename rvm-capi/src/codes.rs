//! What the extended calls return.
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::doc_markdown, reason = "the text of a header")]

use std::ffi::c_int;

/// It is done.
pub const RVMX_DONE: c_int = 0;
/// The caller asked for something that makes no sense; nothing happened.
pub const RVMX_MISUSE: c_int = 1;
/// A segment is in an open transaction.
pub const RVMX_BUSY: c_int = 2;
/// No such segment.
pub const RVMX_NOT_FOUND: c_int = 3;
/// The directory is open in another process.
pub const RVMX_LOCKED: c_int = 4;
/// The operating system failed; errno says how.
pub const RVMX_IO: c_int = 5;
/// The device is full; nothing is lost.
pub const RVMX_NO_SPACE: c_int = 6;
/// A file is damaged; nothing was changed.
pub const RVMX_CORRUPT: c_int = 7;
/// A write or a force failed earlier; no commit is taken until the directory is opened again.
pub const RVMX_POISONED: c_int = 8;
/// A commit was under way when a write or a force failed: whether it took effect is known when the directory is opened again.
pub const RVMX_INDETERMINATE: c_int = 9;
/// No open transaction has this number.
pub const RVMX_NO_TRANSACTION: c_int = 10;
/// Another thread is using the transaction at this moment.
pub const RVMX_IN_USE: c_int = 11;
/// The transaction does not fit the largest log; it was aborted.
pub const RVMX_TOO_LARGE: c_int = 12;
/// The wait would never end: this thread is itself waited for.
pub const RVMX_DEADLOCK: c_int = 13;
/// The handle is of the parent process.
pub const RVMX_FORKED: c_int = 14;
/// The directory or a segment is not in a state to do this.
pub const RVMX_STATE: c_int = 15;
/// A mistake of the library.
pub const RVMX_BUG: c_int = 16;

/// Durability of a commit: it is on stable storage when the call returns.
pub const RVMX_FORCE: c_int = 0;
/// Durability of a commit: it is in memory, and on stable storage after rvmx_flush, or the lazy interval. A crash may lose it, together with
/// all that came after it, but never a part of it.
pub const RVMX_LAZY: c_int = 1;

/// A wait without an end.
pub const RVMX_FOREVER: c_int = -1;
