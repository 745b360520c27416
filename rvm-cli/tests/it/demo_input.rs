//! Flight records that are not what the demo needs: told with file and line, before anything is made.

use std::path::Path;

use tempfile::TempDir;

use crate::flights::{HEADER, file};
use crate::rvmctl::on;
use crate::stores::{files, parent, write};

#[track_caller]
fn refused(parent: &TempDir, text: &[u8], code: i32, words: &[&str]) {
    let (input, store) = (parent.path().join("bad.csv"), parent.path().join("store"));
    write(&input, text);
    demo(&store, &input).fails(code, words);
    assert!(!store.exists(), "a store was made of bad input");
}

fn demo(store: &Path, input: &Path) -> crate::rvmctl::Run {
    on(store, &format!("demo --kills 1 --input {}", input.display()))
}

fn with_row(row: &str) -> Vec<u8> {
    format!("{HEADER}\nEWR,IAH,UA,1,N1,2,517\n{row}\n").into_bytes()
}

/// Guards against columns that are taken for others, or missing ones that count as empty.
#[test]
fn a_missing_column_is_named() {
    let without = HEADER.replace("tailnum", "tail");
    refused(&parent(), without.as_bytes(), 1, &["bad.csv, line 1: there is no column tailnum"]);
    refused(&parent(), b"", 1, &["bad.csv, line 1: there is no column"]);
}

/// Guards against a demo over nothing.
#[test]
fn a_file_without_flights_is_refused() {
    refused(&parent(), HEADER.as_bytes(), 1, &["bad.csv: there are no flights in it"]);
}

/// Guards against rows that are skipped, cut or read as zero.
#[test]
fn a_malformed_row_is_named_by_its_line() {
    let long = "N".repeat(16);
    for (row, fault) in [
        ("EWR,IAH,UA,1,N1,2", "line 3: 6 fields, the first line has 7"),
        ("EWR,IAH,UA,1,N1,soon,517", "line 3: dep_delay is \"soon\""),
        ("EWR,IAH,UA,1,N1,2,1e3", "line 3: dep_time is \"1e3\""),
        ("EWR,IAH,UA,1,,2,517", "line 3: tailnum is empty"),
        ("EW R,IAH,UA,1,N1,2,517", "line 3: origin has other bytes"),
        (&format!("EWR,IAH,UA,1,{long},2,517"), "line 3: tailnum is longer than 15 bytes"),
    ] {
        refused(&parent(), &with_row(row), 1, &[fault]);
    }
}

/// Guards against a compressed file that was cut short and passes for a shorter one.
#[test]
fn half_a_compressed_file_is_refused() {
    let whole = include_bytes!("../../data/flights-2013-01.csv.gz");
    refused(&parent(), &whole[..whole.len() / 2], 1, &["bad.csv"]);
}

/// Guards against a missing file that is told as something else.
#[test]
fn a_missing_file_is_not_found() {
    let parent = parent();
    let store = parent.path().join("store");
    demo(&store, &parent.path().join("none.csv")).fails(7, &["cannot open", "none.csv"]);
    assert!(!store.exists());
}

/// Guards against a demo that fills a store of somebody's.
#[test]
fn a_directory_with_a_store_is_refused() {
    let parent = parent();
    let (input, store) = (file(&parent, 3), parent.path().join("store"));
    on(&store, "seg create precious 1").fine();
    let before = files(&store);
    demo(&store, &input).fails(2, &["holds a store already"]);
    assert!(files(&store) == before);
}
