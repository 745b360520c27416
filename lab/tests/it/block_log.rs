//! Power cuts under real file systems: a slice of the campaign.

use std::path::Path;

use lab::real::FileSystem;
use lab::real::block_log::{Plan, cannot_run, run};

/// Guards against a commit that is acknowledged before the device has it, with its name, its length and all that it rests on.
#[test]
fn no_power_cut_under_a_file_system_breaks_a_promise() {
    for kind in FileSystem::ALL {
        if let Some(reason) = cannot_run(kind) {
            println!("skipped: {}: {reason}", kind.name());
            continue;
        }
        let (points, stride) = if kind == FileSystem::Ext4 { (60, 5) } else { (10, 19) };
        let plan = Plan { kind, points, seed: 1, stride };
        let program = Path::new(env!("CARGO_BIN_EXE_life"));
        let tally = run(program, &plan).unwrap_or_else(|failure| panic!("{failure}"));
        println!("{}: {tally:?}", kind.name());
        assert!(tally.acknowledged > points / 3, "{}: {tally:?}", kind.name());
    }
}
