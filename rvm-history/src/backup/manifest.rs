//! `manifest.json`: what a backup holds, and the hashes of all of it. The bytes are described in `docs/backup-format.md`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use blake3::Hash;
use rvm_storage::SegmentName;
use serde::{Deserialize, Serialize};

use crate::copy_error::{CopyError, Result};

/// The name of the file.
pub const FILE: &str = "manifest.json";
/// The version of the format that this software writes and reads.
pub const VERSION: u32 = 1;
/// The shortest chunk, in bytes.
pub const CHUNK_LEN_MIN: u64 = 64 << 10;
/// The longest chunk, in bytes.
pub const CHUNK_LEN_MAX: u64 = 1 << 20;

/// No manifest is longer, in bytes: one of more would be of a store of many terabytes.
const LEN_MAX: u64 = 1 << 30;
/// No segment is longer.
const SEGMENT_LEN_MAX: u64 = 1 << 62;

/// Whether a backup stands alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It holds everything.
    Full,
    /// It holds what changed since another backup.
    Incremental,
}

/// What a backup holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// Whether it stands alone.
    pub kind: Kind,
    /// The backup that it builds on.
    pub base: Option<Base>,
    /// When it was made, in nanoseconds since 1970, by the clock of the machine.
    pub made: u64,
    /// The version of the software that made it.
    pub tool: String,
    /// The store's identity; `None` if nothing was ever mapped in it.
    pub store: Option<String>,
    /// The highest transaction of the store at that moment. No later one is in the backup; all up to there are, but for those that were not
    /// durable yet.
    pub last_transaction: u64,
    /// The segments, sorted by name.
    pub segments: Vec<SegmentEntry>,
    /// The backup's identity: the hash of all the rest.
    pub id: String,
}

/// The backup that another one builds on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its identity.
    pub id: String,
    /// Where it lay: a name beside this backup, or a path from the root.
    pub place: String,
}

/// What a backup holds of a segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// The length of a chunk, in bytes; the last one of a segment may be shorter.
    pub chunk_len: u64,
    /// Its log at that moment; `None` if it had none.
    pub log: Option<LogPosition>,
    /// Whether the chunks that are not listed are those of the base; otherwise they are zeros.
    pub on_base: bool,
    /// The length of its data file, in bytes. There is no file if it is 0.
    pub data_len: u64,
    /// The chunks, by their number.
    pub chunks: Vec<ChunkEntry>,
    /// The hash over the segment's length and the hashes of all its chunks but those of zeros.
    pub state: String,
}

/// Where a log was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPosition {
    /// The log's identity, in hexadecimal.
    pub id: String,
    /// The epoch.
    pub epoch: u64,
    /// Behind the last record that is in the backup.
    pub lsn: u64,
}

/// A chunk: its number; where it lies in the data file, in bytes; how many bytes it takes there; and the hash of its bytes.
///
/// One that takes as many bytes as it has is stored as it is, one that takes fewer is compressed, and one that takes none is zeros.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChunkEntry(pub u64, pub u64, pub u64, pub String);

/// What every version has.
#[derive(Deserialize)]
struct AnyVersion {
    format: u64,
}

impl Manifest {
    /// Gives it the identity that follows from the rest.
    pub(super) fn seal(mut self) -> Result<Self> {
        self.id = self.computed_id()?;
        Ok(self)
    }

    /// The bytes of the file.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| CopyError::File {
            operation: "write",
            path: FILE.to_owned(),
            source: error.into(),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn computed_id(&self) -> Result<String> {
        Ok(identity_of(&Self { id: String::new(), ..self.clone() }.encode()?))
    }

    /// Reads and checks the manifest of the backup in `directory`.
    ///
    /// # Errors
    /// [`CopyError::NoBackup`], [`CopyError::Damaged`], [`CopyError::Unsupported`]; I/O.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CopyError::NoBackup { path: directory.display().to_string() });
            }
            opened => opened.map_err(CopyError::file("open", &path))?,
        };
        let mut bytes = Vec::new();
        file.take(LEN_MAX + 1).read_to_end(&mut bytes).map_err(CopyError::file("read", &path))?;
        if rvm_storage::widths::wide(bytes.len()) > LEN_MAX {
            let damage = format!("it is longer than {LEN_MAX} bytes");
            return Err(CopyError::damaged(&path, Some(LEN_MAX), damage));
        }
        Self::decode(&bytes, &path)
    }

    /// Reads a manifest. Every byte counts: it must be exactly what [`encode`](Self::encode) makes of it.
    pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let unreadable = |error: serde_json::Error| {
            CopyError::damaged(path, None, format!("it is no manifest: {error}"))
        };
        let AnyVersion { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format != u64::from(VERSION) {
            let file = path.display().to_string();
            return Err(CopyError::Unsupported { file, found: format, known: VERSION.into() });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if manifest.encode()? != bytes || manifest.computed_id()? != manifest.id {
            let damage = "its hash is not that of its content";
            return Err(CopyError::damaged(path, None, damage));
        }
        manifest.fault().map_or(Ok(()), |fault| Err(CopyError::damaged(path, None, fault)))?;
        Ok(manifest)
    }

    /// What cannot be in a manifest that was written by this software, whoever computed its hash.
    fn fault(&self) -> Option<String> {
        if (self.kind == Kind::Full) != self.base.is_none() {
            return Some("only an incremental backup has a base".to_owned());
        }
        let sorted = self.segments.is_sorted_by(|a, b| a.name < b.name);
        if !sorted {
            return Some("its segments are not sorted".to_owned());
        }
        self.segments.iter().find_map(|segment| {
            let fault = segment.fault(self.kind)?;
            Some(format!("segment {:?}: {fault}", segment.name))
        })
    }
}

impl SegmentEntry {
    fn fault(&self, kind: Kind) -> Option<String> {
        if let Err(error) = SegmentName::new(&self.name) {
            return Some(error.to_string());
        }
        if self.len > SEGMENT_LEN_MAX {
            return Some(format!("a length of {} bytes cannot be", self.len));
        }
        let lengths = CHUNK_LEN_MIN..=CHUNK_LEN_MAX;
        if !self.chunk_len.is_power_of_two() || !lengths.contains(&self.chunk_len) {
            return Some(format!("chunks of {} bytes cannot be", self.chunk_len));
        }
        if self.on_base && kind == Kind::Full {
            return Some("a full backup has no base".to_owned());
        }
        if !self.chunks.is_sorted_by(|a, b| a.0 < b.0) {
            return Some("its chunks are not sorted".to_owned());
        }
        self.chunks.iter().find_map(|chunk| self.fault_of(chunk))
    }

    fn fault_of(&self, ChunkEntry(number, place, stored, hash): &ChunkEntry) -> Option<String> {
        let raw = raw_len(self.len, self.chunk_len, *number);
        if raw == 0 {
            return Some(format!("chunk {number} lies behind its end"));
        }
        let end = place.saturating_add(*stored);
        if end > self.data_len || *stored > raw {
            return Some(format!("chunk {number} cannot take {stored} bytes at {place}"));
        }
        Hash::from_hex(hash).err().map(|_| format!("chunk {number} has no hash"))
    }
}

/// The identity of a backup, from the bytes of its manifest with an empty one.
#[must_use]
pub fn identity_of(unsealed: &[u8]) -> String {
    blake3::hash(unsealed).to_hex().to_string()
}

/// How many bytes a chunk of a segment has; 0 behind the end.
pub(super) fn raw_len(len: u64, chunk_len: u64, number: u64) -> u64 {
    len.saturating_sub(number.saturating_mul(chunk_len)).min(chunk_len)
}
