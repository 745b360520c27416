//! Every verb where things are not as they should be: no store, an empty directory, a store in use, hostile files, a segment of 10 GiB, a narrow
//! terminal, a reader that leaves, a full device, a path that is no text. What is sensible in each is written down in `table.rs`.

pub(crate) mod places;
mod running;
mod screens;
pub(crate) mod table;

use std::collections::BTreeSet;

use crate::rvmctl::verbs;
use crate::stores::{files, open, parent};
use places::{DAMAGES, Places};
use running::run;
use table::ROWS;

/// What a verb may print where it does not matter how much there is: far less than a segment of 10 GiB.
const OUTPUT_MAX: usize = 4 << 20;

/// Guards against a verb that nobody tried here, and a row of one that is gone.
#[test]
fn the_table_has_every_verb() {
    let known: BTreeSet<String> = ROWS.iter().map(|row| row.verb.to_owned()).collect();
    assert_eq!(known.len(), ROWS.len(), "a verb is there twice");
    let verbs: BTreeSet<String> = verbs().into_iter().collect();
    let missing: Vec<_> = verbs.difference(&known).collect();
    assert!(missing.is_empty(), "give these a row in surroundings/table.rs: {missing:?}");
    let gone: Vec<_> = known.difference(&verbs).collect();
    assert!(gone.is_empty(), "these are no verbs any more: {gone:?}");
}

/// Guards against a store that is made by a slip, and against hints that do not say what is missing.
#[test]
fn without_a_store_every_verb_says_so() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| row.needs_store) {
        for directory in [places.missing(), places.empty()] {
            let ended = run(row, row.call, &directory, &places);
            let (code, words) = if row.makes_store { (0, "") } else { (7, row.no_store) };
            ended.is(&[code]).says(words);
            let made = directory.exists() && !files(&directory).is_empty();
            assert_eq!(made, row.makes_store, "{}: {ended:?}", row.verb);
        }
    }
}

/// Guards against two who write, and against verbs for looking that are kept out.
#[test]
fn a_store_in_use_can_be_looked_at_and_not_written_to() {
    let places = Places::new();
    let directory = places.missing();
    let store = open(&directory);
    for row in ROWS.iter().filter(|row| row.needs_store) {
        let ended = run(row, row.call, &directory, &places);
        ended.is(row.in_use);
        if row.in_use == [5] {
            ended.says("locked");
        }
    }
    store.close().unwrap();
}

/// Guards against a panic, a hang, a link that is followed and damage without a name, whatever lies in the store's directory.
#[test]
fn a_hostile_store_is_refused_or_read_as_far_as_it_goes() {
    let places = Places::new();
    for damage in DAMAGES {
        for row in ROWS.iter().filter(|row| row.needs_store) {
            let directory = places.damaged(damage);
            let ended = run(row, row.call, &directory, &places);
            ended.is(damage.codes(row));
            if ended.code != 0 && ended.code != 3 {
                let told = ended.errors.len() + ended.printed.len();
                assert!(told > 0, "{}: no word of what is wrong", row.verb);
            }
        }
    }
}

/// Guards against verbs that read, print or copy what was never written: a segment of 10 GiB, nearly all of it a hole, takes them no memory of
/// that size, no minutes, and no pages of zeros.
#[test]
fn a_segment_of_10_gib_is_no_more_than_what_was_written_to_it() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| row.needs_store) {
        let directory = places.sparse();
        let ended = run(row, row.sparse, &directory, &places);
        ended.is(row.sparse_codes);
        assert!(ended.printed.len() <= OUTPUT_MAX, "{}: {} bytes", row.verb, ended.printed.len());
    }
}

/// Guards against a path that is taken for another, or that has to be text.
#[test]
fn a_path_need_not_be_text() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| row.needs_store) {
        let odd = places.clean_under_an_odd_name();
        let ended = run(row, row.call, &odd, &places);
        ended.is(&[0]);
        assert!(String::from_utf8(ended.printed.clone()).is_ok(), "{}: {ended:?}", row.verb);
    }
}

/// Guards against a table whose calls do nothing on a store that is well.
#[test]
fn every_call_of_the_table_works_where_all_is_well() {
    let parent = parent();
    let places = Places::new();
    for row in ROWS {
        let directory = if row.needs_store { places.clean() } else { parent.path().to_owned() };
        run(row, row.call, &directory, &places).is(&[0]);
    }
}
