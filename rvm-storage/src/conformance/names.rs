//! The namespace: what is there, what is not, and that nothing is ever replaced.

use crate::backend::Storage;
use crate::name::{FileName, FileRole, SegmentName};

use super::Check;
use super::verdict::{
    Verdict, already_exists, content, done, equal, holds, name, new_file, not_found,
};

pub(super) const CHECKS: &[Check] = &[
    ("a new store is empty", new_store_is_empty),
    ("a created file is listed and empty", created_is_listed),
    ("create makes only what is not there", create_is_exclusive),
    ("create_anew leaves an empty file, whatever was there", created_anew),
    ("a file that is not there is NotFound", absent_is_not_found),
    ("every role of a segment is a file of its own", roles_are_distinct),
    ("the longest names work", longest_names),
    ("rename moves a file's content", rename_moves),
    ("rename never replaces a file", rename_never_replaces),
    ("a removed file is gone", removed_is_gone),
    ("messages name the file", locations_name_the_file),
];

const ROLES: [FileRole; 6] = [
    FileRole::Segment,
    FileRole::Log,
    FileRole::Archive,
    FileRole::NewSegment,
    FileRole::NewLog,
    FileRole::NewArchive,
];

fn listed(storage: &dyn Storage, wanted: &[&FileName]) -> Verdict {
    let mut found = done("list", storage.list())?;
    found.sort();
    let mut wanted: Vec<FileName> = wanted.iter().map(|&name| name.clone()).collect();
    wanted.sort();
    equal("the files listed", found, wanted)
}

fn new_store_is_empty(storage: &dyn Storage) -> Verdict {
    listed(storage, &[])?;
    done("sync_names", storage.sync_names())
}

fn created_is_listed(storage: &dyn Storage) -> Verdict {
    let (a, b) = (name("a", FileRole::Segment)?, name("b", FileRole::Log)?);
    for file in [&a, &b] {
        let blob = done("create", storage.create(file))?;
        equal("the length of a new file", done("len", blob.len())?, 0)?;
        holds("a new file is empty", done("is_empty", blob.is_empty())?)?;
    }
    done("sync_names", storage.sync_names())?;
    listed(storage, &[&a, &b])
}

fn create_is_exclusive(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("write_at", blob.write_at(0, b"mine"))?;
    already_exists("a second create", storage.create(&name("a", FileRole::Segment)?))?;
    content("the file behind a refused create", &*blob, b"mine")
}

fn created_anew(storage: &dyn Storage) -> Verdict {
    let file = name("a", FileRole::NewLog)?;
    for _ in 0..2 {
        let blob = done("create_anew", storage.create_anew(&file))?;
        content("a file made anew", &*blob, b"")?;
        done("write_at", blob.write_at(0, b"left over"))?;
    }
    listed(storage, &[&file])
}

fn absent_is_not_found(storage: &dyn Storage) -> Verdict {
    let (a, b) = (name("a", FileRole::Segment)?, name("b", FileRole::Segment)?);
    not_found("open", storage.open(&a))?;
    not_found("remove", storage.remove(&a))?;
    not_found("rename", storage.rename(&a, &b))?;
    listed(storage, &[])
}

fn roles_are_distinct(storage: &dyn Storage) -> Verdict {
    for (role, byte) in ROLES.into_iter().zip(1..) {
        let blob = done("create", storage.create(&name("a", role)?))?;
        done("write_at", blob.write_at(0, &[byte]))?;
    }
    for (role, byte) in ROLES.into_iter().zip(1..) {
        let blob = done("open", storage.open(&name("a", role)?))?;
        content(&format!("the file with role {role:?}"), &*blob, &[byte])?;
    }
    Ok(())
}

fn longest_names(storage: &dyn Storage) -> Verdict {
    let longest = "x".repeat(SegmentName::LEN_MAX);
    for role in ROLES {
        let file = name(&longest, role)?;
        drop(done("create", storage.create(&file))?);
        drop(done("open", storage.open(&file))?);
    }
    equal("the number of files", done("list", storage.list())?.len(), ROLES.len())
}

fn rename_moves(storage: &dyn Storage) -> Verdict {
    let (from, to) = (name("a", FileRole::NewLog)?, name("a", FileRole::Log)?);
    let blob = done("create", storage.create(&from))?;
    done("write_at", blob.write_at(0, b"moved"))?;
    done("force", blob.force())?;
    drop(blob);
    done("rename", storage.rename(&from, &to))?;
    done("sync_names", storage.sync_names())?;
    listed(storage, &[&to])?;
    not_found("open under the old name", storage.open(&from))?;
    content("the renamed file", &*done("open", storage.open(&to))?, b"moved")
}

fn rename_never_replaces(storage: &dyn Storage) -> Verdict {
    let (from, to) = (name("a", FileRole::NewLog)?, name("a", FileRole::Log)?);
    for (file, bytes) in [(&from, b"from"), (&to, b"kept")] {
        let blob = done("create", storage.create(file))?;
        done("write_at", blob.write_at(0, bytes))?;
    }
    already_exists("rename onto a file", storage.rename(&from, &to))?;
    listed(storage, &[&from, &to])?;
    content("the file to be renamed", &*done("open", storage.open(&from))?, b"from")?;
    content("the file in the way", &*done("open", storage.open(&to))?, b"kept")
}

fn removed_is_gone(storage: &dyn Storage) -> Verdict {
    let file = name("a", FileRole::Segment)?;
    let blob = new_file(storage, "a")?;
    done("write_at", blob.write_at(0, b"old"))?;
    drop(blob);
    done("remove", storage.remove(&file))?;
    not_found("open behind a removal", storage.open(&file))?;
    listed(storage, &[])?;
    content("a new file under a removed name", &*new_file(storage, "a")?, b"")
}

fn locations_name_the_file(storage: &dyn Storage) -> Verdict {
    let fits = |location: &str| !location.is_empty() && !location.contains(char::is_control);
    let location = storage.location();
    holds("the store's location is one line", fits(&location))?;
    let blob = new_file(storage, "a-long.name")?;
    let location = blob.location();
    holds("the file's location is one line", fits(location))?;
    let named = location.ends_with("a-long.name.seg");
    holds(&format!("the location {location:?} names the file"), named)
}
