//! Harnesses on the real kernel: the program `life` on real file systems, while system calls fail, disks are full, and block devices
//! lose what was not flushed. What it printed before is what was acknowledged; afterwards the oracle judges what is there.
//!
//! They need root or tools that not every machine has, and say so where they are missing. Whatever they start is bounded in time
//! and ended when they end; only the evidence of a failure stays.

pub mod block_log;
mod disk;
mod evidence;
pub mod full_disks;
mod life;
mod mount;
pub mod syscalls;

pub use disk::Disk;
pub use mount::FileSystem;
