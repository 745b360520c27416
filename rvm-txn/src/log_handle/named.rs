//! What the records of one log name in others: for each other log, the highest position. Truncation asks, for what it folds.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use rvm_log::Lsn;

use super::{Link, LogHandle};

/// Empty, and without memory, as long as no record names another log.
#[derive(Debug, Default)]
pub(crate) struct Named(BTreeMap<u64, (Weak<LogHandle>, Lsn)>);

impl Named {
    /// Takes note of what a record names.
    pub(super) fn add(&mut self, link: Link) {
        for (other, end) in link.others {
            // One that is gone was destroyed, and all that named it was folded before.
            let Some(index) = other.upgrade().map(|log| log.index) else { continue };
            let (_, highest) = self.0.entry(index).or_insert((other, end));
            *highest = end.max(*highest);
        }
    }

    /// The logs, in the order of their indices.
    pub(crate) fn logs(&self) -> impl Iterator<Item = (Arc<LogHandle>, Lsn)> {
        self.0.values().filter_map(|(log, end)| Some((log.upgrade()?, *end)))
    }
}
