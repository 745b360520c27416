//! Checks that a backend does what [`Storage`] and [`Blob`](crate::Blob) promise.
//!
//! Run [`check`] in a test of your backend, and [`check_crash`] if it can lose power. Each check has a name and a
//! fresh store, and a failure is a value, not a panic. Only promises are checked: what a backend may do or leave, such
//! as losing bytes that were not forced, passes either way.
//!
//! No check can show that bytes are on stable storage, nor that an error of a device is passed on.
//!
//! ```
//! use std::sync::Arc;
//! use rvm_storage::{MemStorage, conformance};
//!
//! conformance::check(&|| Arc::new(MemStorage::new())).map_err(|failures| failures[0].to_string())?;
//! # Ok::<(), String>(())
//! ```

mod bytes;
mod crash;
mod locks;
mod names;
mod sizes;
mod threads;
mod verdict;

use std::fmt;
use std::sync::Arc;

use crate::backend::Storage;

use self::verdict::Verdict;

/// One check that a backend did not pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The promise that is broken.
    pub check: &'static str,
    /// What was wanted and what was found.
    pub detail: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.detail)
    }
}

impl std::error::Error for Failure {}

/// A check of one store, empty at first.
type Check = (&'static str, fn(&dyn Storage) -> Verdict);

/// Cuts a store's power and returns what comes up again.
type Crash<'a> = &'a dyn Fn(Arc<dyn Storage>) -> Arc<dyn Storage>;

/// A check of one store, empty at first, and of what a crash leaves of it.
type CrashCheck = (&'static str, fn(Arc<dyn Storage>, Crash<'_>) -> Verdict);

/// Runs every check, each on a store of its own. `make` returns an empty store that nobody else has.
///
/// # Errors
/// All failures, in the order of the checks.
pub fn check(make: &dyn Fn() -> Arc<dyn Storage>) -> Result<(), Vec<Failure>> {
    let groups = [names::CHECKS, bytes::CHECKS, sizes::CHECKS, threads::CHECKS, locks::CHECKS];
    verdict_of(groups.into_iter().flatten().map(|&(name, run)| (name, run(&*make()))))
}

/// Runs every check of what survives a crash. `crash` cuts the power of a store that `make` made and returns the store
/// as it comes up again; old handles may still be around.
///
/// # Errors
/// All failures, in the order of the checks.
pub fn check_crash(
    make: &dyn Fn() -> Arc<dyn Storage>,
    crash: &dyn Fn(Arc<dyn Storage>) -> Arc<dyn Storage>,
) -> Result<(), Vec<Failure>> {
    verdict_of(crash::CHECKS.iter().map(|&(name, run)| (name, run(make(), crash))))
}

fn verdict_of(verdicts: impl Iterator<Item = (&'static str, Verdict)>) -> Result<(), Vec<Failure>> {
    let failures: Vec<Failure> = verdicts
        .filter_map(|(check, verdict)| Some(Failure { check, detail: verdict.err()? }))
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}
