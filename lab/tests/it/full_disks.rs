//! Lives of a real program on full disks: a slice of the campaign. What single operations do there is in `full_disk.rs`.

use std::path::Path;

use lab::real::FileSystem;
use lab::real::full_disks::{Plan, run};

/// Guards against a disk without space that takes back what was acknowledged, or that keeps a store from being opened.
#[test]
fn no_full_disk_breaks_a_promise() {
    for kind in FileSystem::ALL {
        if let Some(reason) = kind.cannot_be_made() {
            println!("skipped: {}: {reason}", kind.name());
            continue;
        }
        let (lives, stride) = match kind {
            FileSystem::Ext4 => (60, 2),
            FileSystem::Xfs => (10, 9),
            FileSystem::Btrfs => (10, 40),
        };
        let plan = Plan { kind, lives, seed: 1, stride };
        let program = Path::new(env!("CARGO_BIN_EXE_life"));
        let tally = run(program, &plan).unwrap_or_else(|failure| panic!("{failure}"));
        println!("{}: {tally:?}", kind.name());
        assert!(tally.starved > 2 && tally.opened_full > 5, "{}: {tally:?}", kind.name());
    }
}
