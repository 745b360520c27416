//! `rvmctl archive` and `rvmctl replay`: what they make, what they tell, and what they leave alone.

use std::path::{Path, PathBuf};

use rvm_core::Rvm;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rvmctl::{on, program, run};
use crate::stores::{LEN, clean, crashed, files, open, parent, write};
use crate::terminal::Terminal;

/// A store that is archived from its first transaction on, with twelve more: the number of each stands at the start of `a`, or of `b`, too.
fn archived(parent: &TempDir) -> PathBuf {
    let directory = clean(parent);
    on(&directory, "archive on").fine();
    for number in 2..=13_u8 {
        let rvm = Rvm::open(&directory).unwrap();
        let (a, b) = (rvm.map("a", LEN).unwrap(), rvm.map("b", LEN).unwrap());
        let mut txn = rvm.begin(&[&a, &b]).unwrap();
        txn.write(&a, 0, &[number]).unwrap();
        if number % 2 == 0 {
            txn.write(&b, 0, &[number]).unwrap();
        }
        txn.commit().unwrap();
        if number % 3 == 0 {
            rvm.close().unwrap();
        }
    }
    directory
}

/// Makes the store as of then, and gives the first bytes of `a` and `b`.
fn replayed(store: &Path, until: &str, to: &Path) -> (u8, u8) {
    on(store, &format!("replay --until {until} --to {}", to.display())).fine();
    let files = files(to);
    let first = |name| files.get(name).and_then(|bytes| bytes.first()).copied().unwrap();
    (first("a.seg"), first("b.seg"))
}

/// What is on the screen once a verb asked and was answered.
fn answered(store: &Path, verb: &str, answer: &str) -> String {
    let mut command = program();
    command.arg("--store").arg(store).args(verb.split_whitespace());
    let mut terminal = Terminal::start(&mut command, 200);
    terminal.wait_for("[y/N]");
    terminal.type_in(&format!("{answer}\r"));
    terminal.end().1
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Guards against a state that never was, and a source that is changed; through the program as a user has it.
#[test]
fn a_store_is_replayed_to_any_transaction() {
    let parent = parent();
    let store = archived(&parent);
    let before = files(&store);
    for until in [1, 2, 5, 8, 13] {
        let to = parent.path().join(format!("as-of-{until}"));
        let b = if until == 1 { 0 } else { until - until % 2 };
        let a = if until == 1 { b'c' } else { until };
        assert_eq!(replayed(&store, &until.to_string(), &to), (a, b), "{until}");
        on(&to, "status").fine();
    }
    assert_eq!(files(&store), before);
    let to = parent.path().join("json");
    let told = on(&store, &format!("--json replay --until 5 --to {}", to.display())).fine().json();
    assert_eq!((&told["until_transaction"], &told["newest_transaction"]), (&json!(5), &json!(13)));
    assert_eq!(told["segments"][0]["name"], "a");
    assert_eq!(
        (&told["segments"][0]["from_archive"], &told["segments"][1]["transactions"]),
        (&json!(true), &json!(2))
    );
}

/// Guards against a time that is not understood, or is another one.
#[test]
fn a_time_is_given_as_text_or_as_a_number() {
    let parent = parent();
    let store = archived(&parent);
    let replay = |until: &str| {
        let to = parent.path().join("nowhere").display().to_string();
        on(&store, &format!("--json replay --dry-run --until {until} --to {to}"))
    };
    assert_eq!(replay("2100-01-01T00:00:00Z").fine().json()["until_transaction"], 13);
    assert_eq!(replay("@9000000000000000000").fine().json()["until_transaction"], 13);
    let refused = replay("@5");
    refused.fails_as_json(7, "the history of a, b begins later than that");
    assert_eq!(replay("2100-01-01T00:00:00-05:30").fine().json()["until_transaction"], 13);
    for nonsense in ["yesterday", "@", "@-1", "2026-02-30T00:00:00Z"] {
        replay(nonsense).fails_as_json(2, "nanoseconds since 1970 behind an @");
    }
}

/// Guards against a copy over something, a half-made one, and limits that are not told.
#[test]
fn what_cannot_be_replayed_is_refused_and_nothing_is_written() {
    let parent = parent();
    let store = archived(&parent);
    let to = parent.path().join("to");
    let replay = |until: &str| on(&store, &format!("replay --until {until} --to {}", to.display()));
    replay("0").fails(7, &["\"a\" is known from transaction 1 on", "\"b\""]);
    replay("14").fails(7, &["no transaction 14", "newest is 13"]);
    assert!(!to.exists());
    let planned = on(&store, &format!("replay --dry-run --until 3 --to {}", to.display()));
    assert!(planned.fine().text().contains("would have 2 segments"));
    assert!(!to.exists());
    write(&parent.path().join("file"), b"");
    std::fs::create_dir(&to).unwrap();
    write(&to.join("mine"), b"kept");
    replay("3").fails(2, &["not empty"]);
    replay("3 --dry-run").fails(2, &["not empty"]);
    let onto_file = |more| {
        let to = parent.path().join("file");
        on(&store, &format!("replay --until 3 --to {} {more}", to.display()))
    };
    assert_eq!(onto_file("--dry-run").fails(1, &["cannot list"]).stderr, onto_file("").stderr);
    assert_eq!(files(&to).len(), 1);
    assert!(!parent.path().join("to.unfinished").exists());
}

/// Guards against a copy that needs the store for itself.
#[test]
fn a_store_in_use_and_a_crashed_one_are_replayed() {
    let parent = parent();
    let in_use = parent.path().join("in-use");
    let rvm = open(&in_use);
    for (name, store) in [("1", in_use.clone()), ("2", crashed(&parent))] {
        let to = parent.path().join(name);
        assert_eq!(replayed(&store, "1", &to), (b'c', 0));
        on(&store, &format!("replay --until 1 --to {}", parent.path().join("x").display())).fine();
        std::fs::remove_dir_all(parent.path().join("x")).unwrap();
    }
    on(&in_use, "archive on").fails(5, &["locked"]);
    on(&in_use, "archive on --dry-run").fails(5, &["locked"]);
    assert!(on(&in_use, "archive status").fine().text().contains("none"));
    rvm.close().unwrap();
}

/// Guards against a switch that is not told, or that does what was only to be told.
#[test]
fn archives_are_switched_on_and_off_and_removed() {
    let parent = parent();
    let store = clean(&parent);
    let has_archives = || files(&store).contains_key("a.arc");
    let state = || {
        let status = on(&store, "--json archive status").fine().json();
        status["segments"][0]["archive"].as_str().unwrap().to_owned()
    };
    let planned = on(&store, "--json archive on --dry-run").fine().json();
    assert_eq!((strings(&planned["changed"]), &planned["dry_run"]), (vec!["a", "b"], &json!(true)));
    assert!(!has_archives() && state() == "none");
    assert!(on(&store, "archive on").fine().text().contains("archives on for 2"));
    assert!(has_archives() && state() == "on");
    assert!(
        on(&store, "archive on").fine().text().contains("nothing to change, 2 archives on already")
    );
    let off = on(&store, "--json archive off").fine().json();
    assert_eq!((strings(&off["changed"]), &off["on"]), (vec!["a", "b"], &json!(false)));
    assert!(has_archives() && state() == "stopped");
    let again = on(&store, "archive off").fine().text();
    assert!(again.contains("nothing to change, 2 archives off already"), "{again}");
    let planned = on(&store, "archive off --remove --dry-run").fine().text();
    assert!(planned.contains("would be off, and what was kept is removed"), "{planned}");
    assert!(has_archives());
    on(&store, "archive off --remove").fails(2, &["give --yes"]);
    assert!(answered(&store, "archive off --remove", "no").contains("no archive was removed"));
    assert!(has_archives());
    assert!(answered(&store, "archive off --remove", "yes").contains("what was kept is removed"));
    assert!(!has_archives() && state() == "none");
    on(&store, "archive on").fine();
    on(&store, "archive off --remove --yes").fine();
    assert!(!has_archives());
    let none = on(&store, "archive off").fine().text();
    assert!(none.contains("nothing to change, there are no archives"), "{none}");
}

/// Guards against damage that is not told with its place, and against control characters from a file on the terminal.
#[test]
fn the_status_of_archives_tells_what_is_known_and_what_is_damaged() {
    let parent = parent();
    let store = archived(&parent);
    let text = on(&store, "archive status").fine().text();
    for words in ["SEGMENT", "on", "1 on"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let archive = store.join("a.arc");
    let mut bytes = files(&store)["a.arc"].clone();
    bytes[8_192 + 40] ^= 1;
    write(&archive, &bytes);
    let damaged = on(&store, "archive status");
    assert_eq!(damaged.code, 4, "{}", damaged.stderr);
    assert!(damaged.text().contains("a.arc is damaged at byte 8192: its header's checksum"));
    write(&archive, &[0; 9_000]);
    let damaged = on(&store, "--json archive status");
    assert_eq!(damaged.code, 4);
    assert_eq!(damaged.json()["segments"][0]["archive"], "damaged");
    assert_eq!(run(["archive"]).code, 2);
    assert!(run(["archive", "status", "--help"]).fine().text().contains("verify --deep"));
}

/// Guards against history that is gone for good and that is told as if the log had it.
#[test]
fn an_archive_that_was_cut_off_below_the_head_of_its_log_is_damaged() {
    let parent = parent();
    let store = archived(&parent);
    on(&store, "truncate").fine();
    let bytes = &files(&store)["a.arc"];
    write(&store.join("a.arc"), &bytes[..bytes.len().midpoint(8_192) + 3]);
    for verb in ["verify", "archive status"] {
        let run = on(&store, verb);
        assert_eq!((run.code, run.stderr.as_str()), (4, ""), "{verb}");
        let text = run.text();
        assert!(text.contains("a.arc") && text.contains("is in no file"), "{verb}: {text}");
        assert!(!text.contains("cut short"), "{verb}: {text}");
    }
    let facts = on(&store, "--json archive status").json()["segments"][0].clone();
    assert_eq!((&facts["archive"], &facts["torn_bytes"]), (&json!("damaged"), &json!(0)));
    let repair = on(&store, "repair --dry-run");
    assert_eq!(repair.code, 4);
    let text = repair.text();
    assert!(!text.contains("--cut") && !text.contains("--salvage"), "{text}");
}
