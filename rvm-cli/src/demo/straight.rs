//! The straight count: what the totals must be after the first so many flights, counted row by row in ordinary maps. It knows the row parser
//! and nothing of the ledger, so that a fault of the one is no fault of the other.

use std::collections::HashMap;

use super::flights::{Flight, Laps};
use super::input::Input;
use crate::failure::Failure;

/// What is counted of an aircraft, a carrier or an airport.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Count {
    pub(super) flights: u64,
    pub(super) cancelled: u64,
    pub(super) delay_minutes: i64,
}

/// Counts by name.
pub(super) type Counts = HashMap<String, Count>;

/// A count that goes forward through the flights.
pub(super) struct StraightCount<'a> {
    laps: Laps<'a>,
    /// How many flights are counted.
    pub(super) counted: u64,
    pub(super) aircraft: Counts,
    pub(super) carriers: Counts,
    pub(super) airports: Counts,
}

impl<'a> StraightCount<'a> {
    /// Begins with the first flight.
    pub(super) fn new(input: &'a Input, rows_in_lap: u64) -> Result<Self, Failure> {
        let laps = Laps::resume(input, rows_in_lap, 0)?;
        let (aircraft, carriers, airports) = (Counts::new(), Counts::new(), Counts::new());
        Ok(Self { laps, counted: 0, aircraft, carriers, airports })
    }

    /// Counts up to flight `number`, and shows each to `each`, with its number.
    pub(super) fn count_up_to(
        &mut self,
        number: u64,
        mut each: impl FnMut(u64, &Flight) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while self.counted < number {
            let flight = self.laps.next()?;
            self.counted += 1;
            count(&mut self.aircraft, &flight.tail.to_string(), &flight);
            count(&mut self.carriers, &flight.carrier.to_string(), &flight);
            count(&mut self.airports, &flight.origin.to_string(), &flight);
            count(&mut self.airports, &flight.destination.to_string(), &flight);
            each(self.counted, &flight)?;
        }
        Ok(())
    }
}

fn count(counts: &mut Counts, name: &str, flight: &Flight) {
    if !counts.contains_key(name) {
        counts.insert(name.to_owned(), Count::default());
    }
    let Some(count) = counts.get_mut(name) else { return };
    count.flights += 1;
    if flight.cancelled {
        count.cancelled += 1;
    }
    count.delay_minutes += i64::from(flight.departure_delay);
}
