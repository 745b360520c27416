//! The integration tests of the store, as its users see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that goes wrong should panic, and its numbers are small"
)]

mod archive;
mod backups;
mod child;
mod closing;
mod compare;
mod damage;
mod declared;
mod entangled;
mod failures;
mod faults;
mod files;
mod files_that_fail;
mod fork;
mod history;
mod lifecycle;
mod limits;
mod log_history;
mod misuse;
mod model;
mod portable;
mod read_only;
mod rotted;
mod salvage;
mod snapshot;
mod statistics;
mod syscalls;
mod threads;
mod tidy;
mod undoing;
mod verify;
mod workspace;
