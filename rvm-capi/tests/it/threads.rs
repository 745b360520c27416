//! Programs with threads.

use crate::programs::{Language, command, compile, succeed};

/// Guards against commits of threads that get lost or wait for nothing, against a transaction that two threads use at once, and against a
/// store that does not open any more because memory changed while it was committed.
#[test]
fn threads_commit_in_parallel_and_one_transaction_is_of_one_thread_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("threads");
    compile(Language::C11, &[], &["tests/c/threads.c".into()], &program);
    succeed(command(&program).arg(dir.path()));
}
