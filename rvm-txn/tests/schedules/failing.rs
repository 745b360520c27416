//! A force of a log fails while several threads wait for it.

use std::sync::Arc;

use rvm_txn::{Durability, Error};
use shuttle::rand::{Rng, thread_rng};

use crate::disk::coin;
use crate::explore::explore;
use crate::stage::{Stage, config};

/// Adds to the segments; says whether the store still takes commits. Nothing may fail in another way, or before the force did.
fn commits(stage: &Stage, written: &[&'static str], durability: Durability) -> bool {
    let refuses_already = stage.store.flush().is_err();
    match stage.add(written, &[], durability) {
        Ok(()) => {
            assert!(!refuses_already, "a commit behind a failure that was told");
            true
        }
        Err(Error::Poisoned { .. } | Error::Indeterminate { .. }) => {
            assert!(stage.disk.has_failed(), "poisoned without a failure");
            false
        }
        Err(Error::Closed) => false,
        Err(error) => panic!("{error}"),
    }
}

fn stage() -> Arc<Stage> {
    let mut config = config();
    config.helpers = usize::from(coin());
    // With long records a force that fails leaves a hole; short ones lie in a block that the next force writes again.
    let stage = Stage::new(&["a", "b"], if coin() { 4000 } else { 0 }, config);
    // Twice a log's header is changed before the first record.
    stage.disk.fail_after(thread_rng().gen_range(0..5));
    stage
}

/// Guards against a commit that is acknowledged by a force after the one that failed, against one that is refused and there all
/// the same, and against a thread that nobody tells.
#[test]
fn nobody_is_acknowledged_behind_a_failed_force() {
    explore(|| {
        let until_refused = |stage: &Stage| {
            let durabilities = [Durability::Force, Durability::Lazy, Durability::Force];
            for durability in durabilities {
                if !commits(stage, &["a"], durability) {
                    assert!(!commits(stage, &["a"], durability), "refused, and then taken");
                    return;
                }
            }
        };
        stage().play(vec![until_refused, until_refused, until_refused]);
    });
}

/// Guards against waits on one log that the failure of another does not end: entangled commits, and a reader.
#[test]
fn all_who_wait_learn_of_a_failed_force() {
    explore(|| {
        stage().play(vec![
            |stage| {
                commits(stage, &["a", "b"], Durability::Force);
                commits(stage, &["b"], Durability::Lazy);
                commits(stage, &["a"], Durability::Force);
            },
            |stage| {
                commits(stage, &["b"], Durability::Force);
                commits(stage, &["b", "a"], Durability::Force);
            },
            |stage| {
                for names in [&["a"][..], &["b"], &["a", "b"]] {
                    let seen = stage.look(names);
                    assert!(seen.is_ok() || stage.disk.has_failed(), "{seen:?}");
                }
            },
        ]);
    });
}

/// Guards against a store that is given up while a force is still under way: closing has nothing to wait for but that.
#[test]
fn the_store_is_closed_while_a_force_fails() {
    explore(|| {
        stage().play(vec![
            |stage| {
                commits(stage, &["a"], Durability::Force);
                commits(stage, &["a"], Durability::Force);
            },
            |stage| {
                commits(stage, &["b"], Durability::Force);
                commits(stage, &["b"], Durability::Force);
            },
            |stage| {
                while matches!(stage.store.close(), Err(Error::Busy { .. })) {
                    shuttle::thread::yield_now();
                }
            },
        ]);
    });
}
