//! The integration tests of `rvmctl`: the program itself, run as its users run it. A module for each kind of promise.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod archives;
mod backups;
mod bench;
mod changing;
mod copies;
mod crashtest;
mod demo;
mod demo_input;
mod exit_codes;
mod flights;
mod json;
mod log_history;
mod looking;
mod output;
mod pages;
mod pictures;
mod repair;
mod rvmctl;
mod salvage;
mod sessions;
mod shell;
mod stats;
mod stores;
mod surroundings;
mod terminal;
mod verify;
