//! Programs as they are written to this interface: they fork, die, are killed and judge what is left. Each file in
//! `tests/c/programs` is one; they judge themselves.

use std::path::{Path, PathBuf};

use crate::programs::{Language, command, compile, scratch, succeed, under_valgrind};

/// Compiles a program as C89 and as C++, and runs it with the path of a directory that is not there yet; then `judge` looks
/// at what it left.
fn run(name: &str, judge: impl Fn(&Path, &Path)) {
    for language in [Language::C89, Language::Cpp17] {
        run_as(language, name, &judge);
    }
}

fn run_as(language: Language, name: &str, judge: impl Fn(&Path, &Path)) {
    let dir = scratch();
    let (program, store) = (dir.path().join(name), dir.path().join("store"));
    let folder = Path::new("tests/c/programs");
    let sources: [PathBuf; 2] = [folder.join(name).with_extension("c"), folder.join("judge.c")];
    compile(language, &[], &sources, &program);
    judge(&program, &store);
}

fn run_alone(name: &str) {
    run(name, judge_itself);
}

fn judge_itself(program: &Path, store: &Path) {
    succeed(command(program).arg(store));
}

/// Guards against commits that are lost, or changes that are not, when a child dies, whoever called `rvm_init` before the fork.
#[test]
fn a_child_dies_and_its_parent_judges() {
    run_alone("dies_and_is_judged");
}

/// Guards against a directory that a parent which used it, and has nothing mapped, does not leave to its child.
#[test]
fn a_directory_that_was_used_before_the_fork() {
    run_alone("used_before_the_fork");
}

/// Guards against a child that commits into its parent's log, or unmaps, destroys or unlocks what is its parent's.
#[test]
fn the_handles_of_a_parent_in_its_child() {
    run_alone("handles_of_the_parent");
}

/// Guards against a lock that lives in a child after its owner was killed.
#[test]
fn a_child_that_outlives_its_killed_parent() {
    run_alone("child_of_a_killed_parent");
}

/// Guards against two processes in one directory, and against one that is never free again.
#[test]
fn processes_that_fight_for_a_directory() {
    run_alone("fights");
}

/// Guards against a commit that is in one segment and not in another, or had returned and is gone.
#[test]
fn a_kill_at_any_moment() {
    run_alone("dies_at_any_moment");
}

/// Guards against parts of an aborted or an open transaction in some of its segments.
#[test]
fn an_abort_and_an_open_transaction_before_the_death() {
    run_alone("aborts_and_dies");
}

/// Guards against segments of one directory in another.
#[test]
fn several_directories() {
    run_alone("several_directories");
}

/// Guards against a handle that leads to a directory that was removed.
#[test]
fn a_directory_that_is_removed_and_made_again() {
    run_alone("removes_the_directory");
}

/// Guards against a second run that does not see the state of the first.
#[test]
fn a_program_that_is_run_again() {
    run("run_twice", |program, store| {
        for before in 0..5 {
            succeed(command(program).arg(store).arg(before.to_string()));
        }
    });
}

/// Guards against a truncation after which other tools do not see the committed bytes, or see more, or a log that stays large.
#[test]
fn files_after_a_truncation() {
    run("truncates", |program, store| {
        succeed(command(program).arg(store));
        let expected: Vec<u8> = (b'a'..=b'z').cycle().take(10_000).collect();
        assert!(std::fs::read(store.join("seg.seg")).unwrap() == expected);
        let len = |name: &str| store.join(name).metadata().unwrap().len();
        assert_eq!(len("seg.log"), len("fresh.log"));
    });
}

/// Guards against a commit that returns although it did not fit.
#[test]
fn a_transaction_that_does_not_fit() {
    run("does_not_fit", |program, store| {
        let output = succeed(command(program).arg(store));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.starts_with("rvm: rvm_commit_trans: ") && stderr.lines().count() == 1);
    });
}

/// Guards against a file that stays open for each mapped segment.
#[test]
fn two_thousand_segments() {
    // Too slow under valgrind, and nothing that the others do not do.
    if !under_valgrind() {
        run_as(Language::C89, "many_segments", judge_itself);
    }
}
