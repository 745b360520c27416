//! What the benchmarks of recoverable virtual memory share: the transactions they run, the stores they run them on, and
//! the plain operations that they are measured against.
//!
//! Run one of
//!
//! ```text
//! cargo run --release -p benches --bin ratios         the table of ratios: ours to the plain operation
//! cargo run --release -p benches --bin ratios 25      the same, with 25 rounds
//! cargo run --release -p benches --bin instructions   the instructions of the hot paths, counted by valgrind
//! cargo run --release -p benches --features peers --bin compare    ours beside other stores: tables and plots
//! cargo bench -p benches                              all of criterion's
//! cargo bench -p benches --bench commit -- forced     some of them
//! ```
//!
//! Absolute times say little about a library and much about a machine, so each benchmark has a plain operation beside
//! it, made by hand and without the library: an array with an undo buffer and a log of records with checksums, forced past the page cache; as
//! many logs forced by as many threads; a log replayed in order; a copy of the same bytes.
//! `ratios` runs ours and the plain one in turn, round by round in one process, and prints medians with their spread;
//! a line whose plain rounds differ by more than 30 % is marked, since then the machine was not quiet. For figures to
//! be quoted leave the machine alone, and as root use `chrt -f 1`, so that nobody waits for a processor.
//!
//! `compare` does the same with several stores, and calls by hand what the others are to be read against. `docs/performance.md` says what each
//! store is asked for.
//!
//! Stores lie in the directory for temporary files. Set `TMPDIR` to choose the disk; on one that is memory a force
//! costs nothing.

#![cfg_attr(not(feature = "peers"), forbid(unsafe_code))]

#[cfg(feature = "peers")]
pub mod compare;
mod hot;
mod ledger;
mod logs;
#[cfg(feature = "peers")]
pub mod peers;
mod raw;
mod rounds;
mod runs;
mod threads;

pub use hot::{HOT_PATHS, HotPath};
pub use ledger::Ledger;
pub use logs::{CrashedStore, Records, SampleLog};
pub use raw::{ForcedFile, PlainCopy, PlainStores, RawGroup, RawParallel, RawReplay, RawStore};
pub use rounds::{Pair, Row, STEADY, Spread, measure};
pub use runs::GROUP;

/// What a benchmark can fail with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
