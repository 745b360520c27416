//! The demo itself, on few flights: kills, recoveries, and a comparison that can fail.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::flights::file;
use crate::rvmctl::{Run, on, program};
use crate::stores::{files, parent};

const FLIGHTS: u32 = 300;

/// Runs the demo with these further options; its store stays in `parent`.
fn demo(parent: &TempDir, options: &str) -> (Run, PathBuf) {
    let (input, store) = (file(parent, FLIGHTS), parent.path().join("ledger"));
    let run = on(&store, &format!("demo --seed 5 {options} --input {}", input.display()));
    (run, store)
}

fn verify(store: &Path, input: &Path) -> Run {
    on(store, &format!("demo --verify --input {}", input.display()))
}

fn number(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap()
}

/// Guards against acknowledged transactions that are missing, kills that are not made, and totals that are off.
#[test]
fn forced_commits_survive_every_kill() {
    let parent = parent();
    let (run, store) = demo(&parent, "--kills 3 --json");
    let report = run.fine().json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["durability"], "force");
    assert_eq!(report["kills"].as_array().unwrap().len(), 3);
    assert_eq!(number(&report, "flights"), 300);
    assert_eq!(number(&report, "missing"), 0);
    assert_eq!(number(&report, "seed"), 5);
    let entered = number(&report, "entered");
    assert!(entered >= 300 && entered.is_multiple_of(300));
    assert_eq!(number(&report, "laps"), entered / 300);
    assert_eq!(number(&report, "acknowledged") + number(&report, "unacknowledged"), entered);
    assert_eq!(report["store_kept"], true, "a directory of the user's stays");
    on(&store, "status").fine();
    for kill in report["kills"].as_array().unwrap() {
        assert!(["work", "opening"].contains(&kill["during"].as_str().unwrap()));
        assert!(number(kill, "found") >= number(kill, "acknowledged"));
    }
}

/// Guards against lazy commits that are lost in part, out of order, or after they were found once. How old they may be is checked
/// without a test that depends on the load of the machine: the slack is a minute, and `loss.rs` tests the limit itself.
#[test]
fn lazy_commits_lose_a_suffix_at_most() {
    let parent = parent();
    let (run, _) = demo(&parent, "--kills 3 --durability lazy --interval 20 --slack 60000 --json");
    let report = run.fine().json();
    assert_eq!(report["ok"], true);
    assert_eq!((&report["durability"], number(&report, "interval_millis")), (&"lazy".into(), 20));
    let entered = number(&report, "entered");
    assert!(entered > 0 && entered.is_multiple_of(300));
    let (acknowledged, missing) = (number(&report, "acknowledged"), number(&report, "missing"));
    assert_eq!(acknowledged + number(&report, "unacknowledged"), entered + missing);
}

/// Guards against fewer kills than asked when there is less work than that.
#[test]
fn more_kills_than_one_lap_has_room_for_make_more_laps() {
    let parent = parent();
    let (input, store) = (file(&parent, 4), parent.path().join("ledger"));
    let run = on(&store, &format!("demo --kills 6 --json --input {}", input.display()));
    let report = run.fine().json();
    assert_eq!(report["kills"].as_array().unwrap().len(), 6);
    assert!(number(&report, "laps") > 1);
    verify(&store, &input).fine();
}

/// Guards against a comparison that passes anything: one changed byte of a total, and of the journal, is found and named.
#[test]
fn a_tampered_ledger_fails_the_comparison() {
    let parent = parent();
    let (run, store) = demo(&parent, "--kills 0");
    assert!(run.fine().text().contains("300 acknowledged, 0 missing, every total equal."));
    let input = parent.path().join("flights.csv");
    assert!(verify(&store, &input).fine().text().contains("every total equal"));

    let carriers = &files(&store)["carriers.seg"];
    let key = carriers.windows(3).position(|bytes| bytes == b"\x02UA").unwrap();
    let flights_at = key + 16;
    on(&store, &format!("poke carriers {flights_at} --hex 00")).fine();
    let run = verify(&store, &input)
        .fails(1, &["broke its promise", "carriers: UA has 0 flights, the file has 75"]);
    assert!(run.text().contains("DIFFERENT: carriers: UA"));

    let right = format!("{:02x}", carriers[flights_at]);
    on(&store, &format!("poke carriers {flights_at} --hex {right}")).fine();
    verify(&store, &input).fine();
    on(&store, "poke journal 72 --text X").fine();
    verify(&store, &input).fails(1, &["the ledger holds no key"]);
}

/// Guards against a ledger that is compared with another file's flights.
#[test]
fn a_ledger_of_other_flights_is_refused() {
    let parent = parent();
    let (run, store) = demo(&parent, "--kills 0");
    run.fine();
    verify(&store, &file(&parent, 299)).fails(2, &["is of 300 flights", "has 299 flights"]);
}

/// Guards against temporary stores that stay behind, or that `--keep` does not keep.
#[test]
fn the_temporary_store_is_removed_unless_it_is_to_be_kept() {
    let parent = parent();
    let input = file(&parent, 20);
    let temporary = parent.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let demo = |more: &[&str]| {
        let mut command = program();
        command.args(["demo", "--kills", "1", "--input"]).arg(&input).args(more);
        let ended = command.env("TMPDIR", &temporary).output().unwrap();
        assert!(ended.status.success());
        std::fs::read_dir(&temporary).unwrap().count()
    };
    assert_eq!(demo(&[]), 0);
    assert_eq!(demo(&["--keep"]), 1);
}

/// Guards against a first command of the README that fails: the file built in, as it is.
#[test]
fn the_file_built_in_is_sound() {
    let parent = parent();
    let store = parent.path().join("none");
    // It is read and surveyed before the store is looked at.
    on(&store, "demo --verify").fails(7, &["there is no store"]);
}

/// Guards against history that kills make holes in: the ledger is copied as it was after a flight long before the last kill.
#[test]
fn the_ledger_can_be_had_as_it_was_after_any_flight() {
    let parent = parent();
    let (run, store) = demo(&parent, "--kills 4 --archive");
    run.fine();
    for until in [40, 200] {
        let before = parent.path().join(until.to_string());
        on(&store, &format!("replay --until {until} --to {}", before.display())).fine();
        let input = file(&parent, FLIGHTS);
        let verify = format!("demo --verify --json --input {}", input.display());
        let compared = on(&before, &verify).fine().json();
        let entered = compared["entered"].as_u64().unwrap();
        // Transactions that a kill took have numbers, too.
        assert!((until - 8..=until).contains(&entered), "{entered} flights of {until}");
    }
}
