//! `rvmctl shell`: transactions by hand, from a script and at a terminal.

use std::path::Path;

use crate::rvmctl::{Run, on, on_with_input, program};
use crate::stores::{clean, crashed, damaged, files, open, parent};
use crate::terminal::Terminal;

/// A script; what is said at the start is taken off.
fn script(store: &Path, options: &str, lines: &str) -> Run {
    let mut run = on_with_input(store, &format!("shell {options}"), lines.as_bytes());
    if let Some((greeting, rest)) = run.stderr.split_once('\n')
        && (greeting.contains("open for writing") || greeting.contains("for looking only"))
    {
        run.stderr = rest.to_owned();
    }
    run
}

/// Guards against a shell in which a transaction is anything else than one: its bytes, its label, its undo.
#[test]
fn a_script_makes_transactions() {
    let parent = parent();
    let store = clean(&parent);
    let lines = "\
# a comment, and an empty line

map a
map new 64
begin a new
set a 0x10 u32le:7 \"text\"
fill new 0 64 hex:0102
show a 0x10 8
changes
label by hand
commit
begin a
set a 0 \"undone\"
abort
begin a
set a 32 u8:1
commit lazy
flush
history
status
stats
segments
unmap a
show a 0x10 8
truncate
quit
this is not read
";
    let text = script(&store, "", lines).fine().text();
    for part in [
        "new: 64 bytes",
        "00000010  07 00 00 00 74 65 78 74",
        "a 0x10+8: 0000000000000000 -> 0700000074657874",
        "new 0x0+64: 00000000000000000000000000000000... -> 01020102010201020102010201020102...",
        "transaction 2 is committed, durable",
        "transaction 3 is committed, lazily",
        "by hand",
        "commits: 1 forced, 1 lazy; 1 abort",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert_eq!(text.matches("00000010  07 00 00 00 74").count(), 2, "{text}");
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"committed");
    assert_eq!(on(&store, "peek a 32 1 --raw").fine().stdout, [1]);
    assert_eq!(on(&store, "peek new 62 2 --raw").fine().stdout, [1, 2]);
}

/// Guards against a script that goes on behind a mistake, or does not say where it was, or ends as if there was none.
#[test]
fn a_script_stops_at_the_line_that_fails() {
    let parent = parent();
    let store = clean(&parent);
    let lines = "map a\nbegin a\nset a 4090 \"too long\"\nset a 0 \"never\"\ncommit\n";
    let run = script(&store, "", lines);
    assert_eq!(run.code, 2);
    let [first, second] = run.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", run.stderr)
    };
    assert_eq!(first, "the open transaction was aborted: nothing of it is kept");
    assert!(second.starts_with("rvmctl: line 3: bytes 4090..4098"), "{second}");
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"committed");
    let run = script(&store, "--keep-going", &lines.replace("never", "kept"));
    assert_eq!(run.code, 2);
    assert!(run.text().contains("transaction 2 is committed"), "{}", run.text());
    assert_eq!(on(&store, "peek a 0 4 --raw").fine().stdout, b"kept");
    script(&store, "", "map c\n").fails(7, &["line 1", "there is no segment \"c\""]);
    for (line, words) in [
        ("commit", "begin one first"),
        ("begin a", "map it first"),
        ("explode", "there is no command"),
        ("map a 12 13", "write map NAME [LEN]"),
        ("map ../a 12", "no segment name"),
        ("show a 0 5000", "reach outside"),
        ("\u{7}\"", "quote"),
    ] {
        script(&store, "", line).fails(2, &["line 1", words]);
    }
}

/// Guards against changes that nobody committed.
#[test]
fn what_is_open_at_the_end_is_aborted_and_told() {
    let parent = parent();
    let store = clean(&parent);
    let run = script(&store, "", "map a\nbegin a\nset a 0 \"undone\"\n");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the open transaction was aborted"), "{}", run.stderr);
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"committed");
}

/// Guards against a shell that writes when it was told not to, and one that is kept out where it only looks.
#[test]
fn a_shell_for_looking_writes_nothing() {
    let parent = parent();
    let crashed = crashed(&parent);
    let before = files(&crashed);
    let text =
        script(&crashed, "--read-only", "segments\nshow a 0 9\nstatus\nstats\n").fine().text();
    assert!(text.contains("committed") && text.contains("recovery is due"), "{text}");
    for line in ["map a", "begin a", "truncate", "flush", "commit", "unmap a"] {
        script(&crashed, "--read-only", line).fails(2, &["for looking only"]);
    }
    assert!(files(&crashed) == before, "a file was changed");
    let in_use = parent.path().join("in-use");
    let owner = open(&in_use);
    assert!(script(&in_use, "--read-only", "show a 0 9").fine().text().contains("committed"));
    script(&in_use, "", "show a").fails(5, &["locked"]);
    owner.close().unwrap();
    script(&damaged(&parent), "", "show a").fails(4, &["a.log is damaged"]);
    script(&parent.path().join("missing"), "", "map a 1").fails(7, &["there is no store"]);
    assert_eq!(on(&crashed, "shell --json").code, 2);
}

/// Guards against a terminal at which a slip ends the shell, or a typed line is not what is done.
#[test]
fn at_a_terminal_a_slip_ends_nothing() {
    let parent = parent();
    let store = clean(&parent);
    let mut command = program();
    command.arg("--store").arg(&store).args(["shell", "--keep-history"]);
    command.env("XDG_STATE_HOME", parent.path().join("state"));
    let mut terminal = Terminal::start(&mut command, 80);
    terminal.wait_for("clean> ");
    terminal.type_in("explode\r");
    terminal.wait_for("there is no command");
    terminal.wait_for("clean> ");
    terminal.type_in("map a\r");
    terminal.wait_for("a: 4,096 bytes");
    terminal.wait_for("clean> ");
    // Tab completes both.
    terminal.type_in("beg\t a\r");
    terminal.wait_for("clean (a)> ");
    terminal.type_in("set a 0 \"dropped\"\u{3}");
    terminal.wait_for("clean (a)> ");
    terminal.type_in("set a 0 \"typed\"\r");
    terminal.wait_for("clean (a)> ");
    terminal.type_in("commit\r");
    terminal.wait_for("transaction 2 is committed");
    terminal.wait_for("clean> ");
    terminal.type_in("begin a\r");
    terminal.wait_for("clean (a)> ");
    terminal.type_in("\u{4}");
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("open for writing") && screen.contains("was aborted"), "{screen}");
    assert_eq!(on(&store, "peek a 0 9 --raw").fine().stdout, b"typedtted");
    let history = std::fs::read_to_string(parent.path().join("state/rvmctl/history")).unwrap();
    assert!(history.contains("explode") && history.contains("commit"), "{history}");
}
