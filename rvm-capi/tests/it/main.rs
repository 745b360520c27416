//! The C interface as programs in C use it: headers, the contract, forks, kills, threads, the example programs, the installation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod checked;
mod headers;
mod kills;
mod programs;
mod threads;
