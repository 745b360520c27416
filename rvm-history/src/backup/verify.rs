//! Reads a backup and all that it builds on, and checks every hash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use blake3::Hash;

use super::chain::{Chain, DataFiles};
use super::manifest::{ChunkEntry, Manifest, SegmentEntry, raw_len};
use super::table::Stored;
use crate::copy_error::Result;
use crate::observer::{Observer, Stage, advance};

/// A backup that is whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedBackup {
    /// The directories of the chain, from the full backup on.
    pub chain: Vec<PathBuf>,
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// How many chunks were read, over the whole chain.
    pub chunks: u64,
    /// How many bytes they take.
    pub bytes: u64,
}

/// Reads a backup and all those that it builds on, and checks every hash: of the manifests, of each chunk, and of each segment as the whole
/// chain has it.
///
/// # Errors
/// What opening the [chain](Chain::open) fails with; [`CopyError::Damaged`](crate::copy_error::CopyError::Damaged) naming the file;
/// [`CopyError::Stopped`](crate::copy_error::CopyError::Stopped); I/O.
pub fn verify_backup(backup: &Path, observer: &mut dyn Observer) -> Result<VerifiedBackup> {
    let chain = Chain::open(backup)?;
    chain.check_lengths()?;
    let segments = || chain.manifests().flat_map(|manifest| &manifest.segments);
    let total = segments().map(|segment| segment.data_len).sum();
    let (mut chunks, mut bytes, mut chunk) = (0, 0, Vec::new());
    let mut all_files: BTreeMap<&str, DataFiles> = BTreeMap::new();
    for (link, manifest) in chain.manifests().enumerate() {
        for segment in &manifest.segments {
            let files = all_files.entry(&segment.name).or_default();
            for entry in segment.chunks.iter().filter(|entry| entry.2 > 0) {
                let Some(stored) = stored(link, segment, entry) else { continue };
                chain.read(&segment.name, files, &stored, &mut chunk)?;
                chunks += 1;
                bytes += stored.len;
                advance(observer, Stage::Checking, bytes, total)?;
            }
        }
    }
    let manifest = Manifest::read(backup)?;
    Ok(VerifiedBackup {
        chain: chain.places().map(Path::to_owned).collect(),
        manifest,
        chunks,
        bytes,
    })
}

fn stored(link: usize, segment: &SegmentEntry, entry: &ChunkEntry) -> Option<Stored> {
    let ChunkEntry(number, place, len, hash) = entry;
    let raw_len = raw_len(segment.len, segment.chunk_len, *number);
    Some(Stored { link, place: *place, len: *len, raw_len, hash: Hash::from_hex(hash).ok()? })
}
