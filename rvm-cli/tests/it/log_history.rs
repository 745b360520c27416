//! `rvmctl log`, `blame` and `dump`: the log as history, on the command line.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rvm_core::Rvm;
use rvm_core::rvm_log::{LogFile, TxnId};
use rvm_core::rvm_storage::{FileStorage, SegmentName};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rvmctl::{Run, on, program};
use crate::stores::{crashed, damaged, files, parent, write};

/// Writes to the segment `books` of an open store.
fn book(store: &Rvm, segment: &rvm_core::Segment, label: &str, offset: u64, value: u64) {
    let mut txn = store.begin(&[segment]).unwrap();
    txn.label(label).unwrap();
    txn.write(segment, offset, &value.to_le_bytes()).unwrap();
    txn.commit().unwrap();
}

/// A store as a crash leaves it: 3 transactions in the log, one more in the segment's file.
fn books(parent: &TempDir) -> PathBuf {
    let (open_in, left) = (parent.path().join("open"), parent.path().join("books"));
    let store = Rvm::options().background(false).open(&open_in).unwrap();
    let books = store.map("books", 4096).unwrap();
    book(&store, &books, "opening", 64, 100);
    store.truncate_log().unwrap();
    book(&store, &books, "deposit", 64, 150);
    book(&store, &books, "theft\u{1b}[2J", 64, 10);
    book(&store, &books, "", 72, 1);
    copy(&open_in, &left);
    left
}

/// Copies the files of a directory, as a crash would leave them.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for (name, bytes) in files(from) {
        write(&to.join(name), &bytes);
    }
}

fn ids(report: &Value) -> Vec<u64> {
    let all = report["transactions"].as_array().unwrap().iter();
    all.map(|transaction| transaction["transaction"].as_u64().unwrap()).collect()
}

/// Guards against facts that are wrong, transactions over two segments that count twice, and control characters that play with the terminal.
#[test]
fn log_ls_has_a_line_for_each_transaction() {
    let parent = parent();
    let store = crashed(&parent);
    let report = on(&store, "log ls --json").fine().json();
    let found = &report["transactions"][0];
    assert_eq!(ids(&report), [1]);
    assert_eq!(
        (&found["label"], &found["lazy"], &found["range_bytes"]),
        (&json!("test\u{7}"), &json!(false), &json!(10))
    );
    assert!(found["commit_time"].as_str().unwrap().starts_with("20"));
    assert_eq!(found["parts"][0]["ranges"], json!([{ "offset": 0, "len": 9 }]));
    assert_eq!(found["parts"][1]["segment"], "b");
    assert_eq!((&found["folded_parts"], &report["dropped"]), (&json!(0), &json!([])));
    let text = on(&store, "log ls a").fine().text();
    for words in ["a@0 b@0", "a:0x0+9 b:0xfff+1", "test?", "force"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    assert!(!text.contains('\u{7}'));
    on(&store, "recover").fine();
    assert!(on(&store, "log ls a").fine().text().starts_with("no transactions"));
}

/// Guards against a search that finds something else than what was asked for.
#[test]
fn log_ls_searches_by_address_value_label_and_time() {
    let parent = parent();
    let store = books(&parent);
    let find = |asked: &str| ids(&on(&store, &format!("log ls --json {asked}")).fine().json());
    assert_eq!(find(""), [2, 3, 4]);
    assert_eq!(find("--touching books:0x40+8"), [2, 3]);
    assert_eq!(find("--touching books:79"), [4]);
    assert_eq!(find("--value u64le:150"), [2]);
    assert_eq!(find("--value 0a00000000000000 books"), [3]);
    assert_eq!(find("--label theft"), [3]);
    assert_eq!(find("--until 2001-01-01T00:00:00Z"), [0; 0]);
    assert_eq!(find("--since 2001-01-01T00:00:00Z"), [2, 3, 4]);
    assert_eq!(find("--since 2001-01-01T01:00:00+01:00 --until @9000000000000000000"), [2, 3, 4]);
    on(&store, "log ls ledger").fails(7, &["there is no segment \"ledger\""]);
    on(&store, "log ls --touching ledger:0").fails(7, &["ledger"]);
    for wrong in ["--touching books", "--value u8:256", "--value x", "--since yesterday"] {
        assert_eq!(on(&store, &format!("log ls {wrong}")).code, 2, "{wrong}");
    }
}

/// Guards against old bytes of another moment, and counts of changed bytes that are wrong.
#[test]
fn log_show_has_old_and_new_bytes() {
    let parent = parent();
    let store = books(&parent);
    let text = on(&store, "log show 2 --diff --as u64le").fine().text();
    assert!(
        text.contains("0x40+8: 1 of 8 bytes changed") && text.contains("0x40 u64le 100 -> 150"),
        "{text}"
    );
    let text = on(&store, "log show 3 --diff").fine().text();
    assert!(text.contains("- 00000040  96 00") && text.contains("+ 00000040  0a 00"), "{text}");
    assert!(text.contains("theft?[2J") && !text.contains('\u{1b}'));
    let coloured = on(&store, "log show 3 --diff --color always").fine().text();
    assert!(
        coloured.contains("\u{1b}[31m96\u{1b}[0m") && coloured.contains("\u{1b}[32m0a\u{1b}[0m")
    );
    let report = on(&store, "log show 4 --diff --as u32le --json").fine().json();
    let change = &report["changes"][0];
    assert_eq!(
        (&change["old"], &change["new"]),
        (&json!("0000000000000000"), &json!("0100000000000000"))
    );
    assert_eq!(
        change["fields"],
        json!([
            { "offset": 72, "type": "u32le", "old": 0, "new": 1 },
            { "offset": 76, "type": "u32le", "old": 0, "new": 0 },
        ])
    );
    assert_eq!(on(&store, "log show 4 --json").fine().json()["changes"], Value::Null);
    on(&store, "log show 1").fails(7, &["transaction 1"]);
    assert_eq!(on(&store, "log show 4 --as u8").code, 2);
    assert_eq!(on(&store, "log show 4 --diff --as u9").code, 2);
}

/// Guards against a value that passes for the old one though a fold may have written the new one there already.
#[test]
fn what_a_fold_may_have_overwritten_is_not_known() {
    let parent = parent();
    let store = books(&parent);
    let storage = FileStorage::open(&store).unwrap();
    let mut log = LogFile::open(&storage, &SegmentName::new("books").unwrap()).unwrap();
    let records = on(&store, "log ls --json").fine().json();
    let second = records["transactions"][1]["parts"][0]["lsn"].as_u64().unwrap();
    // As it is done before a fold of the first record.
    log.vouch(rvm_core::rvm_log::Lsn(second), TxnId(4)).unwrap();
    let report = on(&store, "log show 2 --diff --as u64le --json").fine().json();
    let change = &report["changes"][0];
    assert_eq!((&change["old"], &change["changed_bytes"]), (&Value::Null, &Value::Null));
    assert_eq!(change["old_as_known"], "????????????????");
    assert_eq!(change["fields"][0]["old"], Value::Null);
    assert!(on(&store, "log show 2 --diff").fine().text().contains("- 00000040  ?? ??"));
    let known = on(&store, "log show 3 --diff --json").fine().json();
    assert_eq!(known["changes"][0]["old"], "9600000000000000", "the log has it");
    let text = on(&store, "blame books 64 --as u64le").fine().text();
    assert!(text.ends_with("0x40 u64le ??\n"), "{text}");
}

/// Guards against writers in the wrong order and a base that is the newest value.
#[test]
fn blame_shows_who_wrote_what_and_what_was_before() {
    let parent = parent();
    let store = books(&parent);
    let text = on(&store, "blame books 0x40 --as u64le").fine().text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("transaction 3 (LSN ") && lines[0].ends_with("theft?[2J"),
        "{text}"
    );
    assert_eq!((lines[1], lines[3]), ("  0x40 u64le 10", "  0x40 u64le 150"));
    assert!(
        lines[4].starts_with("before transaction 2 (LSN ")
            && lines[4].ends_with("in the segment's file")
    );
    assert_eq!(lines[5], "  0x40 u64le 100");
    let report = on(&store, "blame books 64+16 --limit 1 --json").fine().json();
    assert_eq!(
        (&report["writes"][0]["transaction"], &report["older_writes"]),
        (&json!(4), &json!(2))
    );
    assert_eq!(report["base"]["bytes"], "64000000000000000000000000000000");
    on(&store, "blame books 4096").fails(2, &["bytes 4096..4097"]);
    on(&store, "blame ledger 0").fails(7, &["ledger"]);
    on(&store, "blame books 0+0").fails(2, &["not 0"]);
}

/// Guards against a dump of what the file has in place of what is committed, and against rows and fields that drift.
#[test]
fn dump_shows_what_is_committed() {
    let parent = parent();
    let store = books(&parent);
    let text = on(&store, "dump books").fine().text();
    assert_eq!(
        text,
        "\
00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00000040  0a 00 00 00 00 00 00 00  01 00 00 00 00 00 00 00  |................|
00000050  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00001000
"
    );
    let text = on(&store, "dump books 60+20 --as u64le,u64le@0x40").fine().text();
    assert_eq!(text, "0000003c  00000000\n00000040  10  1\n00000050\n");
    let report = on(&store, "dump books 0x40+16 --as u64le --json").fine().json();
    assert_eq!(
        report["rows"][0],
        json!({ "offset": 64, "hex": "0a00000000000000", "values": [10] })
    );
    assert!(on(&store, "dump books 64+1 --color always").fine().text().contains("\u{1b}["));
    on(&store, "dump books 4097").fails(2, &["4096"]);
}

/// Guards against a segment that is read or copied whole though little of it was ever written.
#[test]
fn ten_gigabytes_of_holes_take_neither_time_nor_memory() {
    let parent = parent();
    let store = books(&parent);
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(store.join("big.seg")).unwrap();
    file.set_len(10 << 30).unwrap();
    let limited = |arguments: &str| {
        let program = env!("CARGO_BIN_EXE_rvmctl");
        let line =
            format!("ulimit -v 1000000; exec {program} --store {} {arguments}", store.display());
        Run::new(Command::new("sh").args(["-c", &line]).output().unwrap()).fine()
    };
    let text = limited("dump big").text();
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["*", "280000000"]);
    assert_eq!(limited("peek big 0x27fffffff 1 --raw").stdout, [0]);
    assert_eq!(limited("dump big 8G --as u64le").text(), "200000000  0\n*\n280000000\n");
    limited("blame big 9G+8");
    limited("log ls big");
}

/// Guards against history that is told of a damaged store, and against one that is not told without a store.
#[test]
fn damage_and_absence_have_their_codes() {
    let parent = parent();
    let store = damaged(&parent);
    for verb in ["log ls", "log show 1", "log tail", "log tail -f", "blame a 0", "dump a"] {
        on(&store, verb).fails(4, &["a.log is damaged"]);
        on(&parent.path().join("nowhere"), verb).fails(7, &["there is no store"]);
    }
}

/// Guards against a ring that does not add up, commits that are not counted, and a picture that is another one each time.
#[test]
fn log_timeline_draws_the_rings_and_the_rates() {
    let parent = parent();
    let store = books(&parent);
    let report = on(&store, "log timeline --json").fine().json();
    let log = &report["logs"][0];
    let ring = log["ring"].as_array().unwrap();
    let kinds: Vec<&str> = ring.iter().map(|piece| piece["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["applied", "unapplied", "free"]);
    assert_eq!((&ring[0]["end"], &ring[1]["end"]), (&log["head_lsn"], &log["end_lsn"]));
    assert_eq!(ring[2]["end"], log["capacity"]);
    assert_eq!(report["commits"]["count"], 3);
    let buckets = report["commits"]["buckets"].as_array().unwrap().iter();
    assert_eq!(buckets.map(|count| count.as_u64().unwrap()).sum::<u64>(), 3);
    let text = on(&store, "log timeline").fine().text();
    for words in ["books: ", "# not applied", ". never used", "3 commits"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let picture = parent.path().join("picture.svg");
    let draw = |before: &str, after: &str| {
        on(&store, &format!("{before} log timeline --svg {} {after}", picture.display()))
    };
    let text = |run: Run| {
        let drawn = std::fs::read_to_string(&picture).unwrap();
        std::fs::remove_file(&picture).unwrap();
        (drawn, run.fine().stdout)
    };
    let drawn = text(draw("", "")).0;
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n") && drawn.contains("books: "));
    for (before, after) in [("--json", ""), ("", "--json")] {
        let (again, told) = text(draw(before, after));
        assert_eq!(drawn, again);
        assert_eq!(told, on(&store, "log timeline --json").fine().stdout);
    }
    write(&picture, b"mine");
    draw("", "").fails(2, &["exists already"]);
    assert_eq!(std::fs::read(&picture).unwrap(), b"mine");
    let lost = parent.path().join("nowhere/picture.svg");
    on(&store, &format!("log timeline --svg {}", lost.display())).fails(7, &["cannot write"]);
}

/// A `log tail -f` that runs.
struct Tail {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Tail {
    fn of(store: &Path, arguments: &[&str]) -> Self {
        let mut command = program();
        command.arg("--store").arg(store).args([
            "log",
            "tail",
            "-f",
            "--json",
            "--interval",
            "5ms",
        ]);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[track_caller]
    fn sees(&mut self, labels: &[&str]) {
        for label in labels {
            assert_eq!(self.next().get("label").and_then(Value::as_str), Some(*label));
        }
    }
}

/// Guards against a follower that loses its place where the store is closed, opened again or made again, and that never ends.
#[test]
fn log_tail_follows_through_all_that_happens_to_a_store() {
    let parent = parent();
    let place = parent.path().join("store");
    let open = || {
        let store = Rvm::options().background(false).open(&place).unwrap();
        let books = store.map("books", 4096).unwrap();
        (store, books)
    };
    let (store, books) = open();
    for label in ["1", "2", "3"] {
        book(&store, &books, label, 0, 1);
    }
    let mut tail = Tail::of(&place, &["-n", "2", "--count", "5"]);
    tail.sees(&["2", "3"]);
    book(&store, &books, "4", 0, 1);
    book(&store, &books, "5", 0, 1);
    tail.sees(&["4", "5"]);
    drop(books);
    store.close().unwrap();
    let (store, books) = open();
    book(&store, &books, "6", 0, 1);
    tail.sees(&["6"]);
    drop(books);
    store.close().unwrap();
    std::fs::remove_dir_all(&place).unwrap();
    let (store, books) = open();
    book(&store, &books, "7", 0, 1);
    tail.sees(&["7"]);
    book(&store, &books, "8", 0, 1);
    tail.sees(&["8"]);
    let ended = tail.child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()),
        (Some(0), "")
    );
}

/// Guards against transactions that are folded unseen and not told of, and against Ctrl-C that looks like success.
#[test]
fn log_tail_says_what_it_missed_and_ends_when_told_to() {
    let parent = parent();
    let [open_in, place, later] = ["open", "place", "later"].map(|name| parent.path().join(name));
    let store = Rvm::options().background(false).open(&open_in).unwrap();
    let books = store.map("books", 4096).unwrap();
    book(&store, &books, "seen", 0, 1);
    copy(&open_in, &place);
    let mut tail = Tail::of(&place, &[]);
    tail.sees(&["seen"]);
    for _ in 0..3 {
        book(&store, &books, "unseen", 0, 1);
    }
    store.truncate_log().unwrap();
    book(&store, &books, "seen again", 0, 1);
    copy(&open_in, &later);
    // The same store, as if nobody had looked in between.
    std::fs::rename(&place, parent.path().join("earlier")).unwrap();
    std::fs::rename(&later, &place).unwrap();
    assert_eq!(tail.next()["missed_at_most"], 3);
    tail.sees(&["seen again"]);
    let pid = tail.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(tail.child.wait().unwrap().code(), Some(130));
}
