//! A backup and one that builds on it, kept for ever: every later version must restore them. The format's page is compared with them, too.

use std::fs;
use std::path::{Path, PathBuf};

use rvm_core::Rvm;
use rvm_core::rvm_history::backup::manifest::{CHUNK_LEN_MAX, CHUNK_LEN_MIN, VERSION};
use rvm_core::rvm_history::backup::verify_backup;
use rvm_core::rvm_history::observer::Unobserved;

use super::{back_up, restored, write};

const DOCUMENT: &str = include_str!("../../../../docs/backup-format.md");

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/backup-v1")
}

const NOISE: [u8; 16] = *b"q8ZkW3vX0mLr5TyB";

/// What was in the store.
fn content(changed: bool) -> Vec<(String, Vec<u8>)> {
    let mut accounts = vec![0; 150_000];
    accounts[..16].copy_from_slice(&NOISE);
    accounts[140_000..140_400].fill(7);
    let mut notes = vec![0; 40];
    notes[..5].copy_from_slice(b"first");
    if changed {
        accounts[70_000..70_004].copy_from_slice(b"next");
        accounts[140_000..140_400].fill(0);
        notes.resize(48, 0);
        notes[40..].copy_from_slice(b"appended");
    }
    vec![("accounts.seg".to_owned(), accounts), ("notes.seg".to_owned(), notes)]
}

/// Guards against a change of the format that nobody decided: backups of version 1 restore for ever.
#[test]
fn the_golden_backup_restores() {
    for (name, changed) in [("full", false), ("next", true)] {
        let found: Vec<_> = restored(&golden().join(name)).unwrap().into_iter().collect();
        assert!(found == content(changed), "{name}");
        verify_backup(&golden().join(name), &mut Unobserved).unwrap();
    }
}

/// Guards against a page that tells of another format than the code has.
#[test]
fn the_page_shows_the_golden_manifest_and_the_constants() {
    let manifest = fs::read_to_string(golden().join("next/manifest.json")).unwrap();
    // On the page it has line breaks, for people.
    let squeezed: String = DOCUMENT.split_whitespace().collect();
    assert!(squeezed.contains(&manifest.split_whitespace().collect::<String>()), "{manifest}");
    for (name, value) in [
        ("version", VERSION.to_string()),
        ("CHUNK_LEN_MIN", CHUNK_LEN_MIN.to_string()),
        ("CHUNK_LEN_MAX", CHUNK_LEN_MAX.to_string()),
    ] {
        let is_row =
            |line: &str| line.contains(name) && line.split_whitespace().any(|word| word == value);
        assert!(DOCUMENT.lines().any(is_row), "{name} {value}");
    }
}

#[test]
#[ignore = "makes the golden backup, once a version"]
fn make_the_golden_backup() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let rvm = Rvm::open(&store).unwrap();
    for (name, len) in [("accounts", 150_000), ("notes", 40)] {
        rvm.unmap(&rvm.map(name, len).unwrap()).unwrap();
    }
    write(&rvm, "accounts", 0, &NOISE);
    write(&rvm, "accounts", 140_000, &[7; 400]);
    write(&rvm, "notes", 0, b"first");
    fs::create_dir_all(golden()).unwrap();
    back_up(&store, &golden().join("full"), None).unwrap();
    rvm.unmap(&rvm.map("notes", 48).unwrap()).unwrap();
    write(&rvm, "accounts", 70_000, b"next");
    write(&rvm, "accounts", 140_000, &[0; 400]);
    write(&rvm, "notes", 40, b"appended");
    back_up(&store, &golden().join("next"), Some(&golden().join("full"))).unwrap();
}
