//! Stores on a disk that is full, or nearly: small file systems of their own, mounted from an image, filled up to the
//! block. What an operation promises for a full disk is checked at many numbers of free blocks, because each of its
//! steps can be the one that finds none.
//!
//! Mounting needs root and a few tools. Without them a test says `skipped` and passes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use rvm_core::{CommitOutcome, Error, Options, Result, Rvm, Segment};
use tempfile::TempDir;

use super::child;

/// Guards against a `map` that leaves half a segment behind when the disk is full, or that harms the store.
#[test]
fn a_segment_that_cannot_be_made_leaves_nothing() {
    on_each_disk(|disk| {
        let store = disk.store();
        let options = || fixed_log().log_capacity_initial(32 << 10);
        let mut old = vec![0; 10_000];
        let (mut made, mut refused) = (0, 0);
        for blocks in 0..28 {
            let rvm = options().open(&store).unwrap();
            let segment = rvm.map("old", 10_000).unwrap();
            disk.leave(blocks);
            let before = names(&store);
            match rvm.map("new", 40_000) {
                Ok(new) => {
                    made += 1;
                    put(&rvm, &new, &mut vec![0; 40_000], (30_000, 500)).unwrap();
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.is_out_of_space(), "{blocks} blocks: {error}");
                    assert_eq!(names(&store), before, "{blocks} blocks");
                }
            }
            // The other segment's log has its space already.
            put(&rvm, &segment, &mut old, (blocks * 100, 100)).unwrap();
            survives(&store, &[("old", &old)]);
            disk.free();
            let new = rvm.map("new", 40_000);
            let new = new.or_else(|error| match error {
                Error::AlreadyMapped { .. } => Ok(rvm.begin(&[])).and(Err(error)),
                error => Err(error),
            });
            drop(new);
            rvm.close().unwrap();
            let rvm = options().open(&store).unwrap();
            rvm.destroy("new").unwrap();
            assert_eq!(rvm.map("old", 1).unwrap().read().unwrap()[..], old);
        }
        assert!(made > 0 && refused > 0, "{made} made, {refused} refused");
    });
}
