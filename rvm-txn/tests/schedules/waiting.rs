//! Who gets a segment, and who must wait: no wait goes on for ever.

use std::time::Duration;

use rvm_txn::{Durability, Error};

use crate::explore::explore;
use crate::stage::{Stage, config};

/// A transaction that may be refused for want of a segment.
fn try_to_add(stage: &Stage, names: &[&str]) {
    let segments: Vec<_> = names.iter().map(|name| stage.segment(name)).collect();
    match stage.store.begin_timeout(&segments, Duration::from_secs(1)) {
        Ok(txn) => txn.abort().unwrap(),
        Err(Error::Busy { .. } | Error::WouldDeadlock { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Guards against threads that wait for each other's views, and against a request that is forgotten when one before it gives up or
/// is refused.
#[test]
fn threads_with_views_want_each_others_segments() {
    explore(|| {
        let stage = Stage::new(&["a", "b"], 0, config());
        stage.play(vec![
            |stage| {
                let view = stage.segment("a").read().unwrap();
                try_to_add(stage, &["b"]);
                drop(stage.segment("b").read());
                drop(view);
                stage.force(&["a"]);
            },
            |stage| {
                let view = stage.segment("b").read().unwrap();
                match stage.add(&["a"], &[], Durability::Force) {
                    Ok(()) | Err(Error::WouldDeadlock { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                drop(view);
            },
            |stage| {
                try_to_add(stage, &["b", "a"]);
                stage.force(&["a", "b"]);
            },
        ]);
    });
}
