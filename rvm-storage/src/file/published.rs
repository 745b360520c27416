//! What a store's owner puts beside its files for others to read: one small file, replaced as a whole and never forced.

use std::io::{Read, Write};

use rustix::fs::OFlags;

use crate::error::{Result, StorageError};

use super::dir::Directory;

/// The file. No segment's file can have its name.
const FILE: &str = "rvm.stats";

/// The next one, while it is written.
const NEXT: &str = ".rvm.stats.new";

pub(super) fn put(directory: &Directory, text: &[u8]) -> Result<()> {
    // An earlier owner may have died over it.
    remove_if_there(directory, NEXT)?;
    let path = directory.path_of(NEXT);
    let mut next = directory.place(NEXT, &path).create()?.file;
    next.write_all(text).map_err(|fault| StorageError::io("write", path, fault))?;
    directory.replace(NEXT, FILE)
}

pub(super) fn remove(directory: &Directory) -> Result<()> {
    remove_if_there(directory, NEXT)?;
    remove_if_there(directory, FILE)
}

pub(super) fn get(directory: &Directory, len_max: u64) -> Result<Option<Vec<u8>>> {
    let path = directory.path_of(FILE);
    let file = match directory.place(FILE, &path).open_replaced(OFlags::RDONLY) {
        Err(error) if error.is_not_found() => return Ok(None),
        opened => opened?.file,
    };
    let mut text = Vec::new();
    let read = file.take(len_max.saturating_add(1)).read_to_end(&mut text);
    read.map_err(|fault| StorageError::io("read", path, fault))?;
    Ok(Some(text))
}

fn remove_if_there(directory: &Directory, name: &str) -> Result<()> {
    match directory.remove(name) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
