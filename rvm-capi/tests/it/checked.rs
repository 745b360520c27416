//! Checked mode, as a program sees it that was not made for it.

use crate::programs::{Language, command, compile, succeed};

/// Guards against a change that is missed, told twice, told where there is none, or told with other bytes than it has.
#[test]
fn every_change_that_was_not_declared_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("checked");
    compile(Language::C11, &[], &["tests/c/checked.c".into()], &program);
    succeed(command(&program).env("RVM_CHECKED", "1").arg(dir.path().join("store")));
}
