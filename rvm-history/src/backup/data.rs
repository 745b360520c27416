//! The data file of one segment while a backup is made: chunks one behind the other, compressed where that helps.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rvm_storage::widths::{narrow, wide};

use super::chain::read_chunk;
use super::table::{Stored, Table};
use crate::copy_error::{CopyError, Result};
use crate::unfinished::create;

/// The part of a data file that may be chunks which were stored again elsewhere, as one in so many bytes.
const WASTE: u64 = 8;

/// A data file that is being written. It is made with its first chunk.
#[derive(Debug)]
pub(super) struct DataFile {
    path: PathBuf,
    file: Option<File>,
    /// Which backup of the chain it is of.
    link: usize,
    end: u64,
    packed: Vec<u8>,
}

impl DataFile {
    pub(super) fn new(path: PathBuf, link: usize) -> Self {
        Self { path, file: None, link, end: 0, packed: Vec::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.end
    }

    /// Puts a chunk behind the others.
    pub(super) fn store(&mut self, chunk: &[u8], hash: blake3::Hash) -> Result<Stored> {
        self.packed.resize(lz4_flex::block::get_maximum_output_size(chunk.len()), 0);
        let packed = lz4_flex::block::compress_into(chunk, &mut self.packed)
            .ok()
            .and_then(|len| self.packed.get(..len))
            .filter(|packed| packed.len() < chunk.len());
        let bytes = packed.unwrap_or(chunk);
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(create(&self.path)?),
        };
        file.write_all_at(bytes, self.end).map_err(CopyError::file("write", &self.path))?;
        let (place, len) = (self.end, wide(bytes.len()));
        self.end += len;
        Ok(Stored { link: self.link, place, len, raw_len: wide(chunk.len()), hash })
    }

    /// Reads a chunk that was put here.
    pub(super) fn load(&self, stored: &Stored, chunk: &mut Vec<u8>) -> Result<()> {
        match &self.file {
            Some(file) => read_chunk(file, &self.path, stored, chunk),
            None => Err(CopyError::damaged(&self.path, None, "it is missing")),
        }
    }

    /// Leaves out the chunks that were stored again if they take much room, forces the rest, and corrects the table.
    pub(super) fn finish(&mut self, table: &mut Table) -> Result<()> {
        let own = |stored: &&mut Stored| stored.link == self.link;
        let live: u64 = table.values_mut().filter(own).map(|stored| stored.len).sum();
        if live == 0 {
            if self.file.take().is_some() {
                std::fs::remove_file(&self.path).map_err(CopyError::file("remove", &self.path))?;
            }
            self.end = 0;
        } else if self.end - live > self.end / WASTE {
            let link = self.link;
            self.squeeze(table.values_mut().filter(|stored| stored.link == link))?;
        }
        match &self.file {
            Some(file) => file.sync_all().map_err(CopyError::file("force", &self.path)),
            None => Ok(()),
        }
    }

    fn squeeze<'a>(&mut self, chunks: impl Iterator<Item = &'a mut Stored>) -> Result<()> {
        let Some(old) = self.file.take() else { return Ok(()) };
        // The old file lives on without its name.
        std::fs::remove_file(&self.path).map_err(CopyError::file("remove", &self.path))?;
        let (new, mut end, mut bytes) = (create(&self.path)?, 0, Vec::new());
        for stored in chunks {
            bytes.resize(narrow(stored.len), 0);
            old.read_exact_at(&mut bytes, stored.place)
                .and_then(|()| new.write_all_at(&bytes, end))
                .map_err(CopyError::file("rewrite", &self.path))?;
            stored.place = end;
            end += stored.len;
        }
        (self.file, self.end) = (Some(new), end);
        Ok(())
    }
}
