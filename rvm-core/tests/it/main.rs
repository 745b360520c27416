//! The integration tests of the store, as its users see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that goes wrong should panic, and its numbers are small"
)]

mod child;
mod damage;
mod declared;
mod entangled;
mod failing;
mod failures;
mod faults;
mod files;
mod fork;
mod history;
mod lifecycle;
mod misuse;
mod model;
mod rotted;
mod salvage;
mod syscalls;
mod threads;
mod tidy;
mod workspace;
