//! Runs a scenario under many schedules, the same ones each time.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How many schedules of a scenario are tried unless `RVM_SCHEDULES` says otherwise.
const SCHEDULES: usize = 400;

/// How many ordering decisions the faults that are looked for may need.
const DECISIONS: usize = 4;

const SEED: u64 = 1993;

/// Fails, and prints how to repeat the schedule, if the scenario panics or its threads wait for each other.
pub(super) fn explore(scenario: fn()) {
    let wanted = std::env::var("RVM_SCHEDULES").map_or(SCHEDULES, |number| number.parse().unwrap());
    let by_priority = wanted / 2;
    let begun = Arc::new(AtomicUsize::new(0));
    let explored = catch_unwind(AssertUnwindSafe(|| {
        run(RandomScheduler::new_from_seed(SEED, wanted - by_priority), scenario, &begun);
        if by_priority > 0 {
            run(PctScheduler::new_from_seed(SEED, DECISIONS, by_priority), scenario, &begun);
        }
    }));
    let begun = begun.load(Ordering::Relaxed);
    if let Err(failure) = explored {
        println!("\nfailed under schedule {begun}");
        resume_unwind(failure);
    }
    assert_eq!(begun, wanted, "some schedules were not run");
    println!("\nschedules: {begun}");
}

fn run(scheduler: impl Scheduler + 'static, scenario: fn(), begun: &Arc<AtomicUsize>) {
    let mut config = Config::new();
    // Recovery on a thread's stack, unoptimised.
    config.stack_size = 1 << 18;
    // It warns of weak memory; the header of this crate says what rests on it.
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    let begun = Arc::clone(begun);
    Runner::new(scheduler, config).run(move || {
        begun.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
}
