//! Compares the ledger with the straight count: every total, and every entry of the journal.

use std::collections::BTreeMap;

use super::faults::Faults;
use super::flights::Flight;
use super::key::Key;
use super::ledger::{AIRCRAFT, AIRPORTS, Books, CARRIERS, Entry, Tally, Totals};
use super::straight::{Count, Counts, StraightCount};
use crate::failure::Failure;

/// Brings the count up to where the ledger is, and notes every difference. Journal entries are compared as they are counted, so a
/// count that began at the first flight has compared all of the last lap.
pub(super) fn compare(
    books: &Books,
    straight: &mut StraightCount<'_>,
    faults: &mut Faults,
) -> Result<(), Failure> {
    let entered = books.entered;
    if entered < straight.counted {
        let before = straight.counted;
        faults.note(format!("the journal went back from flight {before} to {entered}"));
        return Ok(());
    }
    straight.count_up_to(entered, |number, flight| {
        // Earlier entries have made way for a later lap.
        if number.saturating_add(books.room()) > entered {
            compare_entry(number, flight, books.entry(number)?, faults);
        }
        Ok(())
    })?;
    compare_totals(&books.totals, straight, faults);
    Ok(())
}

fn compare_entry(number: u64, flight: &Flight, found: Option<Entry>, faults: &mut Faults) {
    match found {
        Some(entry) if entry == (Entry { number, flight: *flight }) => {}
        Some(entry) => {
            faults.note(format!(
                "journal, flight {number}: found {entry:?}, the file has {flight:?}"
            ));
        }
        None => faults.note(format!("journal, flight {number}: there is no entry")),
    }
}

/// Compares all tables.
fn compare_totals(totals: &Totals, straight: &StraightCount<'_>, faults: &mut Faults) {
    compare_table(AIRCRAFT, &totals.aircraft, &straight.aircraft, faults);
    compare_table(CARRIERS, &totals.carriers, &straight.carriers, faults);
    compare_table(AIRPORTS, &totals.airports, &straight.airports, faults);
}

fn compare_table(
    table: &str,
    entries: &BTreeMap<Key, Tally>,
    counts: &Counts,
    faults: &mut Faults,
) {
    for (key, tally) in entries {
        match counts.get(&key.to_string()) {
            None => faults.note(format!("{table}: {key} has an entry, and no flight")),
            Some(count) => compare_tally(table, *key, *tally, *count, faults),
        }
    }
    let mut missing: Vec<&String> = counts
        .keys()
        .filter(|name| !Key::new(name.as_bytes()).is_ok_and(|key| entries.contains_key(&key)))
        .collect();
    missing.sort_unstable();
    for name in missing {
        faults.note(format!("{table}: {name} has flights, and no entry"));
    }
}

fn compare_tally(table: &str, key: Key, tally: Tally, count: Count, faults: &mut Faults) {
    let mut differ = |what: &str, found: String, counted: String| {
        if found != counted {
            faults.note(format!("{table}: {key} has {found} {what}, the file has {counted}"));
        }
    };
    differ("flights", tally.flights.to_string(), count.flights.to_string());
    differ("cancelled flights", tally.cancelled.to_string(), count.cancelled.to_string());
    differ("minutes of delay", tally.delay_minutes.to_string(), count.delay_minutes.to_string());
}

#[cfg(test)]
mod tests {
    use super::super::input::Input;
    use super::*;

    const FLIGHTS: u64 = 500;

    /// The totals that the ledger should have after the first flights of the file built in.
    fn honest(input: &Input) -> (Totals, StraightCount<'_>) {
        let mut straight = StraightCount::new(input, FLIGHTS).unwrap();
        straight.count_up_to(FLIGHTS, |_, _| Ok(())).unwrap();
        let table = |counts: &Counts| {
            let tally = |count: &Count| Tally {
                flights: count.flights,
                cancelled: count.cancelled,
                delay_minutes: count.delay_minutes,
            };
            let entry = |(name, count)| (key(name), tally(count));
            counts.iter().map(entry).collect()
        };
        let totals = Totals {
            aircraft: table(&straight.aircraft),
            carriers: table(&straight.carriers),
            airports: table(&straight.airports),
        };
        (totals, straight)
    }

    /// A way to make an entry wrong.
    type Tamper = fn(&mut Tally);

    fn key(name: &String) -> Key {
        Key::new(name.as_bytes()).unwrap()
    }

    fn faults_of(tamper: impl FnOnce(&mut Totals)) -> Faults {
        let input = Input::BuiltIn;
        let (mut totals, straight) = honest(&input);
        tamper(&mut totals);
        let mut faults = Faults::default();
        compare_totals(&totals, &straight, &mut faults);
        faults
    }

    /// Guards against a comparison that finds differences where there are none.
    #[test]
    fn equal_totals_have_no_faults() {
        assert_eq!(faults_of(|_| ()), Faults::default());
    }

    /// Guards against a comparison that would pass anything: each way of being wrong is found, once, by its name.
    #[test]
    fn every_kind_of_difference_is_found() {
        let united = || key(&"UA".to_owned());
        let cases: [(&str, Tamper); 3] = [
            ("flights", |tally| tally.flights += 1),
            ("cancelled flights", |tally| tally.cancelled += 1),
            ("minutes of delay", |tally| tally.delay_minutes -= 1),
        ];
        for (what, tamper) in cases {
            let faults = faults_of(|totals| tamper(totals.carriers.get_mut(&united()).unwrap()));
            assert_eq!(faults.count(), 1, "{what}");
            assert!(faults.named()[0].contains(what), "{faults:?}");
        }
        let lost = faults_of(|totals| {
            totals.carriers.remove(&united());
        });
        assert_eq!(lost.named(), ["carriers: UA has flights, and no entry"]);
        let added = faults_of(|totals| {
            totals.airports.insert(key(&"ZZZ".to_owned()), Tally::default());
        });
        assert_eq!(added.named(), ["airports: ZZZ has an entry, and no flight"]);
    }

    /// Guards against a journal entry of another flight, or none, that passes.
    #[test]
    fn a_wrong_journal_entry_is_found() {
        let input = Input::BuiltIn;
        let mut straight = StraightCount::new(&input, FLIGHTS).unwrap();
        let mut flights = Vec::new();
        let keep = |_, flight: &Flight| {
            flights.push(*flight);
            Ok(())
        };
        straight.count_up_to(2, keep).unwrap();
        let mut faults = Faults::default();
        compare_entry(1, &flights[0], Some(Entry { number: 1, flight: flights[0] }), &mut faults);
        assert!(faults.is_empty());
        compare_entry(1, &flights[0], Some(Entry { number: 1, flight: flights[1] }), &mut faults);
        compare_entry(1, &flights[0], Some(Entry { number: 2, flight: flights[0] }), &mut faults);
        compare_entry(1, &flights[0], None, &mut faults);
        assert_eq!(faults.count(), 3);
    }
}
