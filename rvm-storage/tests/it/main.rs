//! The integration tests of the storage crate: one binary, a module for each kind of promise.
//!
//! Tests that change what belongs to the whole process run in a child process of their own: see `child`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod backends;
#[cfg(target_os = "linux")]
mod cache;
mod child;
mod descriptors;
mod direct;
mod directory;
mod explorer;
mod locks;
mod memory;
mod planted;
mod sim;
mod sim_corners;
mod simulated;

use rvm_storage::{FileName, FileRole, SegmentName};

/// The `.seg` file of a segment.
fn seg(segment: &str) -> FileName {
    FileName::new(&SegmentName::new(segment).unwrap(), FileRole::Segment)
}
