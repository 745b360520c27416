//! Bits flipped in the logs of a store with a known history, and what salvage makes of it.

use std::sync::Arc;

use rvm_core::rvm_storage::{FileRole, MemStorage};
use rvm_core::{Condition, Rvm};

use super::history::{History, NAMES, Salvage, bytes_of, copy, file, log, salvage};

/// What came out of many flips.
#[derive(Default, Debug)]
struct Tally {
    flips: u64,
    refused: u64,
    older: u64,
    suspect: u64,
}

/// Where the logs' records lie, and a stretch behind them.
const LIVE: std::ops::Range<usize> = 8192..12_000;

/// What the ordinary opening finds, of a copy; `None` if it refuses the store.
fn strictly(storage: &MemStorage) -> Option<[Option<Vec<u8>>; 3]> {
    let options = Rvm::options().background(false).helpers(0);
    let rvm = match options.open_with(Arc::new(copy(storage))) {
        Err(error) if error.is_corruption() => return None,
        opened => opened.unwrap(),
    };
    Some(NAMES.map(|name| bytes_of(&rvm, name)))
}

/// Flips one bit, salvages, checks, and flips it back.
fn flip(
    history: &History,
    storage: &MemStorage,
    name: &str,
    (at, bit): (usize, u8),
    tally: &mut Tally,
) {
    let case = format!("{name}.log, byte {at}, bit {bit}");
    let whole = storage.read_file(&log(name)).unwrap();
    let mut bytes = whole.clone();
    bytes[at] ^= 1 << bit;
    storage.replace_file(&log(name), bytes);
    let salvage = salvage(storage);
    // The two agree on what is damaged.
    if let Some(found) = strictly(storage) {
        assert!(salvage.report.is_empty(), "{case}: {:?}", salvage.report);
        assert!(salvage.segments == found, "{case}: other bytes than without salvage");
    } else {
        tally.refused += 1;
        assert!(!salvage.report.damage.is_empty(), "{case}: damage that is not told");
        assert!(salvage.report.condition(name) != Condition::Intact, "{case}");
    }
    storage.replace_file(&log(name), whole);
    count(&salvage, tally);
    // Damage that is confined to the last force of a log cannot be told from a torn tail, here as in an ordinary opening.
    if !salvage.report.is_empty() || !history.is_half_folded {
        history.check(&salvage, |name| !salvage.report.condition(name).is_suspect(), &case);
    }
}

fn count(salvage: &Salvage, tally: &mut Tally) {
    tally.flips += 1;
    for affected in &salvage.report.affected {
        tally.older += u64::from(affected.condition == Condition::Older);
        tally.suspect += u64::from(affected.condition.is_suspect());
    }
}

/// Guards against salvage that fails, invents a state, divides a transaction, keeps quiet about damage, or writes to a file, for
/// any byte of the records. Nothing was being folded here, so what is suspect must be right, too.
#[test]
fn a_flipped_bit_leaves_states_that_were_and_whole_transactions() {
    let history = History::new(9, 25);
    let storage = copy(&history.storage);
    let mut tally = Tally::default();
    for name in NAMES {
        for at in LIVE.step_by(13) {
            let bit = u8::try_from(at % 8).unwrap();
            flip(&history, &storage, name, (at, bit), &mut tally);
        }
        let damaged = copy(&storage);
        for at in LIVE.step_by(41) {
            super::history::change(&damaged, &log(name), |bytes| bytes[at] ^= 0xff);
            let salvage = salvage(&damaged);
            history.check(&salvage, |_| true, &format!("{name}.log from byte {at} downwards"));
        }
    }
    assert!(tally.refused > 300 && tally.older > 100, "too little was damaged: {tally:?}");
}

/// Guards against a segment that is called sound while its file holds bytes of transactions that are lost: truncation had written
/// them, and was interrupted before the log's head moved.
#[test]
fn half_folded_segments_are_suspect_or_right() {
    let mut history = History::new(9, 25);
    history.is_half_folded = true;
    let folded = copy(&history.storage);
    Rvm::options().open_with(Arc::new(folded.clone())).unwrap().close().unwrap();
    let mut tally = Tally::default();
    for len in [96, 192] {
        for half_folded in NAMES {
            let storage = copy(&history.storage);
            let name = file(half_folded, FileRole::Segment);
            let new = folded.read_file(&name).unwrap();
            super::history::change(&storage, &name, |bytes| {
                bytes[..len].copy_from_slice(&new[..len]);
            });
            for damaged in NAMES {
                for at in LIVE.step_by(137) {
                    flip(&history, &storage, damaged, (at, 3), &mut tally);
                }
            }
        }
    }
    assert!(tally.refused > 150 && tally.older > 100 && tally.suspect > 100, "{tally:?}");
}

/// Every single bit of every log; takes minutes. `cargo test --release -p rvm-core --test it salvage -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes: a part of the campaign"]
fn every_single_bit_of_every_log() {
    let history = History::new(9, 25);
    let tally = std::sync::Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for name in NAMES {
            let (history, tally) = (&history, &tally);
            scope.spawn(move || {
                let storage = copy(&history.storage);
                let mut mine = Tally::default();
                let len = storage.read_file(&log(name)).unwrap().len();
                for at in 0..len {
                    for bit in 0..8 {
                        flip(history, &storage, name, (at, bit), &mut mine);
                    }
                }
                let mut tally = tally.lock().unwrap();
                tally.flips += mine.flips;
                tally.refused += mine.refused;
                tally.older += mine.older;
                tally.suspect += mine.suspect;
            });
        }
    });
    println!("{:?}", tally.into_inner().unwrap());
}
