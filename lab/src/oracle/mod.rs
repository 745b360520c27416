//! The judge of what a recovery left: given what a program did to a store and what was found in it after a crash, it says whether the
//! store kept its promises. It knows no files, logs or positions, so the protocol's model and the real code answer to the same judge.
//!
//! A campaign gives every transaction a number and lets it leave a *mark* in each segment that it writes: a place of its own, which
//! shows that it was there. It also overwrites one *shared cell* of each of these segments with its number, so that the cell
//! shows who wrote last. The campaign notes what happens as [`Event`]s. After a crash and a recovery it collects marks and cells
//! as [`Found`] and asks [`History::judge`].
//!
//! A crash may come between any two events, so every prefix of the events is a history of its own: either advance one [`History`] event by
//! event and judge as it goes, or hand the prefix to [`judge`].

mod event;
mod history;
mod sets;
mod violation;

pub use event::{Event, Found, Kept, SegmentFound};
pub use history::{History, judge};
pub use sets::{SegmentSet, TxnNo, TxnSet};
pub use violation::{Kind, Violation};
