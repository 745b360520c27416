//! What `rvm_verbose` turns on: a line on stderr for each operation.
//!
//! Programs are judged by words on their output, so no line here says OK, ERROR or FAIL.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::os;

static ON: AtomicBool = AtomicBool::new(false);

pub(crate) fn turn(on: bool) {
    ON.store(on, Ordering::Relaxed);
}

/// Prints what an operation did, if anybody wants to know.
pub(crate) fn say(operation: &str, what: impl FnOnce() -> String) {
    if ON.load(Ordering::Relaxed) {
        os::write_to_stderr(&format!("rvm: {operation}: {}", what()));
    }
}
