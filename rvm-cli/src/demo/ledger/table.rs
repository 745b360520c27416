//! A table in a segment: entries of fixed size, found by their keys with open addressing and linear probing. An entry whose bytes are all
//! zero is free; none is ever given up.
//!
//! ```text
//! offset  size  field
//!      0    16  key: length, text, zeros
//!     16     8  flights
//!     24     8  flights cancelled
//!     32     8  minutes of departure delay, signed
//! ```

use std::collections::BTreeMap;

use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Segment, Transaction};

use super::super::flights::Flight;
use super::super::key::Key;
use super::fields::{KEY_FIELD_LEN, i64_at, key_at, put_key, u64_at};
use crate::failure::Failure;

const FLIGHTS_OFFSET: usize = KEY_FIELD_LEN;
const CANCELLED_OFFSET: usize = FLIGHTS_OFFSET + 8;
const DELAY_OFFSET: usize = CANCELLED_OFFSET + 8;
const ENTRY_LEN: usize = DELAY_OFFSET + 8;

/// The length of the segment of a table with so many slots.
pub(super) fn len_for(slots: u64) -> u64 {
    slots.saturating_mul(wide(ENTRY_LEN))
}

/// What an entry counts.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in super::super) struct Tally {
    pub(in super::super) flights: u64,
    pub(in super::super) cancelled: u64,
    pub(in super::super) delay_minutes: i64,
}

impl Tally {
    /// What one flight adds.
    pub(super) fn of(flight: &Flight) -> Self {
        Self {
            flights: 1,
            cancelled: u64::from(flight.cancelled),
            delay_minutes: i64::from(flight.departure_delay),
        }
    }

    fn plus(self, change: Self) -> Self {
        Self {
            flights: self.flights.wrapping_add(change.flights),
            cancelled: self.cancelled.wrapping_add(change.cancelled),
            delay_minutes: self.delay_minutes.wrapping_add(change.delay_minutes),
        }
    }

    fn decode(entry: &[u8]) -> Result<Self, Failure> {
        Ok(Self {
            flights: u64_at(entry, FLIGHTS_OFFSET)?,
            cancelled: u64_at(entry, CANCELLED_OFFSET)?,
            delay_minutes: i64_at(entry, DELAY_OFFSET)?,
        })
    }

    fn encode(self) -> [[u8; 8]; 3] {
        let Self { flights, cancelled, delay_minutes } = self;
        [flights.to_le_bytes(), cancelled.to_le_bytes(), delay_minutes.to_le_bytes()]
    }
}

/// Adds to the entry of `key`; makes it if it is new. An entry that is there changes in its counters only.
pub(super) fn add(
    txn: &mut Transaction,
    segment: &Segment,
    key: &Key,
    change: Tally,
) -> Result<(), Failure> {
    let (offset, found) = find(txn.read(segment)?, key)?;
    if let Some(tally) = found {
        let counters = tally.plus(change).encode();
        txn.write(segment, wide(offset + FLIGHTS_OFFSET), counters.as_flattened())?;
    } else {
        let mut entry = Vec::with_capacity(ENTRY_LEN);
        put_key(&mut entry, key);
        entry.extend_from_slice(change.encode().as_flattened());
        txn.write(segment, wide(offset), &entry)?;
    }
    Ok(())
}

/// Where the entry of `key` is and what it counts, or where it would be.
fn find(table: &[u8], key: &Key) -> Result<(usize, Option<Tally>), Failure> {
    let slots = table.len() / ENTRY_LEN;
    let first = narrow(hash(key).checked_rem(wide(slots)).unwrap_or(0));
    for slot in (first..slots).chain(0..first) {
        let offset = slot * ENTRY_LEN;
        let entry = table.get(offset..).unwrap_or_default();
        match key_at(entry, 0)? {
            None => return Ok((offset, None)),
            Some(found) if found == *key => return Ok((offset, Some(Tally::decode(entry)?))),
            Some(_) => {}
        }
    }
    Err(Failure::Demo(format!("there is no room for {key} among {slots} entries")))
}

/// FNV-1a: the same in every version of the program, as a place on the disk must be.
fn hash(key: &Key) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    key.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// All entries of a table.
pub(super) fn read_all(table: &[u8]) -> Result<BTreeMap<Key, Tally>, Failure> {
    let mut entries = BTreeMap::new();
    for entry in table.chunks_exact(ENTRY_LEN) {
        let tally = Tally::decode(entry)?;
        match key_at(entry, 0)? {
            Some(key) => {
                if entries.insert(key, tally).is_some() {
                    return Err(Failure::Demo(format!("the ledger has two entries of {key}")));
                }
            }
            None if tally == Tally::default() => {}
            None => {
                return Err(Failure::Demo(
                    "the ledger counts under an entry without a key".to_owned(),
                ));
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text.as_bytes()).unwrap()
    }

    fn put(table: &mut [u8], text: &str, tally: Tally) {
        let (offset, _) = find(table, &key(text)).unwrap();
        let mut entry = Vec::new();
        put_key(&mut entry, &key(text));
        entry.extend_from_slice(tally.encode().as_flattened());
        table[offset..offset + ENTRY_LEN].copy_from_slice(&entry);
    }

    /// Guards against keys that are lost when they collide, and against a search without end in a full table.
    #[test]
    fn a_table_can_be_filled_to_the_last_slot() {
        let mut table = vec![0; 8 * ENTRY_LEN];
        let names = ["N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8"];
        for (flights, name) in (1..).zip(names) {
            put(&mut table, name, Tally { flights, ..Tally::default() });
        }
        for (flights, name) in (1..).zip(names) {
            assert_eq!(find(&table, &key(name)).unwrap().1.unwrap().flights, flights);
        }
        assert_eq!(read_all(&table).unwrap().len(), 8);
        assert!(find(&table, &key("N9")).is_err());
        assert!(find(&[], &key("N9")).is_err());
    }

    /// Guards against bytes of half an entry that pass for a free one.
    #[test]
    fn half_an_entry_is_an_error() {
        let mut table = vec![0; 2 * ENTRY_LEN];
        table[FLIGHTS_OFFSET] = 1;
        assert!(read_all(&table).is_err());
        let mut table = vec![0; 2 * ENTRY_LEN];
        table[3] = b'N';
        assert!(read_all(&table).is_err());
    }
}
