//! Random lives of the real store: power cuts at every operation, kills, faults, and recovery interrupted to depth 3.

use lab::life::{Script, explore, explore_with_faults, explore_with_threads};
use rvm_core::rvm_storage::sim::{Exploration, Explorer};

use super::env;

/// Guards against an acknowledged commit lost, an aborted one kept, a transaction kept in part or without what it read, and a recovery that
/// decides twice.
#[test]
fn no_power_cut_breaks_a_promise() {
    let mut all = Exploration::default();
    for seed in 0..env("RVM_SEEDS", 6) {
        let script = Script::random(seed, 12);
        let explorer = Explorer::new(seed).exhaustive_up_to(64).samples(16);
        let done = explore(&explorer, &script);
        all.add(&done.unwrap_or_else(|failure| panic!("{failure}")));
    }
    println!("{all:?}");
    assert!(all.states > 3_000 && all.nested > 300, "the lab slept: {all:?}");
}

/// Guards against a group commit that acknowledges one of its followers too early, and against a truncation that passes a commit under way.
#[test]
fn no_power_cut_under_threads_breaks_a_promise() {
    let mut all = Exploration::default();
    for seed in 0..env("RVM_SEEDS", 3) {
        let script = Script::random(seed, 24);
        let explorer = Explorer::new(seed).exhaustive_up_to(16).samples(8);
        let done = explore_with_threads(&explorer, &script);
        all.add(&done.unwrap_or_else(|failure| panic!("{failure}")));
    }
    println!("{all:?}");
    assert!(all.states > 500, "the lab slept: {all:?}");
}

/// Guards against a store that goes on where it should stop, and against one that loses what it acknowledged before.
#[test]
fn no_fault_breaks_a_promise() {
    let mut all = Exploration::default();
    for seed in 0..env("RVM_SEEDS", 1) {
        let script = Script::random(seed, 8);
        let done = explore_with_faults(&Explorer::new(seed).nested_share(0.5), &script);
        all.add(&done.unwrap_or_else(|failure| panic!("{failure}")));
    }
    println!("{all:?}");
    assert!(all.faults > 500, "the lab slept: {all:?}");
}
