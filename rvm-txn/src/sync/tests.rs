//! Nobody goes around the door.

use std::fs;
use std::path::{Path, PathBuf};

/// What may be taken from the standard library's `sync` anywhere.
const FREE: &[&str] = &["Arc", "Weak", "OnceLock"];

/// Guards against a lock, a thread or an atomic that escapes the scheduler of `tests/schedules`.
#[test]
fn locks_threads_and_atomics_come_through_here_only() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 30, "only {} sources found", files.len());
    let mut faults = Vec::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        faults.extend(
            (1..)
                .zip(source.lines())
                .filter(|(_, line)| !line.trim_start().starts_with("//") && goes_around(line))
                .map(|(number, line)| format!("{}:{number}: {line}", file.display())),
        );
    }
    assert!(faults.is_empty(), "not from crate::sync:\n{}", faults.join("\n"));
}

/// Guards against a rule that sees nothing.
#[test]
fn what_goes_around_is_seen() {
    for line in [
        "use parking_lot::Mutex;",
        "use std::sync::{Arc, Mutex};",
        "use std::sync::atomic::AtomicBool;",
        "std::thread::spawn(work);",
        "use std::{sync, thread};",
        "thread_local!(static KEY: u64 = 0); use std::thread_local;",
    ] {
        assert!(goes_around(line), "{line}");
    }
    for line in ["use std::sync::Arc;", "use std::sync::{Arc, OnceLock, Weak};"] {
        assert!(!goes_around(line), "{line}");
    }
}

fn goes_around(line: &str) -> bool {
    let elsewhere = ["parking_lot", "std::thread", "std::{sync", "std::sync;", "std::sync as"];
    let taken = line.split_once("std::sync::").map_or("", |(_, taken)| taken);
    let (list, count) = match taken.strip_prefix('{') {
        Some(list) => (list, usize::MAX),
        None => (taken, 1),
    };
    let mut words = list.split(|c: char| !c.is_alphanumeric() && c != '_').take(count);
    elsewhere.iter().any(|name| line.contains(name))
        || words.any(|word| !word.is_empty() && !FREE.contains(&word))
}

/// All sources below, without this folder's and those of tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("src/sync") {
            collect(&path, files);
        } else if path.is_file() && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}
