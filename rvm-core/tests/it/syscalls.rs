//! What a durable commit costs: one forced write, and not another system call; and system calls that are interrupted by a signal.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use rvm_core::{Durability, Rvm};

use super::child;

const COMMITS: usize = 50;

/// Guards against anything beside the log force in a durable commit of one segment, in steady state: metadata, a second force, a
/// wake-up of another thread.
#[test]
fn a_durable_commit_is_one_forced_write() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    let inner = child::command("syscalls::child_commits_between_marks", &dir.path().join("store"));
    let trace = traced(&inner, &trace, &[]);
    let between = trace.lines().skip_while(|line| !line.contains("/rvm-mark-begin")).skip(1);
    let calls: Vec<&str> = between
        .take_while(|line| !line.contains("/rvm-mark-end"))
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('(').map(|call| call.0))
        .collect();
    let one_direct_write = calls.len() == COMMITS && calls.iter().all(|call| *call == "pwrite64");
    let write_and_force =
        calls.len() == 2 * COMMITS && calls.chunks(2).all(|pair| pair == ["pwrite64", "fdatasync"]);
    assert!(one_direct_write || write_and_force, "{COMMITS} commits: {calls:?}");
    println!("{COMMITS} commits: {} system calls", calls.len());
}

/// Runs a child to its end under strace; returns the trace.
fn traced(inner: &Command, trace: &Path, options: &[&OsStr]) -> String {
    let mut strace = Command::new("strace");
    strace.arg("-f").arg("-o").arg(trace).args(options);
    strace.arg(inner.get_program()).args(inner.get_args());
    strace.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    child::run(strace);
    std::fs::read_to_string(trace).unwrap()
}

/// Guards against an opening that fails because a signal came in the middle of a system call.
#[test]
fn whatever_opening_of_a_file_is_interrupted_is_tried_again() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (trace, store) = (dir.path().join("trace"), dir.path().join("store"));
    for nth in 1.. {
        let inner = child::command("syscalls::child_recovers_and_commits", &store);
        let inject = format!("inject=openat:error=EINTR:when={nth}");
        // Only calls that have to do with the store: the loader knows no second try.
        let options = ["-P".as_ref(), store.as_os_str(), "-e".as_ref(), inject.as_ref()];
        if !traced(&inner, &trace, &options).contains("(INJECTED)") {
            assert!(nth > 6, "{nth} openings: the list, the lock, and two files at least");
            return;
        }
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_recovers_and_commits() {
    let Some(dir) = child::dir() else { return };
    let rvm = Rvm::options().background(false).open(dir).unwrap();
    let segment = rvm.map("s", 4096).unwrap();
    rvm.transaction(&[&segment], |txn| txn.write(&segment, 0, b"x")).unwrap();
    // Not closed, so that the next one recovers.
    Box::leak(Box::new(rvm));
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_commits_between_marks() {
    let Some(dir) = child::dir() else { return };
    let rvm = Rvm::open(dir).unwrap();
    let segment = rvm.map("s", 4096).unwrap();
    let commit = |i: usize| {
        let mut txn = rvm.begin(&[&segment]).unwrap();
        txn.write(&segment, (i * 8) as u64, &i.to_le_bytes()).unwrap();
        txn.commit().unwrap();
    };
    (0..20).for_each(commit);
    // The store's own thread has started once it has forced a lazy commit.
    let forces = rvm.stats().log_forces;
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"lazy").unwrap();
    txn.commit_with(Durability::Lazy).unwrap();
    while rvm.stats().log_forces == forces {
        std::thread::yield_now();
    }
    let mark = |path| assert!(std::fs::metadata(path).is_err());
    mark("/rvm-mark-begin");
    (0..COMMITS).for_each(commit);
    mark("/rvm-mark-end");
}
