//! A first look through the flight records: is every row sound, how many are there, and how many entries will the ledger have? It holds the
//! distinct keys in memory, not the rows.

use std::collections::HashSet;

use super::flights::Rows;
use super::input::Input;
use super::ledger::Sizes;
use crate::failure::Failure;

/// What the flight records hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Survey {
    pub(super) flights: u64,
    pub(super) aircraft: u64,
    pub(super) carriers: u64,
    pub(super) airports: u64,
}

impl Survey {
    /// Goes through the file once.
    pub(super) fn of(input: &Input) -> Result<Self, Failure> {
        let mut rows = Rows::open(input)?;
        let (mut aircraft, mut carriers) = (HashSet::new(), HashSet::new());
        let mut airports = HashSet::new();
        let mut flights = 0;
        while let Some(flight) = rows.next()? {
            flights += 1;
            aircraft.insert(flight.tail);
            carriers.insert(flight.carrier);
            airports.extend([flight.origin, flight.destination]);
        }
        if flights == 0 {
            let fault = "there are no flights in it".to_owned();
            return Err(Failure::Input { file: input.name(), line: None, fault });
        }
        let count = |keys: HashSet<_>| u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let (aircraft, carriers) = (count(aircraft), count(carriers));
        Ok(Self { flights, aircraft, carriers, airports: count(airports) })
    }

    /// How large the ledger must be.
    pub(super) fn sizes(&self) -> Sizes {
        Sizes {
            journal_entries: self.flights,
            aircraft_slots: Sizes::slots_for(self.aircraft),
            carrier_slots: Sizes::slots_for(self.carriers),
            airport_slots: Sizes::slots_for(self.airports),
        }
    }
}
