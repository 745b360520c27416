//! Commits while logs are truncated, full, and resized.

use crate::disk::coin;
use crate::explore::explore;
use crate::stage::{SMALL_RING, Stage, config};

/// Three records of this size fill the smallest ring.
const FILL: usize = 9000;

/// Guards against truncation that frees what the segment does not hold yet, or passes what a crash can take back, while commits
/// wait for that room.
#[test]
fn commits_wait_for_room_in_a_full_log() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], FILL, config());
        let fill = |stage: &Stage| {
            stage.lazy(&["a", "b"]);
            stage.force(&["a"]);
            stage.force(&["b"]);
        };
        stage.play(vec![fill, fill, |stage| stage.cuts(3)]);
    });
}

/// Guards against a truncation that is asked for while commits, growth and a second truncation go on: a ring that is resized under
/// a record, a head that goes back, a wait for room that nobody ends.
#[test]
fn logs_are_truncated_and_resized_under_commits() {
    explore(|| {
        let mut config = config();
        if coin() {
            config.log_capacity_max = 2 * SMALL_RING;
        }
        let stage = Stage::new(&["a", "b"], FILL, config);
        stage.play(vec![
            |stage| {
                stage.force(&["a"]);
                stage.lazy(&["a", "b"]);
                stage.force(&["a"]);
                stage.force(&["a"]);
            },
            |stage| {
                stage.store.truncate_log().unwrap();
                stage.force(&["b"]);
                stage.store.truncate_log().unwrap();
            },
            |stage| {
                stage.cuts(2);
                stage.store.flush().unwrap();
                stage.cuts(1);
            },
        ]);
    });
}

/// Guards against truncation of a log up to what is durable there, while the other half of a transaction still is not.
#[test]
fn a_full_log_is_truncated_while_a_commit_is_half_durable() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], FILL / 2, config());
        stage.play(vec![
            |stage| {
                stage.force(&["a", "b"]);
                stage.force(&["a", "b"]);
            },
            |stage| (0..9).for_each(|_| stage.lazy(&["b"])),
            |stage| stage.cuts(6),
        ]);
    });
}
