//! Group commit, entangled commits, forces in parallel, and what readers are shown.

use rvm_txn::Durability;

use crate::disk::coin;
use crate::explore::explore;
use crate::stage::{Stage, config};

/// Guards against a commit that is acknowledged by a force that began before it was appended, or by nobody's: a follower that is
/// not woken, a leader that takes too little.
#[test]
fn a_group_of_commits_to_one_segment() {
    explore(|| {
        let stage = Stage::new(&["a"], 0, config());
        let commit_twice = |stage: &Stage| {
            stage.force(&["a"]);
            stage.force(&["a"]);
        };
        stage.play(vec![commit_twice, commit_twice, |stage| stage.cuts(2)]);
    });
}

/// Guards against half of a transaction behind a crash: its records are in two logs, and only one of them is forced for
/// somebody else's commit.
#[test]
fn a_forced_commit_behind_lazy_ones_over_two_segments() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], 0, config());
        stage.play(vec![
            |stage| {
                stage.lazy(&["a", "b"]);
                stage.lazy(&["a"]);
                stage.lazy(&["b", "a"]);
            },
            |stage| {
                stage.force(&["b"]);
                stage.force(&["b"]);
            },
            |stage| stage.cuts(2),
        ]);
    });
}

/// Guards against a commit that survives what it was built on: it read one segment and wrote another.
#[test]
fn a_forced_commit_that_depends_on_what_it_read() {
    explore(|| {
        let stage = Stage::new(&["a", "b", "c"], 0, config());
        stage.play(vec![
            |stage| {
                stage.lazy(&["a", "c"]);
                stage.lazy(&["a"]);
            },
            |stage| {
                stage.add(&["b"], &["a"], Durability::Force).unwrap();
                stage.add(&["c"], &["b"], Durability::Lazy).unwrap();
            },
            |stage| {
                stage.add(&["c"], &["a", "b"], Durability::Force).unwrap();
                stage.add(&[], &["c"], Durability::Force).unwrap();
            },
        ]);
    });
}

/// Guards against a commit that does not wait for a force which a helper does for it, and against helpers that nobody ends.
#[test]
fn commits_over_several_segments_with_helpers() {
    explore(|| {
        let mut config = config();
        config.helpers = if coin() { 1 } else { 2 };
        let stage = Stage::new(&["a", "b", "c"], 0, config);
        stage.play(vec![
            |stage| {
                stage.force(&["a", "b", "c"]);
                stage.lazy(&["b", "c"]);
            },
            |stage| {
                stage.force(&["c", "a"]);
                stage.force(&["b"]);
            },
            |stage| stage.cuts(2),
        ]);
    });
}

/// Guards against a view of what a crash takes back: a commit that is in memory and not yet durable, or durable in one of its logs
/// only.
#[test]
fn readers_are_shown_what_no_crash_takes_back() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], 0, config());
        stage.play(vec![
            |stage| {
                stage.force(&["a", "b"]);
                stage.force(&["a"]);
            },
            |stage| {
                stage.force(&["b"]);
                stage.force(&["b", "a"]);
            },
            |stage| {
                stage.look(&["a"]).unwrap();
                stage.look(&["b"]).unwrap();
                stage.look(&["a", "b"]).unwrap();
            },
        ]);
    });
}
