//! Rot in any byte or block of a store.

use lab::corruption::{Damage, Specimen, Tally, blocks, damage_all, every_bit};

/// Where a log's records begin.
const DATA_START: usize = 8192;

/// Guards against data that is silently wrong, and against damage that is reported without file and place.
#[test]
fn damage_is_harmless_or_reported() {
    let specimen = Specimen::make().unwrap();
    assert!(specimen.len() >= 64 << 10, "{} bytes", specimen.len());
    // Every bit takes a minute or two; the campaign does that.
    let some_bits = every_bit(&specimen).step_by(97);
    let mut tally = damage_all(&specimen, some_bits).unwrap_or_else(|fault| panic!("{fault}"));
    let pieces = damage_all(&specimen, blocks(&specimen, 1));
    tally.add(&pieces.unwrap_or_else(|fault| panic!("{fault}")));
    println!("{tally:?}");
    let Tally { damages, intact, reported, last_force, segment_data } = tally;
    assert_eq!(damages, intact + reported + last_force + segment_data);
    assert!(intact > 1_000 && reported > 500 && last_force > 5 && segment_data > 10, "{tally:?}");
}

/// Guards against half a transaction: truncation has put one part into its segment, and the other rots where nothing but the header tells
/// that it was ever there.
#[test]
fn damage_beside_a_truncated_log_is_harmless_or_reported() {
    let specimen = Specimen::folded().unwrap();
    let pieces = blocks(&specimen, 1);
    let mut tally = damage_all(&specimen, pieces).unwrap_or_else(|fault| panic!("{fault}"));
    let bits = damage_all(&specimen, every_bit(&specimen).step_by(97));
    tally.add(&bits.unwrap_or_else(|fault| panic!("{fault}")));
    let log_of_b = specimen.files.iter().position(|(name, _)| name.to_string() == "b.log");
    let in_records = |damage: &Damage| {
        Some(damage.file) == log_of_b && (DATA_START..DATA_START + 400).contains(&damage.offset)
    };
    let records = every_bit(&specimen).filter(in_records);
    let records = damage_all(&specimen, records).unwrap_or_else(|fault| panic!("{fault}"));
    println!("{tally:?}, in the last records of the other log {records:?}");
    assert!(tally.intact > 1_000 && tally.reported > 50, "{tally:?}");
    assert!(records.damages > 3_000 && records.reported > 3_000, "{records:?}");
    assert_eq!(records.last_force, 0, "{records:?}");
}

/// Guards against half a transaction behind a recovery that a power cut interrupted: what one segment has got, the other one's log must
/// still have, and if it rots, that must be told.
#[test]
fn damage_behind_an_interrupted_recovery_is_harmless_or_reported() {
    let specimen = Specimen::interrupted().unwrap();
    let damages = blocks(&specimen, 1).chain(every_bit(&specimen).step_by(97));
    let tally = damage_all(&specimen, damages).unwrap_or_else(|fault| panic!("{fault}"));
    println!("{tally:?}");
    assert!(tally.intact > 1_000 && tally.reported > 500, "{tally:?}");
    assert_eq!(tally.last_force, 0, "{tally:?}");
}
