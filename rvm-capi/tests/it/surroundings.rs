//! What a program does beside its calls.

use crate::programs::{Language, command, compile, succeed};

/// Guards against a library that takes a program's signals, keeps a lock for a process that is gone, forgets a failure because of a fork, gives
/// out memory that goes, or refuses what the interface has always allowed.
#[test]
fn signals_forks_the_environment_a_failing_disk_and_large_transactions() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("surroundings");
    compile(Language::C11, &[], &["tests/c/surroundings.c".into()], &program);
    succeed(command(&program).arg(dir.path()));
}
