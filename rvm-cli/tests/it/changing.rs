//! The verbs that change a store.

use serde_json::json;

use crate::rvmctl::{on, on_with_input, program};
use crate::stores::{clean, crashed, files, parent, write};

/// Guards against a segment of another length or content than asked, and a store that cannot be made.
#[test]
fn seg_create_makes_the_store_and_zeros() {
    let parent = parent();
    let store = parent.path().join("new");
    let created = on(&store, "seg create --json notes 8K").fine().json();
    assert_eq!(created["created"], json!({ "name": "notes", "len": 8192 }));
    assert!(files(&store)["notes.seg"] == vec![0; 8192]);
    on(&store, "status").fine();
}

/// Guards against files that stay behind, and against the wrong segment.
#[test]
fn seg_destroy_erases_one_segment() {
    let parent = parent();
    let store = clean(&parent);
    let destroyed = on(&store, "seg destroy a --yes --json").fine().json();
    assert_eq!(destroyed["destroyed"], json!({ "name": "a", "len": 4096 }));
    let left: Vec<String> = files(&store).into_keys().collect();
    assert_eq!(left, ["b.log", "b.seg", "rvm.lock"]);
}

/// Guards against bytes that go elsewhere, are not there afterwards, or extend the segment.
#[test]
fn poke_writes_from_each_source() {
    let parent = parent();
    let store = clean(&parent);
    let file = parent.path().join("bytes");
    write(&file, b"file");
    on(&store, "poke a 16 --hex 0a_0b").fine();
    on(&store, "poke a 0x20 --text text").fine();
    on_with_input(&store, "poke a 64 --file -", b"pipe").fine();
    let mut command = program();
    command.arg("--store").arg(&store).args(["poke", "a", "4092", "--json", "--file"]).arg(&file);
    let report: serde_json::Value =
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!((&report["offset"], &report["len"]), (&json!(4092), &json!(4)));
    assert!(report["transaction"].as_u64().unwrap() > 1);
    assert_eq!(report["recovery"]["recovered"], false);
    let bytes = on(&store, "peek a --raw").fine().stdout;
    assert_eq!(bytes.len(), 4096);
    assert_eq!(bytes[..9], *b"committed");
    assert_eq!(bytes[16..18], [10, 11]);
    assert_eq!(bytes[32..36], *b"text");
    assert_eq!(bytes[64..68], *b"pipe");
    assert_eq!(bytes[4092..], *b"file");
}

/// Guards against a file larger than the segment that is cut off in silence, or read without end.
#[test]
fn poke_takes_no_more_than_the_segment_holds() {
    let parent = parent();
    let store = clean(&parent);
    on(&store, "poke a 0 --file /dev/zero").fails(2, &["reach outside segment \"a\""]);
    on_with_input(&store, "poke a 0 --file -", b"").fails(2, &["no bytes"]);
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"committed");
}

/// Guards against a recovery that loses the transaction, or reports other facts than it found.
#[test]
fn recover_reports_what_it_found() {
    let parent = parent();
    let store = crashed(&parent);
    let report = on(&store, "recover --json").fine().json();
    assert_eq!((&report["recovered"], &report["epoch"]), (&json!(true), &json!(2)));
    assert_eq!(report["logs"][0]["records"], 1);
    assert_eq!(report["logs"][0]["range_bytes"], 9);
    assert_eq!(report["logs"][1]["range_bytes"], 1);
    assert!(report["duration_nanos"].is_u64());
    assert_eq!(files(&store)["a.seg"][..9], *b"committed");
    let again = on(&store, "recover").fine().text();
    assert!(again.contains("nothing to recover"), "{again}");
}

/// Guards against a segment that was copied into the directory and is not mentioned.
#[test]
fn recover_tells_of_adopted_segments() {
    let parent = parent();
    let store = clean(&parent);
    write(&store.join("copied.seg"), &[1; 100]);
    assert_eq!(on(&store, "status --json").fine().json()["segments"][2]["log"], json!(null));
    assert!(on(&store, "recover").fine().text().contains("adopted copied"));
    assert_eq!(on(&store, "peek copied --raw").fine().stdout, [1; 100]);
}

/// Guards against a verb that recovers the store and does not say so.
#[test]
fn verbs_that_write_tell_when_they_recovered_first() {
    let parent = parent();
    let store = crashed(&parent);
    let text = on(&store, "poke a 0 --text C").fine().text();
    assert!(text.starts_with("recovered first: 2 records applied"), "{text}");
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"Committed");
    let report = on(&store, "truncate --json").fine().json();
    assert_eq!(report["recovery"]["recovered"], false);
    assert_eq!((&report["logs_truncated"], &report["freed_bytes"]), (&json!(0), &json!(0)));
    assert_eq!(report["out_of_space"], json!([]));
}

/// Guards against a dry run that writes, or that does not refuse what the real one would.
#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let parent = parent();
    let store = clean(&parent);
    let before = files(&store);
    let told = on(&store, "poke a 16 --hex 0a0b --dry-run").fine().text();
    assert_eq!(told, "would change 2 bytes at 0x10 of a\n");
    let told = on(&store, "seg create c 4K --dry-run").fine().text();
    assert!(told.starts_with("would create c, 4,096 bytes"), "{told}");
    let told = on(&store, "seg destroy a --dry-run").fine().text();
    assert!(told.starts_with("would destroy a, 4,096 bytes"), "{told}");
    on(&store, "poke a 4096 --hex 00 --dry-run").fails(2, &["reach outside"]);
    on(&store, "seg create a 4K --dry-run").fails(1, &["exists already"]);
    on(&store, "seg destroy c --dry-run").fails(7, &["\"c\""]);
    let none = parent.path().join("none");
    on(&none, "seg create c 4K --dry-run").fine();
    assert!(!none.exists());
    assert_eq!(files(&store), before);
}

/// Guards against changes by hand that nobody finds again, and a label that is refused when the store was recovered already.
#[test]
fn poke_labels_its_transaction() {
    let parent = parent();
    let store = crashed(&parent);
    let long = "x".repeat(256);
    on(&store, &format!("poke a 0 --hex 00 --label {long}")).fails(2, &["256 bytes", "255"]);
    assert_eq!(on(&store, "status").code, 3, "the store was opened for writing");
    let made = on(&store, "poke a 0 --hex 00 --label mend --json").fine().json();
    assert_eq!(made["label"], "mend");
}
