//! Standard output and standard error: who leaves early, and what cannot be written.

use std::io::Read;
use std::process::Stdio;

use crate::rvmctl::{on, program, run};
use crate::stores::{files, parent};

/// Guards against a panic, or a failure, when `head` has seen enough.
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let parent = parent();
    let store = parent.path().join("store");
    on(&store, "seg create large 1M").fine();
    for form in ["--raw", "--json"] {
        let mut command = program();
        command.arg("--store").arg(&store).args(["peek", "large", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = child.stdout.take().unwrap();
        reader.read_exact(&mut [0; 10]).unwrap();
        drop(reader);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{form}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{form}");
    }
}

/// Guards against output that is lost while the program says that all is well.
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let parent = parent();
    let store = parent.path().join("store");
    on(&store, "seg create a 1").fine();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = program();
    let ended =
        command.arg("--store").arg(&store).args(["seg", "ls"]).stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.starts_with("rvmctl: cannot write the output: No space left"), "{told}");
    assert_eq!(files(&store).len(), 3);
}

/// Guards against errors that are text where JSON was asked for.
#[test]
fn errors_are_json_when_that_is_asked_for() {
    let parent = parent();
    let run = on(&parent.path().join("missing"), "--json status");
    assert!(run.stdout.is_empty());
    let error = run.error();
    assert_eq!((error["family"].as_str(), error["exit_code"].as_u64()), (Some("state"), Some(7)));
    assert!(error["message"].as_str().unwrap().contains("there is no store"));
}

/// Guards against usage errors that a program which reads JSON cannot read, and against help that became an error.
#[test]
fn wrong_usage_is_told_as_json_when_that_is_asked_for() {
    for (arguments, words) in [
        (vec!["--json", "explode"], "unrecognized subcommand 'explode'"),
        (vec!["explode", "--json"], "unrecognized subcommand 'explode'"),
        (vec!["--json", "seg", "create", "a"], "not provided: <LEN>"),
        (vec!["seg", "create", "a", "four", "--json"], "invalid value 'four' for '<LEN>'"),
        (vec!["--json", "log", "ls", "--since", "yesterday"], "is no time; write for example"),
        (vec!["--json"], "a command is missing"),
        (vec!["--json", "seg"], "a command is missing"),
    ] {
        let told = run(&arguments);
        told.fails_as_json(2, words);
        assert!(told.stdout.is_empty());
        let error = told.error();
        assert_eq!((&error["family"], &error["exit_code"]), (&"misuse".into(), &2.into()));
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("Usage:") && !message.starts_with("error"), "{message}");
    }
    assert!(run(["explode"]).stderr.contains("Usage:"));
    assert!(run(["explode", "--", "--json"]).stderr.contains("Usage:"));
    for answer in ["--help", "--version"] {
        assert_eq!(run(["--json", answer]).fine().stdout, run([answer]).stdout);
    }
}

/// Guards against colours in a pipe or a file, and against `--color always` or `NO_COLOR` that do nothing.
#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let parent = parent();
    let store = parent.path().join("store");
    on(&store, "seg create a 1").fine();
    let is_coloured = |arguments: &str| on(&store, arguments).fine().text().contains('\u{1b}');
    assert!(!is_coloured("status"));
    assert!(!is_coloured("status --color never"));
    assert!(is_coloured("status --color always"));
    let mut command = program();
    command.arg("--store").arg(&store).args(["status", "--color", "auto"]).env("NO_COLOR", "1");
    assert!(!command.output().unwrap().stdout.contains(&0x1b));
}

/// Guards against JSON that does not say what version of it this is.
#[test]
fn json_has_the_version_of_its_schema() {
    let parent = parent();
    let store = parent.path().join("store");
    on(&store, "seg create a 1").fine();
    assert_eq!(on(&store, "--json status").fine().json()["schema"], 1);
    let told = on(&store, "--json peek b");
    let told: serde_json::Value = serde_json::from_str(&told.stderr).unwrap();
    assert_eq!(told["schema"], 1);
}
