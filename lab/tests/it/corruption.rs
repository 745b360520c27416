//! Rot in any byte or block of a store.

use lab::corruption::{Specimen, Tally, blocks, damage_all, every_bit};

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
