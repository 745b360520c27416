//! Committed changes that are still in the logs, put aside in a file while the store's files are held still, and laid over the copy later.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rvm_log::{LogError, ReplaySink};
use rvm_storage::StorageError;
use rvm_storage::widths::{narrow, wide};

use super::chain::Chain;
use super::draft::Draft;
use crate::copy_error::{CopyError, Result};
use crate::unfinished::create;

/// The name of the file, as long as it has one.
pub(super) const FILE: &str = "changes.tmp";

/// How many bytes of changes to one chunk are gathered before they are laid over it.
const TOGETHER: usize = 4 << 20;

/// The file with the changes.
#[derive(Debug)]
pub(super) struct Patches {
    path: PathBuf,
    file: BufWriter<File>,
}

/// Puts the changes of one segment aside.
pub(super) struct Aside<'a> {
    patches: &'a mut Patches,
    draft: &'a Draft,
    count: u64,
}

impl Patches {
    pub(super) fn new(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let file = BufWriter::new(create(&path)?);
        // Nobody else needs its name, and nobody has to remove it.
        fs::remove_file(&path).map_err(CopyError::file("remove", &path))?;
        Ok(Self { path, file })
    }

    /// Where the changes of a segment go; how many there are is known in the end.
    pub(super) fn aside<'a>(&'a mut self, draft: &'a Draft) -> Aside<'a> {
        Aside { patches: self, draft, count: 0 }
    }

    /// From the first change on.
    pub(super) fn read_back(self) -> Result<Reading> {
        let fault = CopyError::file("read", &self.path);
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error);
        let rewound = file.and_then(|mut file| file.seek(SeekFrom::Start(0)).map(|_| file));
        let file = BufReader::new(rewound.map_err(fault)?);
        Ok(Reading { path: self.path, file })
    }
}

impl Aside<'_> {
    pub(super) const fn count(&self) -> u64 {
        self.count
    }
}

impl ReplaySink for Aside<'_> {
    fn apply(&mut self, mut offset: u64, mut bytes: &[u8]) -> std::result::Result<(), LogError> {
        let chunk_len = self.draft.chunk_len();
        while !bytes.is_empty() {
            let (number, at) = (offset / chunk_len, offset % chunk_len);
            let (piece, rest) = bytes.split_at(bytes.len().min(narrow(chunk_len - at)));
            if self.draft.wants_patch(number) {
                let file = &mut self.patches.file;
                let written = [number, at, wide(piece.len())]
                    .iter()
                    .try_for_each(|field| file.write_all(&field.to_le_bytes()))
                    .and_then(|()| file.write_all(piece));
                written.map_err(|source| StorageError::Io {
                    operation: "write",
                    path: self.patches.path.display().to_string(),
                    offset: None,
                    source,
                })?;
                self.count += 1;
            }
            offset = offset.saturating_add(wide(piece.len()));
            bytes = rest;
        }
        Ok(())
    }
}

/// The changes, in the order in which they were put aside.
#[derive(Debug)]
pub(super) struct Reading {
    path: PathBuf,
    file: BufReader<File>,
}

impl Reading {
    /// Lays the next `count` changes over the copy of their segment.
    pub(super) fn lay_over(
        &mut self,
        draft: &mut Draft,
        base: Option<&Chain>,
        count: u64,
    ) -> Result<()> {
        let (mut pieces, mut sum, mut current) = (Vec::new(), 0, None);
        for _ in 0..count {
            let [number, at, len] = [self.number()?, self.number()?, self.number()?];
            let mut bytes = vec![0; narrow(len)];
            self.file.read_exact(&mut bytes).map_err(CopyError::file("read", &self.path))?;
            if let Some(other) = current.filter(|other| *other != number || sum >= TOGETHER) {
                draft.patch(base, other, &pieces)?;
                pieces.clear();
                sum = 0;
            }
            current = Some(number);
            sum += bytes.len();
            pieces.push((at, bytes));
        }
        current.map_or(Ok(()), |number| draft.patch(base, number, &pieces))
    }

    fn number(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes).map_err(CopyError::file("read", &self.path))?;
        Ok(u64::from_le_bytes(bytes))
    }
}
