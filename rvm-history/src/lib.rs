//! What a store of recoverable virtual memory was, and copies of it.
//!
//! The log knows who changed which bytes, and when. This crate reads it as history, checks it, and copies stores, beside a process that has
//! one open. `rvm-txn` keeps the store; nothing here writes to one that is open. `rvm-core` passes all of it on.

#![forbid(unsafe_code)]

pub mod archive;
pub mod backup;
pub mod compare;
pub mod copy_error;
mod feed;
pub mod forecast;
pub mod history;
pub mod image;
pub mod observer;
pub mod point_in_time;
pub mod portable;
pub mod repair;
pub mod restore;
pub mod snapshot;
pub mod statistics;
pub mod typed;
mod unfinished;
pub mod verify;

pub use history::History;
pub use snapshot::Snapshot;
