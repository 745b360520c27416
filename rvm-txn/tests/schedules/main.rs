//! The engine under a scheduler that tries many orders of its threads' steps.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p rvm-txn --test schedules`; without that flag there is nothing here. Each scenario
//! has two or three threads with a few transactions each, on a disk where every operation is a step of its own and whose power
//! is cut at steps the scheduler chose. A deadlock ends the run, as does a lost acknowledgement. `RVM_SCHEDULES=N` sets how many
//! schedules each scenario is run under, `SHUTTLE_RANDOM_SEED` where the choices begin; each prints `schedules: N` when it is done.
//!
//! Why shuttle and not loom: loom visits every order, weak memory included, of a kernel of some dozen steps. What can go wrong here
//! lies between the parts: group commit, closure, truncation, poison and closing, thousands of steps together, and shuttle
//! runs the engine itself. The price is a sample: half of the schedules are drawn at random, half by probabilistic concurrency
//! testing, which finds a fault that needs d ordering decisions among n threads of k steps with a chance of at least
//! 1 in n * k^(d-1) each time.
//!
//! Atomics are sequentially consistent here, whatever their ordering says. The engine leaves little to it: `closed`, `mapped` and
//! `spoiled` are flags, set with release and read with acquire, that publish nothing but themselves, and are read again under
//! the latch or the arbiter's lock where it matters; so is a waiter's `granted`, which ends its spinning; `pages_due` is a hint that the owner checks under the latch; transaction
//! numbers only have to differ; the rest are counts. All else is behind locks.
#![cfg(shuttle)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that goes wrong should panic, and a campaign reads what it prints"
)]

mod closing;
mod commits;
mod disk;
mod explore;
mod failing;
mod history;
mod locks;
mod stage;
mod truncation;
mod waiting;
