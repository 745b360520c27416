//! The verbs that only look: what they show, the shape of their JSON, and that they leave no trace.

use serde_json::{Value, json};

use crate::rvmctl::{on, program};
use crate::stores::{clean, crashed, crashed_later, files, open, parent};
use crate::terminal::Terminal;

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Guards against a field that is renamed or lost: scripts read them.
#[test]
fn status_as_json_has_its_documented_shape() {
    let parent = parent();
    let store = crashed(&parent);
    let status = on(&store, "status --json").json();
    assert_eq!(
        keys(&status),
        [
            "epoch",
            "estimated_nanos",
            "holder",
            "in_use",
            "recovery_due",
            "schema",
            "segments",
            "store",
            "unfinished_files"
        ]
    );
    assert_eq!(status["in_use"], false);
    assert_eq!(status["recovery_due"], true);
    assert_eq!(status["segments"][1]["name"], "b");
    assert_eq!(status["segments"][0]["len"], 4096);
    let log = &status["segments"][0]["log"];
    assert_eq!(
        keys(log),
        [
            "capacity",
            "clean",
            "dropped_records",
            "end_lsn",
            "head_lsn",
            "last_commit",
            "records",
            "replay_bytes",
            "replay_records",
            "resolved_lsn",
            "torn_bytes",
            "used"
        ]
    );
    assert_eq!((&log["records"], &log["clean"]), (&json!(1), &json!(false)));
    assert_eq!(log["used"].as_u64(), log["end_lsn"].as_u64());
    assert_eq!((&log["replay_records"], &log["replay_bytes"]), (&json!(1), &log["used"]));
    assert_eq!(status["holder"], json!(null));
    let last = &log["last_commit"];
    let shape = ["age_nanos", "commit_time", "commit_time_nanos", "label", "transaction"];
    assert_eq!((keys(last).as_slice(), &last["label"]), (&shape[..], &json!("test\u{7}")));
}

/// Guards against an open store that is reported as crashed.
#[test]
fn a_store_in_use_is_not_due_for_recovery() {
    let parent = parent();
    let directory = parent.path().join("store");
    let store = open(&directory);
    let status = on(&directory, "status --json").fine().json();
    assert_eq!((&status["in_use"], &status["recovery_due"]), (&json!(true), &json!(false)));
    if cfg!(target_os = "linux") {
        assert_eq!(status["holder"]["pid"], json!(std::process::id()));
        let text = on(&directory, "status").fine().text();
        let command = std::fs::read_to_string("/proc/self/comm").unwrap();
        let who = format!("in use by process {}, {}", std::process::id(), command.trim_end());
        assert!(text.contains(&who), "{text}");
    }
    store.close().unwrap();
}

/// Guards against lookers that write, lock or recover: a crashed store stays as it is, byte for byte.
#[test]
fn looking_leaves_no_trace() {
    let parent = parent();
    let store = crashed(&parent);
    let before = files(&store);
    for verb in [
        "status",
        "seg ls",
        "peek a",
        "peek a --raw",
        "log ls",
        "log ls a --json",
        "log show 1",
        "blame a 0",
        "dump a",
        "log tail",
    ] {
        on(&store, verb);
    }
    assert!(files(&store) == before, "a file was changed, made or removed");
}

/// Guards against a peek that shows the file's bytes instead of the committed ones, which are still in the log.
#[test]
fn peek_shows_what_is_committed_before_it_is_recovered() {
    let parent = parent();
    let store = crashed(&parent);
    assert_eq!(files(&store)["a.seg"][..9], [0; 9], "the log has it, the segment not yet");
    let text = on(&store, "peek a 0 16").fine().text();
    assert_eq!(
        text,
        "00000000  63 6f 6d 6d 69 74 74 65  64 00 00 00 00 00 00 00  |committed.......|\n00000010\n"
    );
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"committed");
    assert_eq!(
        on(&store, "peek b 0xfff --json").fine().json(),
        json!({ "schema": 1, "segment": "b", "segment_len": 4096, "offset": 4095, "len": 1, "hex": "07" })
    );
    assert_eq!(on(&store, "peek a 4K --raw").fine().stdout, b"");
}

/// Guards against a list that needs the store for itself, and against unsorted names.
#[test]
fn seg_ls_lists_names_and_lengths() {
    let parent = parent();
    let store = clean(&parent);
    let list = on(&store, "seg ls --json").fine().json();
    let a = json!({ "name": "a", "len": 4096 });
    let b = json!({ "name": "b", "len": 4096 });
    assert_eq!(list["segments"], json!([a, b]));
}

/// Guards against a status that scrolls away, or that a narrow terminal breaks; and against bars that say nothing.
#[test]
fn status_fits_a_screen() {
    let parent = parent();
    let store = crashed_later(&parent);
    for columns in [80, 40] {
        let mut command = program();
        command.arg("--store").arg(&store).args(["--color", "never", "status"]);
        command.env_remove("LC_ALL").env("LC_CTYPE", "C");
        let (code, screen) = Terminal::start(&mut command, columns).end();
        assert_eq!(code, 3, "{screen}");
        assert!(screen.lines().count() <= 24, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= columns.into()), "{screen}");
        for words in
            ["[#.........]", "resolved", "to replay: 3 records", "later", "recovery is due"]
        {
            assert!(screen.contains(words), "{words:?} is not in {screen}");
        }
    }
}
