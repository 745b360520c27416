//! The airline's ledger: four segments of recoverable memory, and one transaction for each flight.
//!
//! `aircraft`, `carriers` and `airports` are tables of entries that are found by their keys (`table.rs`); `journal` has one entry for
//! each flight of a lap, and the number of flights entered so far (`journal.rs`). That number changes in the transaction of the flight
//! itself, so the store says of its own where to resume. All numbers are little-endian.

mod books;
mod fields;
mod journal;
mod table;

use std::path::Path;
use std::time::Duration;

use rvm_core::{Durability, RecoveryReport, Rvm, Segment};

use super::flights::Flight;
use crate::failure::Failure;

pub(super) use books::{Books, Totals};
pub(super) use journal::Entry;
pub(super) use table::Tally;

/// The names of the segments.
pub(super) const AIRCRAFT: &str = "aircraft";
pub(super) const CARRIERS: &str = "carriers";
pub(super) const AIRPORTS: &str = "airports";
pub(super) const JOURNAL: &str = "journal";

/// How much room the ledger has. All who open it use the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sizes {
    /// Entries in the journal: the flights of one lap.
    pub(super) journal_entries: u64,
    pub(super) aircraft_slots: u64,
    pub(super) carrier_slots: u64,
    pub(super) airport_slots: u64,
}

impl Sizes {
    /// The slots of a table for so many keys: at most half of them are taken, so that searches end soon.
    pub(super) fn slots_for(keys: u64) -> u64 {
        keys.saturating_mul(2).max(16)
    }
}

/// How the ledger is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Keeping {
    /// How long a lazy commit may stay in memory only.
    pub(super) interval: Duration,
    /// Whether all history is kept.
    pub(super) archive: bool,
}

/// An open ledger.
pub(super) struct Ledger {
    store: Rvm,
    aircraft: Segment,
    carriers: Segment,
    airports: Segment,
    journal: Segment,
}

/// The size of a log when commits are lazy, so that it is the interval that has them forced, and not a log that is full.
const LAZY_LOG_LEN: u64 = 8 << 20;

/// How often it tells `rvmctl stats` what it counts.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);

impl Ledger {
    /// Opens the ledger; makes what is missing of it, and recovers it.
    pub(super) fn open(
        directory: &Path,
        sizes: Sizes,
        durability: Durability,
        keeping: Keeping,
    ) -> Result<Self, Failure> {
        let mut options =
            Rvm::options().lazy_interval(keeping.interval).publish_stats(PUBLISH_EVERY);
        if durability == Durability::Lazy {
            options = options.log_capacity_initial(LAZY_LOG_LEN);
        }
        let store = options.open(directory)?;
        if keeping.archive && store.segments()?.is_empty() {
            // Later ones are archived from their first byte on.
            store.archive_on()?;
        }
        Ok(Self {
            aircraft: store.map(AIRCRAFT, table::len_for(sizes.aircraft_slots))?,
            carriers: store.map(CARRIERS, table::len_for(sizes.carrier_slots))?,
            airports: store.map(AIRPORTS, table::len_for(sizes.airport_slots))?,
            journal: store.map(JOURNAL, journal::len_for(sizes.journal_entries))?,
            store,
        })
    }

    /// How many flights are entered: the number of the last transaction.
    pub(super) fn entered(&self) -> Result<u64, Failure> {
        journal::count(&self.journal.read()?)
    }

    /// What opening the store found.
    pub(super) fn recovery(&self) -> &RecoveryReport {
        self.store.recovery_report()
    }

    /// Enters a flight, in one transaction over all four segments; returns its number.
    pub(super) fn enter(&self, flight: &Flight, durability: Durability) -> Result<u64, Failure> {
        let Self { store, aircraft, carriers, airports, journal } = self;
        let mut txn = store.begin(&[aircraft, carriers, airports, journal])?;
        let Flight { carrier, tail, origin, destination, .. } = flight;
        txn.label(&format!("flight {carrier} {tail} {origin}-{destination}"))?;
        let number = journal::count(txn.read(journal)?)? + 1;
        let change = Tally::of(flight);
        table::add(&mut txn, aircraft, &flight.tail, change)?;
        table::add(&mut txn, carriers, &flight.carrier, change)?;
        table::add(&mut txn, airports, &flight.origin, change)?;
        table::add(&mut txn, airports, &flight.destination, change)?;
        journal::append(&mut txn, journal, &Entry { number, flight: *flight })?;
        txn.commit_with(durability)?;
        Ok(number)
    }

    /// Closes the store: everything is durable then.
    pub(super) fn close(self) -> Result<(), Failure> {
        Ok(self.store.close()?)
    }
}
