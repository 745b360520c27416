//! Power cuts, kills and faults under a real mount.

use std::path::Path;

use lab::mount::{Tally, run_case, why_not};

/// Guards against a promise that holds on the simulated device and not through the kernel: a force that never arrives, a name or a length
/// that is not synced, bytes that only the page cache has.
#[test]
fn no_power_cut_under_a_mount_breaks_a_promise() {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return;
    }
    let life = Path::new(env!("CARGO_BIN_EXE_life"));
    let mut all = Tally::default();
    for seed in 0..super::env("RVM_SEEDS", 5) {
        all.add(&run_case(life, seed).unwrap_or_else(|failure| panic!("{failure}")));
    }
    println!("{all:?}");
    assert!(all.cuts > 40 && all.in_recovery > 10 && all.mapped > 10, "the lab slept: {all:?}");
    assert!(all.writeback > 10 && all.kills > 0 && all.faults > 10, "the lab slept: {all:?}");
    assert!(all.acknowledged > 20, "the lab slept: {all:?}");
}
