//! The ledger, read: from a copy of the store's committed state in memory, whoever has the store open.

use std::collections::BTreeMap;
use std::path::Path;

use rvm_core::{ReadGuard, Rvm};

use super::super::key::Key;
use super::journal::{self, Entry};
use super::table::{self, Tally};
use super::{AIRCRAFT, AIRPORTS, CARRIERS, JOURNAL};
use crate::failure::Failure;

/// All tables of the ledger.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in super::super) struct Totals {
    pub(in super::super) aircraft: BTreeMap<Key, Tally>,
    pub(in super::super) carriers: BTreeMap<Key, Tally>,
    pub(in super::super) airports: BTreeMap<Key, Tally>,
}

/// A ledger at one moment.
pub(in super::super) struct Books {
    pub(in super::super) totals: Totals,
    /// How many flights are entered.
    pub(in super::super) entered: u64,
    journal: ReadGuard,
}

impl Books {
    /// Reads the ledger in `directory`.
    pub(in super::super) fn read(directory: &Path) -> Result<Self, Failure> {
        let names = [AIRCRAFT, CARRIERS, AIRPORTS, JOURNAL];
        let store = Rvm::options().read_only_segments(names).open(directory)?;
        let table = |name| table::read_all(&store.map(name, 1)?.read()?);
        let totals = Totals {
            aircraft: table(AIRCRAFT)?,
            carriers: table(CARRIERS)?,
            airports: table(AIRPORTS)?,
        };
        let journal = store.map(JOURNAL, 1)?.read()?;
        Ok(Self { totals, entered: journal::count(&journal)?, journal })
    }

    /// How many entries the journal has room for: the flights of one lap.
    pub(in super::super) fn room(&self) -> u64 {
        journal::room(&self.journal)
    }

    /// The entry at the place of transaction `number`.
    pub(in super::super) fn entry(&self, number: u64) -> Result<Option<Entry>, Failure> {
        journal::entry_at(&self.journal, number)
    }
}
