//! System calls of a real program made to fail: a slice of the campaign.

use std::path::Path;

use lab::real::syscalls::{Plan, cannot_run, run};

/// Guards against a store that goes on behind a failed force, takes a short write for a whole one, or is left in halves by a kill.
#[test]
fn no_system_call_that_fails_breaks_a_promise() {
    if let Some(reason) = cannot_run() {
        println!("skipped: {reason}");
        return;
    }
    let plan = Plan { faults: 150, seed: 1, threads: 2 };
    let program = Path::new(env!("CARGO_BIN_EXE_life"));
    let tally = run(program, &plan).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:?}");
    assert!(tally.errors > 50 && tally.kills > 20 && tally.short > 3, "{tally:?}");
    assert!(tally.in_recovery > 5 && tally.calls.len() > 5, "{tally:?}");
}
