//! A script under the explorer; a failure is told with the script that it belongs to.

use std::sync::Arc;

use rvm_core::rvm_storage::Storage;
use rvm_core::rvm_storage::sim::{Counterexample, Exploration, Explorer, Failure, SimStorage};

use super::check::check;
use super::program::run;
use super::script::Script;
use super::threads::run_on_threads;

/// Cuts the power at every operation of the script, and kills the process there.
///
/// # Errors
/// The promise that was broken, and how.
pub fn explore(explorer: &Explorer, script: &Script) -> Result<Exploration, String> {
    told(
        script,
        explorer.explore(
            &script.steps,
            |storage, steps, notes| {
                run(script, &device(storage), steps, &|event| notes.note(event))
            },
            |storage, events| check(script, storage, events),
        ),
    )
}

/// As [`explore`], with the script's commits on several threads.
///
/// # Errors
/// The promise that was broken, and how.
pub fn explore_with_threads(explorer: &Explorer, script: &Script) -> Result<Exploration, String> {
    told(
        script,
        explorer.explore(
            &script.steps,
            |storage, steps, notes| {
                // So that several forces are under way at once, and the power goes inside all of them.
                storage.on_forced_write(|_| std::thread::yield_now());
                run_on_threads(script, &device(storage), steps, &|event| notes.note(event))
            },
            |storage, events| check(script, storage, events),
        ),
    )
}

/// Lets every operation of the script fail in turn, in every way.
///
/// # Errors
/// The promise that was broken, and how.
pub fn explore_with_faults(explorer: &Explorer, script: &Script) -> Result<Exploration, String> {
    told(
        script,
        explorer.fail_each(
            &script.steps,
            &Failure::ALL,
            |storage, steps, notes| {
                run(script, &device(storage), steps, &|event| notes.note(event))
            },
            |storage, events| check(script, storage, events),
        ),
    )
}

fn device(storage: &SimStorage) -> Arc<dyn Storage> {
    Arc::new(storage.clone())
}

fn told(
    script: &Script,
    explored: Result<Exploration, Box<Counterexample>>,
) -> Result<Exploration, String> {
    explored.map_err(|failure| format!("{failure}\n  {script:?}"))
}
