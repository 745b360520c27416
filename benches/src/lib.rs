//! What the benchmarks of recoverable virtual memory share: the transactions they run, the stores they run them on, and
//! the plain operations that they are measured against.
//!
//! Run one of
//!
//! ```text
//! cargo run --release -p benches --bin ratios                     the table of ratios: ours to the plain operation
//! cargo run --release -p benches --bin ratios 25                  the same, with 25 rounds
//! cargo run --release -p benches --bin ratios -- --only commits   some of its groups; --help names them
//! cargo run --release -p benches --bin ratios -- --markdown       the table for docs/performance.md
//! cargo run --release -p benches --bin instructions               the instructions of the hot paths, counted by valgrind
//! cargo run --release -p benches --features peers --bin compare   ours beside other stores: tables and plots
//! cargo bench -p benches                                          all of criterion's
//! cargo bench -p benches --bench commit -- forced                 some of them
//! ```
//!
//! Absolute times say little about a library and much about a machine, so each benchmark has a plain operation beside
//! it, made by hand and without the library: an array with an undo buffer and a log of records with checksums, forced past
//! the page cache; as many logs forced by as many threads; a log replayed in order; a file read or written at once; a copy
//! of the same bytes; and Rust, for the interface from C. `ratios` runs ours and the plain one in turn, round by round in one process, and prints medians with
//! their spread, and the target of each row. A row that misses it is marked, and so is one whose plain rounds differ by more
//! than 30 %, since then the machine was not quiet. For figures to be quoted leave the machine alone, and as root use
//! `chrt -f 1`, so that nobody waits for a processor.
//!
//! `compare` does the same with several stores, and calls by hand what the others are to be read against.
//! `docs/performance.md` says what each store is asked for.
//!
//! The sources: `raw/` is what is done by hand; `ledger.rs` and its neighbours are ours, to be timed doing the same.
//! `rounds.rs` has both take turns, `spread.rs` and `row.rs` say what came of it, `machine.rs` and `device.rs` where. Only
//! `compare` needs `peers/`, the other stores, and `compare/`.
//!
//! Stores lie in the directory for temporary files. Set `TMPDIR` to choose the disk; on one that is memory a force
//! costs nothing. Some 5 GB are written there at a time, and 4 GB of memory used.
//!
//! [`replay_bench`] takes any storage: to see how a backend of yours replays, call it from a benchmark of yours.

#![cfg_attr(not(feature = "peers"), forbid(unsafe_code))]

mod amounts;
mod cache;
mod clean;
#[cfg(feature = "peers")]
pub mod compare;
mod crashed;
mod criterion_replay;
mod declarations;
mod declared;
mod device;
mod figure;
mod footprint;
mod hot;
mod in_turn;
mod large;
mod ledger;
mod logs;
mod machine;
mod pages;
#[cfg(feature = "peers")]
pub mod peers;
mod quantile;
mod raw;
mod reads;
mod records;
mod rounds;
mod row;
mod runs;
mod spread;
mod threads;
mod watched;

pub use amounts::log_bytes_of_a_commit;
pub use cache::Temperature;
pub use clean::CleanStore;
pub use crashed::CrashedStore;
pub use criterion_replay::replay_bench;
pub use declarations::{Declarations, RawUndo};
pub use declared::Declared;
pub use device::Device;
pub use figure::figure;
pub use footprint::Footprint;
pub use hot::{HOT_PATHS, HotPath};
pub use in_turn::{InTurn, commit_when_asked};
pub use large::{LargeCommits, LargeTimes, LargeWrites};
pub use ledger::Ledger;
pub use logs::SampleLog;
pub use machine::Machine;
pub use pages::pages_of;
pub use quantile::Sorted;
pub use raw::{
    ForcedFile, PlainCopy, PlainStores, RAW_RECORD_LEN, RawBeside, RawGroup, RawParallel,
    RawReplay, RawStore,
};
pub use reads::RandomReads;
pub use records::Records;
pub use rounds::{Pair, each, measure};
pub use row::{Row, Target, Unit};
pub use runs::GROUP;
pub use spread::{STEADY, Spread};
pub use watched::Latency;

/// What a benchmark can fail with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
