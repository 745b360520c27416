//! The C interface as programs in C use it: headers, the contract, forks, kills, threads, the example programs, the installation.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod contract;
mod crash_habits;
mod headers;
mod kills;
mod programs;
mod threads;
