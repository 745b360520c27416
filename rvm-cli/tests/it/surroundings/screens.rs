//! Where verbs print to: a narrow terminal, a reader that leaves, a device that is full; with colours and without.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::places::Places;
use super::running::command;
use super::table::{ROWS, Row};
use crate::terminal::Terminal;

const NARROW: u16 = 40;

/// Where a row is tried.
fn prepared(row: &Row, places: &Places) -> std::process::Command {
    prepared_with(row, "", places)
}

/// With options in front.
fn prepared_with(row: &Row, options: &str, places: &Places) -> std::process::Command {
    let directory = if row.needs_store { places.clean() } else { places.empty() };
    command(row, &format!("{options} {}", row.call), &directory, places)
}

/// Guards against tables and sentences that a narrow terminal breaks anywhere.
#[test]
fn a_narrow_terminal_has_no_line_that_is_too_long() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| row.long_lines.is_none() && row.input.is_none()) {
        let (code, screen) = Terminal::start(&mut prepared(row, &places), NARROW).end();
        assert_eq!(code, 0, "{}: {screen}", row.verb);
        for line in screen.lines() {
            let line = strip(line);
            let columns = line.chars().count();
            assert!(columns <= usize::from(NARROW), "{}: {columns} columns: {line:?}", row.verb);
        }
    }
}

/// Guards against a panic, a failure, or a complaint when `head` has seen enough.
#[test]
fn a_reader_that_leaves_is_no_failure_of_any_verb() {
    let places = Places::new();
    for row in ROWS {
        let mut command = prepared(row, &places);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{}: {told}", row.verb);
        assert!(
            !told.contains("Broken pipe") && !told.contains("panicked"),
            "{}: {told}",
            row.verb
        );
    }
}

/// Guards against output that is lost while the verb says that all is well.
#[test]
fn a_full_device_is_a_failure_of_every_verb() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| !row.silent) {
        let mut command = prepared(row, &places);
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        let is_help = row.call.ends_with("--help");
        assert!(ended.status.code() == Some(1) || is_help, "{}: {told}", row.verb);
        assert!(told.contains("cannot write the output") || is_help, "{}: {told}", row.verb);
    }
}

/// Guards against colours in files, and none where they are asked for; what is said is the same.
#[test]
fn colours_are_a_matter_of_taste() {
    let places = Places::new();
    for row in ROWS.iter().filter(|row| row.long_lines.is_none() && row.input.is_none()) {
        let run = |color: &str| {
            let mut command = prepared_with(row, &format!("--color {color}"), &places);
            if color == "auto" {
                command.env("NO_COLOR", "1");
            }
            let ended = command.output().unwrap();
            let told = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(0), "{} --color {color}: {told}", row.verb);
            String::from_utf8(ended.stdout).unwrap()
        };
        for plain in ["auto", "never"] {
            assert!(!run(plain).contains('\u{1b}'), "{} --color {plain}", row.verb);
        }
        let coloured = strip(&run("always"));
        assert!(!coloured.contains('\u{1b}'), "{}: {coloured:?}", row.verb);
    }
}

/// The text without codes for colours, and without what moves the cursor.
fn strip(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            chars.by_ref().find(char::is_ascii_alphabetic);
        }
    }
    plain
}
