//! A child of a fork has the parent's memory, and must not touch its store.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;

use rvm_core::{Durability, Error, Rvm};

/// Guards against a child that commits into its parent's log, releases its lock, or hangs when it drops what it inherited.
#[test]
#[expect(unsafe_code, reason = "only a closure that runs in the forked child can be the child")]
fn a_forked_child_is_refused_and_its_drops_touch_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rvm = Rvm::open(dir.path()).unwrap();
    let segment = rvm.map("s", 8).unwrap();
    let inherited_dir = dir.path().join("inherited");
    let child_store = Rvm::open(&inherited_dir).unwrap();
    let child_segment = child_store.map("s", 8).unwrap();
    let other = child_store.map("other", 8).unwrap();
    let begin = |segment| child_store.begin(&[segment]).unwrap();
    let mut lazy = begin(&other);
    lazy.write(&other, 0, b"x").unwrap();
    let lazy = lazy.commit_with(Durability::Lazy).unwrap();
    let inherited_txns = Mutex::new(Some((begin(&child_segment), begin(&other), lazy)));
    let inherited = Mutex::new(Some((child_store, child_segment)));

    let mut command = Command::new("true");
    let in_child = move || {
        let refused = |result: Result<(), Error>| match result {
            Err(Error::Forked) => Ok(()),
            other => Err(io::Error::other(format!("{other:?}"))),
        };
        let Ok(mut store) = inherited.lock() else { return Err(io::ErrorKind::Other.into()) };
        let Some((rvm, segment)) = store.take() else { return Ok(()) };
        let Ok(mut txns) = inherited_txns.lock() else { return Err(io::ErrorKind::Other.into()) };
        let Some((mut txn, to_abort, lazy)) = txns.take() else { return Ok(()) };
        refused(txn.write(&segment, 0, b"x"))?;
        refused(txn.read(&segment).map(drop))?;
        refused(lazy.wait_durable())?;
        refused(to_abort.abort())?;
        refused(rvm.map("t", 8).map(drop))?;
        refused(rvm.begin(&[&segment]).map(drop))?;
        refused(segment.read().map(drop))?;
        refused(rvm.unmap(&segment))?;
        refused(rvm.destroy("other"))?;
        refused(rvm.segments().map(drop))?;
        refused(rvm.truncate_log().map(drop))?;
        refused(rvm.flush())?;
        if rvm.stats().commits_lazy != 0 {
            return Err(io::Error::other("it looked behind a lock that may never be free"));
        }
        refused(rvm.close())?;
        refused(txn.commit().map(drop))?;
        drop((rvm, segment));
        Ok(())
    };
    // SAFETY: the parent's other threads do not exist in the child; the closure takes none of the store's locks, which is what
    // this test is about, and allocates only where it fails.
    unsafe { command.pre_exec(in_child) };
    let status = command.status().expect("the child was refused everywhere");
    assert!(status.success());

    // The parent goes on as if nothing had been.
    let mut txn = rvm.begin(&[&segment]).unwrap();
    txn.write(&segment, 0, b"parent").unwrap();
    txn.commit().unwrap();
    for dir in [dir.path(), &inherited_dir] {
        assert!(matches!(Rvm::open(dir), Err(Error::Locked { .. })), "the child released a lock");
    }
}
