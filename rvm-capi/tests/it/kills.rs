//! Kills in the middle of a commit over two segments, at every system call.

use crate::programs::{Language, command_itself, compile, succeed};

/// Guards against a crash between the forces of two logs that shows half of a transaction, and against one that loses a commit that had
/// returned.
#[test]
fn killed_at_any_system_call_both_segments_are_changed_or_neither() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("kill_at_each_call");
    compile(Language::C11, &[], &["tests/c/kill_at_each_call.c".into()], &program);
    // Valgrind and a tracer do not go together.
    let output = succeed(command_itself(&program).arg(dir.path().join("store")));
    println!("{}", String::from_utf8_lossy(&output.stdout));
}
