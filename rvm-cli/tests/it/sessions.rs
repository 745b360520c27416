//! The pages with sessions: their commands, typed one after the other in an empty directory, print what the pages show.
//!
//! In a block of `console`, a line that begins with `$ ` is a command for `sh`; what follows is what it prints, notes included. A line
//! `? N` right behind it says that it ends with N. `[..]` stands for anything on a line, a line `...` for any lines.
//! `SNAPSHOTS=overwrite` in the environment puts what is printed on the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use snapbox::Data;
use snapbox::filter::NormalizeToExpected;
use tempfile::TempDir;

use crate::stores::write;

/// What is on a page.
enum Piece {
    /// Lines that are not run.
    Text(String),
    /// A command, and what the page says that it does.
    Step { command: String, shown: String },
}

/// Guards against a session that a reader cannot type as it stands, and output that is not what one gets.
#[test]
fn the_session_on_the_page_works_as_it_is_shown() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let pieces = pieces(&fs::read_to_string(&page).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut written = String::new();
    let mut differing = None;
    let mut steps = 0;
    for piece in pieces {
        match piece {
            Piece::Text(text) => written += &text,
            Piece::Step { command, shown } => {
                steps += 1;
                let found = matched(&run(&command, &directory), &shown);
                written.extend(["$ ", &command, "\n", &found]);
                if found != shown {
                    differing.get_or_insert((command, found, shown));
                }
            }
        }
    }
    assert!(steps > 0, "there is no session on the page");
    let Some((command, found, shown)) = differing else { return };
    if std::env::var_os("SNAPSHOTS").is_some_and(|wanted| wanted == "overwrite") {
        return write(&page, written.as_bytes());
    }
    eprintln!("$ {command}");
    snapbox::assert_data_eq!(found, shown);
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut is_session = false;
    for line in page.lines() {
        let fence = line.strip_prefix("```");
        if let Some(language) = fence {
            is_session = language == "console";
        }
        match (line.strip_prefix("$ "), pieces.last_mut()) {
            (Some(command), _) if is_session => {
                pieces.push(Piece::Step { command: command.to_owned(), shown: String::new() });
            }
            (_, Some(Piece::Step { shown, .. })) if is_session => shown.extend([line, "\n"]),
            (_, Some(Piece::Text(text))) => text.extend([line, "\n"]),
            _ => pieces.push(Piece::Text(format!("{line}\n"))),
        }
    }
    pieces
}

/// What a command prints, on both of its streams, and how it ends.
fn run(command: &str, directory: &TempDir) -> String {
    let path = std::env::var("PATH").unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rvmctl"));
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(directory);
    shell.env("PATH", path).env_remove("RVM_STORE").env("NO_COLOR", "1");
    let output = shell.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    match output.status.code() {
        Some(0) => printed,
        code => format!("? {}\n{printed}", code.unwrap()),
    }
}

/// What was printed, with the page's wild cards where they stand for it.
fn matched(printed: &str, shown: &str) -> String {
    let (printed, shown) = (Data::text(printed), Data::text(shown));
    NormalizeToExpected::new().redact().normalize(printed, &shown).to_string()
}
