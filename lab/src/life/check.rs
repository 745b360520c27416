//! What is found in a store after a crash, and whether it may be.

use std::sync::Arc;

use rvm_core::rvm_storage::Storage;
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::{Result, Rvm};

use crate::oracle::{Event, Found, Kept, SegmentFound, judge};

use super::layout;
use super::script::Script;

/// Opens a store that a crash left on a simulated device, and lets the oracle judge it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(
    script: &Script,
    storage: &SimStorage,
    events: &[Event],
) -> std::result::Result<Kept, String> {
    let device: Arc<dyn Storage> = Arc::new(storage.clone());
    let (rvm, kept) = open_and_judge(script, &device, events)?;
    if events.len().is_multiple_of(4) {
        close(&rvm)?;
    } else {
        // Closing is explored often enough; a store whose power is off is dropped at once.
        drop(storage.crash());
    }
    Ok(kept)
}

/// Opens a store that a crash left in any storage, lets the oracle judge it, and closes it.
///
/// # Errors
/// What is wrong with it.
pub fn judge_and_close(
    script: &Script,
    storage: &Arc<dyn Storage>,
    events: &[Event],
) -> std::result::Result<Kept, String> {
    let (rvm, kept) = open_and_judge(script, storage, events)?;
    close(&rvm)?;
    Ok(kept)
}

fn open_and_judge(
    script: &Script,
    storage: &Arc<dyn Storage>,
    events: &[Event],
) -> std::result::Result<(Rvm, Kept), String> {
    let rvm = script
        .open(Arc::clone(storage))
        .map_err(|error| format!("the store does not open: {error}"))?;
    let found = look(script, &rvm).map_err(|error| format!("it cannot be read: {error}"))??;
    let kept = judge(events, &found).map_err(|violation| violation.to_string())?;
    Ok((rvm, kept))
}

fn close(rvm: &Rvm) -> std::result::Result<(), String> {
    rvm.close().map_err(|error| format!("it does not close: {error}"))
}

/// Reads the marks in all segments; those that were never made have none.
pub(super) fn look(script: &Script, rvm: &Rvm) -> Result<std::result::Result<Found, String>> {
    let existing = rvm.segments()?;
    let mut found = Found::default();
    for name in script.names() {
        let Some(info) = existing.iter().find(|info| info.name == *name) else {
            found.segments.push(SegmentFound::default());
            continue;
        };
        let segment = rvm.map(name, info.len)?;
        match layout::read(&segment.read()?) {
            Ok(segment) => found.segments.push(segment),
            Err(fault) => return Ok(Err(format!("segment {name}: {fault}"))),
        }
    }
    Ok(Ok(found))
}
