//! The integration tests of the log: one binary, a module for each kind of damage.
//!
//! What they can do to a log: cut, flip and zero bytes, lose sectors of a force, tear a slot, cut the power at any
//! step, fail any read, and put hostile values into headers with right checksums. What they cannot: reorder forces, or
//! lose what was forced; the lab does that to whole stores.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers fail by panicking, as tests do"
)]

mod archives;
mod cuts;
mod golden;
mod hostile;
mod laps;
mod pair;
mod reads;
mod resize;
mod tear;
mod torn_tail;
mod windows;
mod workbench;
