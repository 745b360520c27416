//! The bytes of segments, wherever they are: in a store, in a backup, or in a file that would be a segment.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rvm_storage::holes::seek_data;
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{LockMode, LockScope, Storage, StorageError};
use tempfile::TempDir;

use crate::backup::{BackupPlan, Chain, DataFiles, Resolved, Stored, backup};
use crate::copy_error::{CopyError, Result};
use crate::observer::Observer;
use crate::snapshot::{Chunks, Snapshot};

/// How long a [`Piece`] is, in bytes; the last one of a segment may be shorter.
pub const PIECE_LEN: u64 = 64 << 10;

/// The bytes of segments at one moment. Reading them needs memory for some pieces only.
#[derive(Debug)]
pub struct Image(Source);

#[derive(Debug)]
enum Source {
    /// A store that nobody has open.
    Store(Snapshot),
    /// A backup.
    Backup(Chain),
    /// A backup that only this one needs, in a directory that goes with it.
    Copy { chain: Chain, _directory: TempDir },
    /// A file.
    File(PathBuf, File, u64),
}

/// A segment of an image, piece by piece. Those of zeros are left out, and holes are not read.
#[derive(Debug)]
pub struct Pieces<'a>(Reading<'a>);

#[derive(Debug)]
enum Reading<'a> {
    Store(Chunks<'a>),
    Backup(Unpacking<'a>),
    File { path: &'a Path, file: &'a File, len: u64, at: u64, bytes: Vec<u8> },
}

/// A segment of a backup while it is read.
#[derive(Debug)]
struct Unpacking<'a> {
    chain: &'a Chain,
    name: &'a str,
    chunk_len: u64,
    left: std::collections::btree_map::Iter<'a, u64, Stored>,
    files: DataFiles,
    chunk: Vec<u8>,
    /// Where the chunk starts in the segment.
    start: u64,
    /// How much of it was given.
    given: usize,
}

/// Some bytes of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// Where it starts: at a multiple of [`PIECE_LEN`].
    pub offset: u64,
    /// Its bytes, not all of them zeros.
    pub bytes: &'a [u8],
}

impl Image {
    /// A store as it is now. One that a process has open is copied to a temporary directory first, packed, so that its commits wait for nothing,
    /// however long the image is read; one that nobody has open is read where it is, and cannot be opened for writing meanwhile.
    ///
    /// # Errors
    /// As [`backup`].
    pub fn of_store(
        storage: &dyn Storage,
        wait: Duration,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        match storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO) {
            Ok(_nobody_has_it) => Ok(Self(Source::Store(Snapshot::take(storage, wait)?))),
            Err(StorageError::Locked { .. }) => {
                let parent = std::env::temp_dir();
                let directory = tempfile::tempdir_in(&parent)
                    .map_err(CopyError::file("make a directory in", &parent))?;
                let (copy, mut plan) = (directory.path().join("copy"), BackupPlan::default());
                plan.wait = wait;
                backup(storage, &copy, &plan, observer)?;
                Ok(Self(Source::Copy { chain: Chain::open(&copy)?, _directory: directory }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a backup restores to.
    ///
    /// # Errors
    /// As [`Chain::open`].
    pub fn of_backup(backup: &Path) -> Result<Self> {
        Ok(Self(Source::Backup(Chain::open(backup)?)))
    }

    /// One segment: the bytes of a file, under the file's name.
    ///
    /// # Errors
    /// I/O; [`CopyError::Damaged`] for what is no plain file.
    pub fn of_file(path: &Path) -> Result<Self> {
        // Opening a pipe would wait for somebody.
        let metadata = path.metadata().map_err(CopyError::file("examine", path))?;
        if !metadata.is_file() {
            return Err(CopyError::damaged(path, None, "it is no plain file"));
        }
        let file = File::open(path).map_err(CopyError::file("open", path))?;
        Ok(Self(Source::File(path.to_owned(), file, metadata.len())))
    }

    /// The segments and their lengths, sorted by name.
    ///
    /// # Errors
    /// None that is known.
    pub fn segments(&self) -> Result<Vec<(String, u64)>> {
        match &self.0 {
            Source::Store(snapshot) => {
                let names = snapshot.segments().iter();
                names.map(|name| Ok((name.to_string(), snapshot.len(name.as_str())?))).collect()
            }
            Source::Backup(chain) | Source::Copy { chain, .. } => {
                Ok(chain.segments().map(|(name, len)| (name.to_owned(), len)).collect())
            }
            Source::File(path, _, len) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Ok(vec![(name.into_owned(), *len)])
            }
        }
    }

    /// The length of a segment; `None` if there is no such segment.
    ///
    /// # Errors
    /// As [`segments`](Self::segments).
    pub fn len_of(&self, segment: &str) -> Result<Option<u64>> {
        let segments = self.segments()?;
        Ok(segments.into_iter().find(|(name, _)| name == segment).map(|(_, len)| len))
    }

    /// The last transaction that it has; `None` for a file, which does not know.
    #[must_use]
    pub fn last_transaction(&self) -> Option<u64> {
        match &self.0 {
            Source::Store(snapshot) => Some(snapshot.last_txn_id().0),
            Source::Backup(chain) | Source::Copy { chain, .. } => {
                chain.manifest().map(|manifest| manifest.last_transaction)
            }
            Source::File(..) => None,
        }
    }

    /// A segment, piece by piece.
    ///
    /// # Errors
    /// [`Error::NotFound`](rvm_txn::Error::NotFound).
    pub fn pieces<'a>(&'a self, segment: &'a str) -> Result<Pieces<'a>> {
        Ok(Pieces(match &self.0 {
            Source::Store(snapshot) => Reading::Store(snapshot.chunks(segment, narrow(PIECE_LEN))?),
            Source::Backup(chain) | Source::Copy { chain, .. } => {
                let found = chain.segment(segment);
                Reading::Backup(Unpacking::new(
                    chain,
                    segment,
                    found.ok_or_else(|| {
                        let store = chain.place().display().to_string();
                        rvm_txn::Error::NotFound { segment: segment.to_owned(), store }
                    })?,
                ))
            }
            Source::File(path, file, len) => {
                Reading::File { path, file, len: *len, at: 0, bytes: Vec::new() }
            }
        }))
    }
}

impl Pieces<'_> {
    /// The next piece; `None` behind the last.
    ///
    /// # Errors
    /// I/O; corruption.
    #[expect(clippy::should_implement_trait, reason = "it lends its piece, as no Iterator can")]
    pub fn next(&mut self) -> Result<Option<Piece<'_>>> {
        match &mut self.0 {
            Reading::Store(chunks) => {
                let chunk = chunks.next()?;
                Ok(chunk.map(|chunk| Piece { offset: chunk.offset, bytes: chunk.bytes }))
            }
            Reading::Backup(unpacking) => unpacking.next(),
            Reading::File { path, file, len, at, bytes } => {
                next_of_file(path, file, *len, at, bytes)
            }
        }
    }
}

impl<'a> Unpacking<'a> {
    fn new(chain: &'a Chain, name: &'a str, segment: &'a Resolved) -> Self {
        let (files, chunk, left) = (DataFiles::default(), Vec::new(), segment.table.iter());
        Self { chain, name, chunk_len: segment.chunk_len, left, files, chunk, start: 0, given: 0 }
    }

    fn next(&mut self) -> Result<Option<Piece<'_>>> {
        loop {
            while self.given < self.chunk.len() {
                let start = self.given;
                self.given = self.chunk.len().min(start + narrow(PIECE_LEN));
                let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
                if !self.chunk.get(start..self.given).is_none_or(is_zero) {
                    let bytes = self.chunk.get(start..self.given).unwrap_or_default();
                    return Ok(Some(Piece { offset: self.start + wide(start), bytes }));
                }
            }
            let Some((number, stored)) = self.left.next() else { return Ok(None) };
            self.chain.read(self.name, &mut self.files, stored, &mut self.chunk)?;
            (self.start, self.given) = (number.saturating_mul(self.chunk_len), 0);
        }
    }
}

fn next_of_file<'b>(
    path: &Path,
    file: &File,
    len: u64,
    at: &mut u64,
    bytes: &'b mut Vec<u8>,
) -> Result<Option<Piece<'b>>> {
    while *at < len {
        let found = seek_data(file, *at).map_err(CopyError::file("look for holes in", path))?;
        let Some(found) = found.filter(|found| *found < len) else { break };
        let offset = found - found % PIECE_LEN;
        let end = offset.saturating_add(PIECE_LEN).min(len);
        bytes.resize(narrow(end - offset), 0);
        file.read_exact_at(bytes, offset).map_err(CopyError::file("read", path))?;
        *at = end;
        if bytes.iter().any(|byte| *byte != 0) {
            return Ok(Some(Piece { offset, bytes }));
        }
    }
    *at = len;
    Ok(None)
}
