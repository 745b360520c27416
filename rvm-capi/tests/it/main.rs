//! The C interface as programs in C use it: headers, the contract, forks, kills, threads, the example programs, the installation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod checked;
mod contract;
mod crash_habits;
mod documentation;
mod examples;
mod headers;
mod install;
mod kills;
mod manual;
mod programs;
mod surroundings;
mod threads;
