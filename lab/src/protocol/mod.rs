//! The protocol of commit, truncation and recovery as a model: small enough to be read as its explanation, and run through millions of
//! crashes to see whether it keeps its promises.
//!
//! # What is modelled
//!
//! A store has three segments, each with a log of six slots; a slot holds one record. A transaction writes some segments, at random, and
//! may read others. Its commit appends one record to the log of each segment that it wrote (`commit`), each naming all the others;
//! it is committed if and only if all of them survive. A durable commit forces all that its survival hangs on, the *closure*
//! (`closure`, `force`), and only then is *decided*: no crash can take it back. Truncation carries decided records into the segments
//! (`truncation`). After a crash, recovery looks for the *largest consistent cut*: the longest prefix of each log such that no record
//! in it names one that is not there (`cut`, `recovery`).
//!
//! Under the store is a machine (`machine`) that does to it what machines do. Whatever is written goes to a cache; the machine writes
//! single pages of it back when it likes, in any order. A force may fail, and then the cache holds what the medium does not,
//! and says nothing of it. The process may be killed at every step, which leaves the cache, or the power may fail, which
//! leaves any part of what was not forced, with slots torn. Recovery is interrupted in the same ways, and starts over.
//!
//! A run is four lives of a store (`life`). After each completed recovery the [oracle](crate::oracle) judges what is found.
//!
//! # What each rule is for
//!
//! Every rule that the store obeys is named in [`Rule`]. A run may go without one, and is then found to break a promise; a rule whose
//! removal nobody notices is not needed, or the model is too small to show why it is.
//!
//! # What is not modelled
//!
//! Bytes: records that wrap, torn records inside of a slot, checksums, rot. The two slots of a header. Aborts, which leave nothing behind, as
//! long as nothing was appended. Forces of several logs at the same time; here they follow each other, in any order, and commits
//! come in between. The real code is put through all that by the campaigns over the simulated storage.

mod closure;
mod commit;
mod cut;
mod force;
mod life;
mod log;
mod machine;
mod page;
mod recovery;
mod rule;
mod segment;
mod store;
mod summary;
mod truncation;

use std::ops::Range;
use std::thread;

pub use rule::Rule;
pub use summary::{First, Summary};

/// Runs the model once for each seed, by all of its rules or without one of them.
#[must_use]
pub fn run(seeds: Range<u64>, without: Option<Rule>) -> Summary {
    let mut summary = Summary::default();
    seeds.for_each(|seed| life::run(seed, without, &mut summary));
    summary
}

/// Runs the model by all of its rules for the seeds below `runs`, on several threads. The outcome does not depend on how many.
#[must_use]
pub fn campaign(runs: u64, threads: usize) -> Summary {
    let threads = u64::try_from(threads.max(1)).unwrap_or(u64::MAX).min(runs.max(1));
    let bounds = |thread: u64| {
        let bound = |number: u64| u128::from(runs) * u128::from(number) / u128::from(threads);
        let bound = |number| u64::try_from(bound(number)).unwrap_or(runs);
        bound(thread)..bound(thread + 1)
    };
    thread::scope(|scope| {
        let start = |thread| scope.spawn(move || run(bounds(thread), None));
        let working: Vec<_> = (0..threads).map(start).collect();
        let mut all = Summary::default();
        for thread in working {
            match thread.join() {
                Ok(summary) => all.add(&summary),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}
