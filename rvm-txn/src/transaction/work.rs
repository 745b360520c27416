//! What a transaction works with. The memory is used again by the next transaction of the thread that ended this one, so that seldom anything is
//! allocated; and little is moved where a transaction is.

use std::cell::Cell;

use crate::part::Part;
use crate::sync::thread_local;
use crate::undo::UndoQueue;

#[derive(Default)]
pub(super) struct Work {
    /// The segments; empty once they are given back.
    #[expect(clippy::vec_box, reason = "parts come and go as they are")]
    pub(super) parts: Vec<Box<Part>>,
    pub(super) undo: UndoQueue,
    pub(super) label: Vec<u8>,
}

/// More memory than this is given back to the system, in bytes. Each thread may keep as much.
const SPARE_LEN_MAX: usize = 256 << 10;

thread_local!(static SPARE: Cell<Work> = Cell::default());

impl Work {
    /// What a transaction of this thread left, empty, or new.
    pub(super) fn reused() -> Self {
        SPARE.try_with(Cell::take).unwrap_or_default()
    }

    /// Leaves the memory to the thread's next transaction, unless it is much. The parts were given back before.
    pub(super) fn leave(mut self) {
        let parts_len = self.parts.capacity() * size_of::<Box<Part>>();
        if self.undo.capacity() + parts_len + self.label.capacity() <= SPARE_LEN_MAX {
            self.undo.clear();
            self.label.clear();
            SPARE.try_with(|spare| spare.set(self)).ok();
        }
    }
}
