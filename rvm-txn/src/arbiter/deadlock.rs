//! Finds waits that could never end.
//!
//! Only a thread that holds something can be waited for, and such a thread overtakes the queue; so it waits for holders only,
//! and a cycle runs from holder to holder.

use std::collections::HashSet;

use super::state::State;
use super::{Mode, Slot, ThreadKey};

/// If `thread` waited for `slots`, would it be waiting for itself? Returns the slot where.
pub(super) fn would_never_end<T>(
    state: &State<T>,
    slots: &[Slot],
    mode: Mode,
    thread: ThreadKey,
) -> Option<Slot> {
    let mut visited = HashSet::new();
    for (slot, holder) in state.conflicts(slots, mode) {
        let mut pending = vec![holder];
        while let Some(holder) = pending.pop() {
            if holder == thread {
                return Some(slot);
            }
            if !visited.insert(holder) {
                continue;
            }
            for waiter in state.queue.iter().filter(|waiter| waiter.thread == holder) {
                pending.extend(state.conflicts(&waiter.slots, waiter.mode).map(|(_, next)| next));
            }
        }
    }
    None
}
