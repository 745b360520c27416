//! The programs in `examples/`: they do what they say, lose nothing, and show the mistake that is planted in one of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::documentation::{line_of_shell, shell_block};
use crate::programs::{Language, command, command_to_kill, compile, folder, library_dir, succeed};

/// What checked mode prints of the planted mistake, in the slot of the key `a`.
const FOUND: &str = "rvm: rvm_commit_trans: undeclared change in transaction 1: segment \"table\", \
                     offset 150312, length 3, old 6f 6e 65, new 74 77 6f\n";

struct Program {
    path: PathBuf,
    dir: TempDir,
}

impl Program {
    fn new(language: Language, source: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        compile(language, &[], &[Path::new("examples").join(source)], &path);
        Self { path, dir }
    }

    fn command(&self, words: &str) -> Command {
        self.on_store(command(&self.path), words)
    }

    fn on_store(&self, mut command: Command, words: &str) -> Command {
        command.arg(self.dir.path().join("store")).args(words.split(' '));
        command
    }

    /// Runs it and returns its status, its output and what it complains of.
    fn run(&self, words: &str) -> (i32, String, String) {
        parts(&self.command(words).output().unwrap())
    }

    fn run_checked(&self, words: &str) -> (i32, String, String) {
        parts(&self.command(words).env("RVM_CHECKED", "1").output().unwrap())
    }

    /// Its output when it succeeds and complains of nothing.
    fn says(&self, words: &str) -> String {
        let (status, output, complaints) = self.run(words);
        assert_eq!((status, complaints.as_str()), (0, ""), "{words}");
        output
    }
}

fn parts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Guards against an example that does not compile, or does not do what its comment says, in one of the languages.
#[test]
fn the_hash_table_keeps_what_was_put_in_every_language() {
    for language in Language::ALL {
        let table = Program::new(language, "hash_table.c");
        for words in ["put a one", "put b two", "put c three", "put a four", "delete b"] {
            assert_eq!(table.says(words), "", "{language:?}");
        }
        assert_eq!(table.says("get a"), "four\n");
        assert_eq!(table.run("get b"), (1, String::new(), String::new()));
        assert_eq!(table.run("delete b").0, 1);
        assert_eq!(sorted(&table.says("list")), ["a four", "c three"]);
        assert_eq!(table.says("put b five"), "");
        assert_eq!(sorted(&table.says("list")), ["a four", "b five", "c three"]);
    }
}

/// Guards against an example that goes on after something went wrong.
#[test]
fn the_hash_table_says_what_is_wrong() {
    let table = Program::new(Language::C89, "hash_table.c");
    let long = "x".repeat(28);
    for words in ["", "put a", "frob", &format!("put {long} 1"), &format!("put a {long}{long}")] {
        let (status, output, complaints) = table.run(words);
        assert_eq!((status, output.as_str()), (2, ""), "{words}");
        assert!(complaints.starts_with("hash_table: "), "{words}: {complaints}");
    }
    let output = command(&table.path).args(["/dev/null", "list"]).output().unwrap();
    let (status, _, complaints) = parts(&output);
    assert_eq!(status, 2);
    assert!(complaints.starts_with("rvm: rvm_init: "), "{complaints}");
}

/// Guards against puts that were acknowledged and are gone after a kill, and against a table that a kill left half changed.
#[test]
fn a_kill_takes_nothing_that_the_hash_table_acknowledged() {
    let table = Program::new(Language::C11, "hash_table.c");
    let mut acknowledged = 0;
    for round in 1..=3_u64 {
        let mut fill = table.on_store(command_to_kill(&table.path), "fill");
        let mut child = fill.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.take(200 * usize::try_from(round).unwrap()) {
            acknowledged = line.unwrap().parse::<u64>().unwrap();
        }
        // It is in the middle of a later put, and never ends by itself.
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = table.says("list");
        let listed: BTreeSet<_> = listed.lines().collect();
        for number in 0..=acknowledged {
            let line = format!("key-{number} {number}");
            assert!(listed.contains(line.as_str()), "{line} is gone, {acknowledged} was the last");
        }
    }
    assert_eq!(acknowledged, 599);
}

/// Guards against checked mode that misses the classic mistake, tells it wrongly, or accuses a program without it; and against pages that
/// show what is not printed.
#[test]
fn checked_mode_finds_the_mistake_that_is_planted() {
    let table = Program::new(Language::C89, "hash_table.c");
    assert_eq!(table.run_checked("put a one"), (0, String::new(), String::new()));
    // As the page has it.
    std::os::unix::fs::symlink(&table.path, table.dir.path().join("hash_table")).unwrap();
    let mut shell = line_of_shell(&shell_block("RVM_CHECKED=1 "), table.dir.path());
    let shell = shell.env("LD_LIBRARY_PATH", library_dir()).output().unwrap();
    assert_eq!(parts(&shell), (0, String::new(), FOUND.to_owned()));
    // What it warned of: the change is gone.
    assert_eq!(table.says("get a"), "one\n");
    for words in ["put a two", "put b one", "delete a", "delete b", "put c three"] {
        assert_eq!(table.run_checked(words), (0, String::new(), String::new()), "{words}");
    }
    for page in ["../docs/c.md", "man/rvmx_on_undeclared.3"] {
        let text = std::fs::read_to_string(folder().join(page)).unwrap();
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(FOUND.trim_end()), "{page} shows something else");
    }
}

/// Guards against money that is made or lost, by a transfer that is refused and by one that names no account.
#[test]
fn the_bank_undoes_what_it_refuses() {
    let bank = Program::new(Language::Cpp17, "bank.cpp");
    assert_eq!(bank.says("deposit 1 100"), "");
    assert_eq!(bank.says("transfer 1 2 30"), "");
    let refused = bank.run("transfer 2 1 31");
    assert_eq!(refused, (1, String::new(), "bank: there is not enough money\n".to_owned()));
    assert_eq!(bank.run("transfer 1 1000 5").0, 2);
    assert_eq!(bank.says("show"), "1 70\n2 30\n2 entries, 100 in all\n");
    let (status, output, complaints) = bank.run_checked("transfer 1 3 7");
    assert_eq!((status, output.as_str(), complaints.as_str()), (0, "", ""));
}

/// Guards against a wrapper that leaks, throws where it must not, or lets a segment go while a transaction needs it.
#[test]
fn the_wrapper_owns_what_it_opened() {
    let dir = tempfile::tempdir().unwrap();
    let variants: [&[&str]; 3] =
        [&[], &["-DRVM_T_INT", "-DTRANS_T_POINTER"], &["-DRVM_T_STRUCT", "-DTRANS_T_POINTER"]];
    for (number, defines) in variants.iter().enumerate() {
        let (program, store) = (dir.path().join("program"), dir.path().join(number.to_string()));
        compile(Language::Cpp17, defines, &["tests/c/wrapper.cpp".into()], &program);
        succeed(command(&program).arg(store));
    }
}
