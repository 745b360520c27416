//! The journal: how many flights are entered, and the last lap of them. The entry of transaction `n` has the place
//! `(n - 1) % entries`, so the segment stays as long as the file has rows however many laps there are.
//!
//! ```text
//! offset  size  header                       offset  size  entry
//!      0     8  transactions                      0     8  number of the transaction, from 1
//!      8    56  zeros                             8    16  tail number
//!                                                24    16  carrier
//!                                                40    16  origin
//!                                                56    16  destination
//!                                                72     4  minutes of departure delay, signed
//!                                                76     4  1 if it was cancelled, else 0
//! ```

use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Segment, Transaction};

use super::super::flights::Flight;
use super::fields::{KEY_FIELD_LEN, i32_at, key_at, put_key, u64_at};
use crate::failure::Failure;

const COUNT_OFFSET: usize = 0;
const HEADER_LEN: usize = 64;

const NUMBER_OFFSET: usize = 0;
const TAIL_OFFSET: usize = NUMBER_OFFSET + 8;
const CARRIER_OFFSET: usize = TAIL_OFFSET + KEY_FIELD_LEN;
const ORIGIN_OFFSET: usize = CARRIER_OFFSET + KEY_FIELD_LEN;
const DESTINATION_OFFSET: usize = ORIGIN_OFFSET + KEY_FIELD_LEN;
const DELAY_OFFSET: usize = DESTINATION_OFFSET + KEY_FIELD_LEN;
const CANCELLED_OFFSET: usize = DELAY_OFFSET + 4;
const ENTRY_LEN: usize = CANCELLED_OFFSET + 4;

/// A flight as the journal has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Entry {
    /// The number of its transaction, from 1.
    pub(in super::super) number: u64,
    pub(in super::super) flight: Flight,
}

/// The length of the segment of a journal with so many entries.
pub(super) fn len_for(entries: u64) -> u64 {
    entries.saturating_mul(wide(ENTRY_LEN)).saturating_add(wide(HEADER_LEN))
}

/// How many entries a journal has room for.
pub(super) fn room(journal: &[u8]) -> u64 {
    wide(journal.len().saturating_sub(HEADER_LEN) / ENTRY_LEN)
}

/// How many transactions there were.
pub(super) fn count(journal: &[u8]) -> Result<u64, Failure> {
    u64_at(journal, COUNT_OFFSET)
}

/// Appends an entry: writes it, and counts it.
pub(super) fn append(
    txn: &mut Transaction,
    segment: &Segment,
    entry: &Entry,
) -> Result<(), Failure> {
    let offset = offset_of(entry.number, room(txn.read(segment)?));
    txn.write(segment, wide(offset), &entry.encode())?;
    txn.write(segment, wide(COUNT_OFFSET), &entry.number.to_le_bytes())?;
    Ok(())
}

/// The entry at the place of transaction `number`; `None` where there was never one.
pub(super) fn entry_at(journal: &[u8], number: u64) -> Result<Option<Entry>, Failure> {
    let offset = offset_of(number, room(journal));
    Entry::decode(journal.get(offset..).unwrap_or_default())
}

fn offset_of(number: u64, room: u64) -> usize {
    let place = number.wrapping_sub(1).checked_rem(room).unwrap_or(0);
    HEADER_LEN.saturating_add(narrow(place).saturating_mul(ENTRY_LEN))
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        let Self { number, flight } = self;
        let mut entry = Vec::with_capacity(ENTRY_LEN);
        entry.extend_from_slice(&number.to_le_bytes());
        for key in [&flight.tail, &flight.carrier, &flight.origin, &flight.destination] {
            put_key(&mut entry, key);
        }
        entry.extend_from_slice(&flight.departure_delay.to_le_bytes());
        entry.extend_from_slice(&i32::from(flight.cancelled).to_le_bytes());
        entry
    }

    fn decode(entry: &[u8]) -> Result<Option<Self>, Failure> {
        let number = u64_at(entry, NUMBER_OFFSET)?;
        let keys = (
            key_at(entry, TAIL_OFFSET)?,
            key_at(entry, CARRIER_OFFSET)?,
            key_at(entry, ORIGIN_OFFSET)?,
            key_at(entry, DESTINATION_OFFSET)?,
        );
        let departure_delay = i32_at(entry, DELAY_OFFSET)?;
        let cancelled = i32_at(entry, CANCELLED_OFFSET)?;
        match (number, keys, departure_delay, cancelled) {
            (0, (None, None, None, None), 0, 0) => Ok(None),
            (
                1..,
                (Some(tail), Some(carrier), Some(origin), Some(destination)),
                departure_delay,
                0 | 1,
            ) => {
                let cancelled = cancelled == 1;
                let flight =
                    Flight { tail, carrier, origin, destination, cancelled, departure_delay };
                Ok(Some(Self { number, flight }))
            }
            _ => Err(Failure::Demo(format!("the journal has half an entry with number {number}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::key::Key;
    use super::*;

    fn entry() -> Entry {
        let key = |text: &str| Key::new(text.as_bytes()).unwrap();
        let flight = Flight {
            tail: key("N14228"),
            carrier: key("UA"),
            origin: key("EWR"),
            destination: key("IAH"),
            cancelled: true,
            departure_delay: -7,
        };
        Entry { number: 3, flight }
    }

    /// Guards against fields that overlap or change their place.
    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let bytes = entry().encode();
        assert_eq!(bytes.len(), ENTRY_LEN);
        assert_eq!(bytes[..16], *b"\x03\0\0\0\0\0\0\0\x06N14228\0");
        assert_eq!(bytes[DELAY_OFFSET..], [0xf9, 0xff, 0xff, 0xff, 1, 0, 0, 0]);
        assert_eq!(Entry::decode(&bytes).unwrap(), Some(entry()));
    }

    /// Guards against a torn entry that passes for a whole or a free one.
    #[test]
    fn half_an_entry_is_an_error() {
        assert_eq!(Entry::decode(&[0; ENTRY_LEN]).unwrap(), None);
        let mut torn = entry().encode();
        torn[CARRIER_OFFSET..].fill(0);
        assert!(Entry::decode(&torn).is_err());
    }

    /// Guards against a second lap that grows the journal or leaves it.
    #[test]
    fn places_repeat_lap_after_lap() {
        assert_eq!(offset_of(1, 10), HEADER_LEN);
        assert_eq!(offset_of(10, 10), HEADER_LEN + 9 * ENTRY_LEN);
        assert_eq!(offset_of(11, 10), HEADER_LEN);
    }
}
