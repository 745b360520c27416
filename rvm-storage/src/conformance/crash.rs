//! What must be there after a crash, and what must not.
//!
//! Bytes and names that were not forced may have survived or not, and may have survived in part, so checks accept
//! either; they insist on what was forced and synced, and on nothing else having appeared.

use std::sync::Arc;
use std::time::Duration;

use crate::aligned::AlignedBuf;
use crate::backend::{Fill, LockMode, LockScope, Storage, Write};
use crate::name::FileRole;

use super::verdict::{Verdict, content, done, equal, holds, name, new_file, not_found, pattern};
use super::{Crash, CrashCheck};

pub(super) const CHECKS: &[CrashCheck] = &[
    ("forced bytes survive", forced_bytes_survive),
    ("a forced write survives alone", forced_write_survives),
    ("allocated space survives a force", allocated_space_survives),
    ("a byte that was not forced is the old one or the new one", unforced_is_old_or_new),
    ("a synced name survives", synced_name_survives),
    ("a synced rename and removal survive", synced_changes_survive),
    ("an unsynced rename leaves one of both names", unsynced_rename),
    ("an unsynced removal leaves all of the file or nothing", unsynced_removal),
    ("locks do not survive", locks_end),
    ("what old handles do does not reach the new store", old_handles_are_cut_off),
    ("a second crash takes nothing more", crash_twice),
];

fn forced_bytes_survive(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let bytes = pattern(1, 10_000);
    let blob = new_file(&*storage, "a")?;
    done("sync_names", storage.sync_names())?;
    done("write_at", blob.write_at(0, &bytes))?;
    done("force", blob.force())?;
    let after = crash(storage);
    content("the file", &*done("open", after.open(&name("a", FileRole::Segment)?))?, &bytes)
}

fn forced_write_survives(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let blob = new_file(&*storage, "a")?;
    done("sync_names", storage.sync_names())?;
    done("allocate", blob.allocate(16_384, Fill::Written))?;
    done("force", blob.force())?;
    let mut block = AlignedBuf::new();
    block.extend_from_slice(&pattern(2, 4_096));
    let writes = [
        Write { offset: 4_096, bytes: block.as_slice() },
        Write { offset: 12_288, bytes: block.as_slice() },
    ];
    done("write_and_force", blob.write_and_force(&writes))?;
    let after = crash(storage);
    let gap = [0; 4_096];
    let wanted = [&gap, block.as_slice(), &gap, block.as_slice()].concat();
    content("the file", &*done("open", after.open(&name("a", FileRole::Segment)?))?, &wanted)
}

fn allocated_space_survives(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    for (segment, fill) in [("r", Fill::Reserved), ("w", Fill::Written)] {
        let blob = new_file(&*storage, segment)?;
        done("allocate", blob.allocate(50_000, fill))?;
        done("force", blob.force())?;
    }
    done("sync_names", storage.sync_names())?;
    let after = crash(storage);
    for segment in ["r", "w"] {
        let blob = done("open", after.open(&name(segment, FileRole::Segment)?))?;
        content("the allocated file", &*blob, &vec![0; 50_000])?;
    }
    Ok(())
}

fn unforced_is_old_or_new(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    const OLD: u8 = 1;
    const NEW: u8 = 2;
    let blob = new_file(&*storage, "a")?;
    done("write_at", blob.write_at(0, &vec![OLD; 20_000]))?;
    done("force", blob.force())?;
    done("sync_names", storage.sync_names())?;
    done("write_at", blob.write_at(5_000, &[NEW; 5_000]))?;
    let after = crash(storage);
    let blob = done("open", after.open(&name("a", FileRole::Segment)?))?;
    equal("the length", done("len", blob.len())?, 20_000)?;
    let mut found = vec![0; 20_000];
    done("read_at", blob.read_at(0, &mut found))?;
    for (at, byte) in found.into_iter().enumerate() {
        let written = (5_000..10_000).contains(&at);
        let fits = byte == OLD || (written && byte == NEW);
        holds(&format!("byte {at} is {byte}, which was never there"), fits)?;
    }
    Ok(())
}

fn synced_name_survives(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    drop(new_file(&*storage, "a")?);
    done("sync_names", storage.sync_names())?;
    drop(new_file(&*storage, "b")?);
    let after = crash(storage);
    let names = done("list", after.list())?;
    let (synced, unsynced) = (name("a", FileRole::Segment)?, name("b", FileRole::Segment)?);
    holds("the synced name is there", names.contains(&synced))?;
    let unknown = names.iter().find(|&name| *name != synced && *name != unsynced);
    equal("a name that was never made", unknown, None)
}

fn synced_changes_survive(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let (new, log) = (name("a", FileRole::NewLog)?, name("a", FileRole::Log)?);
    let removed = name("b", FileRole::Segment)?;
    let blob = done("create", storage.create(&new))?;
    done("write_at", blob.write_at(0, b"content"))?;
    done("force", blob.force())?;
    drop(blob);
    drop(new_file(&*storage, "b")?);
    done("sync_names", storage.sync_names())?;
    done("rename", storage.rename(&new, &log))?;
    done("remove", storage.remove(&removed))?;
    done("sync_names", storage.sync_names())?;
    let after = crash(storage);
    not_found("open under the old name", after.open(&new))?;
    not_found("open of the removed file", after.open(&removed))?;
    content("the renamed file", &*done("open", after.open(&log))?, b"content")
}

fn unsynced_rename(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let (from, to) = (name("a", FileRole::NewLog)?, name("a", FileRole::Log)?);
    let blob = done("create", storage.create(&from))?;
    done("write_at", blob.write_at(0, b"content"))?;
    done("force", blob.force())?;
    drop(blob);
    done("sync_names", storage.sync_names())?;
    done("rename", storage.rename(&from, &to))?;
    let after = crash(storage);
    let names = done("list", after.list())?;
    holds("the file has one of its names", names == [from] || names == [to])?;
    for name in names {
        content("the file", &*done("open", after.open(&name))?, b"content")?;
    }
    Ok(())
}

fn unsynced_removal(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let file = name("a", FileRole::Segment)?;
    let blob = new_file(&*storage, "a")?;
    done("write_at", blob.write_at(0, b"content"))?;
    done("force", blob.force())?;
    drop(blob);
    done("sync_names", storage.sync_names())?;
    done("remove", storage.remove(&file))?;
    let after = crash(storage);
    match after.open(&file) {
        Ok(blob) => content("the file whose removal was lost", &*blob, b"content"),
        Err(fault) if fault.is_not_found() => Ok(()),
        Err(fault) => Err(format!("open failed: {fault}")),
    }
}

fn locks_end(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let scopes = [LockScope::Owner, LockScope::Layout];
    let take = |storage: &dyn Storage, scope| {
        done("a lock", storage.lock(scope, LockMode::Exclusive, Duration::ZERO))
    };
    let mut old_locks = Vec::new();
    for scope in scopes {
        old_locks.push(take(&*storage, scope)?);
    }
    let after = crash(storage);
    for scope in scopes {
        drop(take(&*after, scope)?);
    }
    Ok(())
}

fn old_handles_are_cut_off(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let blob = new_file(&*storage, "a")?;
    done("write_at", blob.write_at(0, b"content"))?;
    done("force", blob.force())?;
    done("sync_names", storage.sync_names())?;
    let old = Arc::clone(&storage);
    let after = crash(storage);
    // Whether these fail is open; that they change nothing is not.
    drop(blob.write_and_force(&[Write { offset: 0, bytes: b"changed" }]));
    drop(blob.set_len(0).and_then(|()| blob.force()));
    drop(old.remove(&name("a", FileRole::Segment)?).and_then(|()| old.sync_names()));
    content("the file", &*done("open", after.open(&name("a", FileRole::Segment)?))?, b"content")
}

fn crash_twice(storage: Arc<dyn Storage>, crash: Crash<'_>) -> Verdict {
    let file = name("a", FileRole::Segment)?;
    let blob = new_file(&*storage, "a")?;
    done("write_at", blob.write_at(0, b"first"))?;
    done("force", blob.force())?;
    done("sync_names", storage.sync_names())?;
    drop(blob);
    let once = crash(storage);
    let blob = done("open", once.open(&file))?;
    done("write_at", blob.write_at(5, b"second"))?;
    done("force", blob.force())?;
    drop(blob);
    let twice = crash(once);
    content("the file", &*done("open", twice.open(&file))?, b"firstsecond")
}
