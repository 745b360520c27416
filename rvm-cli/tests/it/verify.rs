//! `verify`: what it prints, how it ends, and that it raises no alarm over stores that were really killed.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::rvmctl::{on, program};
use crate::stores::{clean, crashed, damaged, files, open, parent};

/// Changes bytes of a file.
pub(crate) fn rot(path: &Path, offset: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, offset).unwrap();
}

/// Guards against damage that a script does not see, or that is told without its place.
#[test]
fn damage_is_told_with_its_place_and_ends_with_4() {
    let parent = parent();
    let store = damaged(&parent);
    rot(&store.join("b.log"), 4096 + 88, &[0xff]);
    let before = files(&store);
    let run = on(&store, "verify");
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    let text = run.text();
    assert!(text.starts_with("damage: a.log, byte 4,092: both slots are unreadable"), "{text}");
    assert!(text.contains("warning: b.log, byte 8,188: the checksum does not fit"), "{text}");
    assert!(text.contains("1 damage, 1 warning"), "{text}");
    let report = on(&store, "verify --json --deep").json();
    let found = &report["findings"][0];
    assert_eq!((&found["severity"], &found["kind"]), (&json!("damage"), &json!("header-pair")));
    assert!(found["file"].as_str().unwrap().ends_with("a.log") && found["offset"] == 4092);
    assert_eq!((&report["damage"], &report["warnings"]), (&json!(1), &json!(1)));
    assert_eq!(files(&store), before);
}

/// Guards against exit codes that scripts cannot rely on: fine, recovery due, and a format from the future.
#[test]
fn each_verdict_has_its_exit_code() {
    let parent = parent();
    let store = clean(&parent);
    let text = on(&store, "verify").fine().text();
    assert!(text.contains("2 segments, 2 logs, 0 records"), "{text}");
    assert!(text.contains("nothing found"), "{text}");
    let store = crashed(&parent);
    let run = on(&store, "verify --deep");
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    assert!(run.text().contains("recovery is due"), "{}", run.text());
    let mut slot = files(&store)["a.log"][..4096].to_vec();
    slot[8] = 2;
    let slot: &mut [u8; 4096] = slot.as_mut_slice().try_into().unwrap();
    rvm_core::rvm_log::format::header::seal(slot);
    rot(&store.join("a.log"), 0, slot);
    assert_eq!(on(&store, "verify").code, 6);
}

/// Guards against a store in use that is said to be damaged or due for recovery.
#[test]
fn a_store_in_use_is_verified_beside_its_owner() {
    let parent = parent();
    let directory = parent.path().join("store");
    let store = open(&directory);
    let text = on(&directory, "verify --deep").fine().text();
    assert!(text.contains("2 records") && text.contains("it is in use"), "{text}");
    store.close().unwrap();
}

/// Guards against a false alarm on what real processes leave that are killed with SIGKILL while they commit, and beside them while they
/// live.
#[test]
fn stores_of_killed_processes_raise_no_alarm() {
    const KILLS: usize = 24;
    let parent = parent();
    let store = parent.path().join("ledger");
    let mut verified = 0;
    for kill in 0..KILLS {
        let mut demo = program();
        let arguments = ["demo-child", "--rows", "27004", "--aircraft", "4096", "--carriers", "64"];
        demo.arg("--store").arg(&store).args(arguments);
        demo.args(["--airports", "256", "--durability", "force", "--interval", "100"]);
        let mut child = demo.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        // What it prints first tells that the store is open; then comes a line for each commit.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().take(2 + kill * 5).all(|line| line.is_ok()));
        let beside = on(&store, "verify");
        child.kill().unwrap();
        child.wait().unwrap();
        let after = on(&store, "verify");
        for run in [beside, after] {
            assert!(matches!(run.code, 0 | 3), "kill {kill}: {}{}", run.text(), run.stderr);
            assert!(!run.text().contains("warning:"), "kill {kill}: {}", run.text());
            verified += 1;
        }
    }
    println!("{verified} stores verified");
    on(&store, "recover").fine();
    on(&store, "verify").fine();
}
