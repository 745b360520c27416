//! Puts a backup back, as a new store.

use std::path::Path;

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, FileStorage, SegmentName, Storage};

use crate::backup::{Chain, DataFiles, Stored};
use crate::copy_error::{CopyError, Result};
use crate::observer::{Observer, Stage, advance};
use crate::unfinished::{Unfinished, check_free};

/// What was restored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestoreReport {
    /// The backup's identity.
    pub id: String,
    /// How many backups it was put together from.
    pub backups: u64,
    /// The last transaction in it.
    pub last_transaction: u64,
    /// The segments and their lengths, sorted by name.
    pub segments: Vec<(String, u64)>,
    /// How many bytes were written; all others are holes that read as zeros.
    pub written: u64,
}

/// Makes a store in the directory `to`, which must be missing or empty, of a backup and all that it builds on. It has segments and no logs, and
/// is a store of its own: the next opening adopts them. Every hash is checked, on the way and once more of what was written.
///
/// # Errors
/// [`CopyError::NotEmpty`]; what opening the [chain](Chain::open) fails with; [`CopyError::Damaged`];
/// [`CopyError::Stopped`]; I/O. Nothing is in `to` then.
pub fn restore(backup: &Path, to: &Path, observer: &mut dyn Observer) -> Result<RestoreReport> {
    let (chain, report) = plan_restore(backup, to)?;
    let unfinished = Unfinished::begin_in_place_of_empty(to, is_ours)?;
    let storage = FileStorage::open(unfinished.path())?;
    let mut done = 0;
    let mut step = |len| {
        done += len;
        advance(observer, Stage::Writing, done, report.written)
    };
    for (name, _) in chain.segments() {
        write(&chain, &storage, name, &mut step)?;
    }
    storage.sync_names()?;
    unfinished.finish()?;
    Ok(report)
}

/// Tells what would be restored. The manifests are read and checked, the data is not; nothing is written.
///
/// # Errors
/// As [`restore`].
pub fn plan_restore(backup: &Path, to: &Path) -> Result<(Chain, RestoreReport)> {
    let chain = Chain::open(backup)?;
    check_free(to)?;
    let segments: Vec<_> = chain.segments().map(|(name, len)| (name.to_owned(), len)).collect();
    let chunks = segments.iter().filter_map(|(name, _)| chain.segment(name));
    let written =
        chunks.flat_map(|segment| segment.table.values()).map(|stored| stored.raw_len).sum();
    let manifest = chain.manifest();
    let report = RestoreReport {
        id: manifest.map(|manifest| manifest.id.clone()).unwrap_or_default(),
        backups: wide(chain.places().len()),
        last_transaction: manifest.map_or(0, |manifest| manifest.last_transaction),
        segments,
        written,
    };
    Ok((chain, report))
}

fn write(
    chain: &Chain,
    storage: &FileStorage,
    name: &str,
    step: &mut impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    let Some(segment) = chain.segment(name) else { return Ok(()) };
    let blob = storage.create(&FileName::new(&SegmentName::new(name)?, FileRole::Segment))?;
    blob.set_len(segment.len)?;
    let (mut files, mut chunk) = (DataFiles::default(), Vec::new());
    for (number, stored) in &segment.table {
        chain.read(name, &mut files, stored, &mut chunk)?;
        blob.write_at(number.saturating_mul(segment.chunk_len), &chunk)?;
        step(stored.raw_len)?;
    }
    blob.force()?;
    for (number, Stored { raw_len, hash, .. }) in &segment.table {
        let offset = number.saturating_mul(segment.chunk_len);
        chunk.resize(narrow(*raw_len), 0);
        blob.read_at(offset, &mut chunk)?;
        if blake3::hash(&chunk) != *hash {
            let damage = "what was written reads otherwise";
            return Err(CopyError::damaged(Path::new(blob.location()), Some(offset), damage));
        }
    }
    Ok(())
}

/// Whether a file is one that is restored.
fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}
