//! A backup and those that it builds on, read as one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use blake3::Hash;
use rvm_storage::widths::{narrow, wide};

use super::manifest::{Base, Kind, LogPosition, Manifest, SegmentEntry, raw_len};
use super::table::{Stored, Table, state_of};
use crate::copy_error::{CopyError, Result};
use crate::unfinished::parent_of;

/// More backups than this do not build on each other.
const LINKS_MAX: usize = 10_000;

/// A backup with all that it builds on.
#[derive(Debug)]
pub struct Chain {
    /// From the first, which is full, to the one that was asked for.
    links: Vec<(PathBuf, Manifest)>,
    segments: BTreeMap<String, Resolved>,
}

/// A segment as the whole chain has it.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) len: u64,
    pub(crate) chunk_len: u64,
    pub(crate) log: Option<LogPosition>,
    pub(crate) table: Table,
}

/// The data files of one segment, as they are opened.
#[derive(Debug, Default)]
pub(crate) struct DataFiles(BTreeMap<usize, (PathBuf, File)>);

impl Chain {
    /// Reads the manifests of a backup and of those that it builds on, and checks that they belong together. The data is not read.
    ///
    /// # Errors
    /// [`CopyError::NoBackup`], [`CopyError::BaseMissing`], [`CopyError::BaseForeign`], [`CopyError::Damaged`],
    /// [`CopyError::Unsupported`]; I/O.
    pub fn open(backup: &Path) -> Result<Self> {
        let mut place = backup.to_owned();
        let mut links = vec![(place.clone(), Manifest::read(backup)?)];
        while let Some((_, Manifest { base: Some(base), .. })) = links.last() {
            let found = find_base(&place, base)?;
            place.clone_from(&found.0);
            links.push(found);
            if links.len() > LINKS_MAX {
                let damage = format!("more than {LINKS_MAX} backups build on each other");
                return Err(CopyError::damaged(backup, None, damage));
            }
        }
        links.reverse();
        let mut segments = BTreeMap::new();
        for (link, (place, manifest)) in links.iter().enumerate() {
            segments = resolve(link, place, manifest, segments)?;
        }
        Ok(Self { links, segments })
    }

    /// What the backup itself says.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.links.last().map(|(_, manifest)| manifest)
    }

    /// What each backup of the chain says, from the full backup on.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.links.iter().map(|(_, manifest)| manifest)
    }

    /// The directories of the chain, from the full backup on.
    #[must_use]
    pub fn places(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.links.iter().map(|(place, _)| place.as_path())
    }

    /// The directory of the backup itself.
    pub(crate) fn place(&self) -> &Path {
        self.links.last().map_or(Path::new(""), |(place, _)| place)
    }

    /// The segments and their lengths, sorted by name.
    pub fn segments(&self) -> impl Iterator<Item = (&str, u64)> {
        self.segments.iter().map(|(name, resolved)| (name.as_str(), resolved.len))
    }

    pub(crate) fn segment(&self, name: &str) -> Option<&Resolved> {
        self.segments.get(name)
    }

    /// Reads a chunk and checks its hash. `chunk` gets its bytes.
    pub(crate) fn read(
        &self,
        name: &str,
        files: &mut DataFiles,
        stored: &Stored,
        chunk: &mut Vec<u8>,
    ) -> Result<()> {
        let (path, file) = match files.0.entry(stored.link) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let place = self.links.get(stored.link).map_or(Path::new(""), |(place, _)| place);
                free.insert(open_data(place, name)?)
            }
        };
        read_chunk(file, path, stored, chunk)
    }

    /// Whether the data files have the lengths that the manifests say.
    pub(crate) fn check_lengths(&self) -> Result<()> {
        for (place, manifest) in &self.links {
            for segment in manifest.segments.iter().filter(|segment| segment.data_len > 0) {
                let (path, file) = open_data(place, &segment.name)?;
                let found = file.metadata().map_err(CopyError::file("examine", &path))?.len();
                if found != segment.data_len {
                    let damage =
                        format!("it has {found} bytes and should have {}", segment.data_len);
                    return Err(CopyError::damaged(&path, None, damage));
                }
            }
        }
        Ok(())
    }
}

/// The name of a segment's data file.
pub(super) fn data_name(segment: &str) -> String {
    format!("{segment}.dat")
}

fn open_data(place: &Path, segment: &str) -> Result<(PathBuf, File)> {
    let path = place.join(data_name(segment));
    let file = File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CopyError::damaged(&path, None, "it is missing"),
        _ => CopyError::file("open", &path)(error),
    })?;
    Ok((path, file))
}

/// Reads one chunk of a data file and checks its hash.
pub(super) fn read_chunk(
    file: &File,
    path: &Path,
    stored: &Stored,
    chunk: &mut Vec<u8>,
) -> Result<()> {
    let damaged = |damage: &str| CopyError::damaged(path, Some(stored.place), damage);
    let mut bytes = vec![0; narrow(stored.len)];
    file.read_exact_at(&mut bytes, stored.place).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it ends before a chunk does"),
        _ => CopyError::file("read", path)(error),
    })?;
    if stored.len == stored.raw_len {
        *chunk = bytes;
    } else {
        chunk.clear();
        chunk.resize(narrow(stored.raw_len), 0);
        let unpacked = lz4_flex::block::decompress_into(&bytes, chunk);
        if unpacked.ok().map(wide) != Some(stored.raw_len) {
            return Err(damaged("a chunk cannot be unpacked"));
        }
    }
    if blake3::hash(chunk) != stored.hash {
        return Err(damaged("a chunk's hash is not that of its bytes"));
    }
    Ok(())
}

/// The base lies beside the backup under the name that it had, or else where it was.
fn find_base(backup: &Path, base: &Base) -> Result<(PathBuf, Manifest)> {
    let noted = Path::new(&base.place);
    let beside = noted.file_name().map(|name| parent_of(backup).join(name));
    let mut foreign = None;
    for place in beside.into_iter().chain(noted.is_absolute().then(|| noted.to_owned())) {
        match Manifest::read(&place) {
            Ok(manifest) if manifest.id == base.id => return Ok((place, manifest)),
            Ok(manifest) => {
                foreign.get_or_insert((place.display().to_string(), manifest.id));
            }
            Err(CopyError::NoBackup { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let (id, backup) = (base.id.clone(), backup.display().to_string());
    Err(match foreign {
        Some((base, found)) => CopyError::BaseForeign { backup, base, id, found },
        None => CopyError::BaseMissing { backup, base: base.place.clone(), id },
    })
}

/// The segments as they are behind one more backup.
fn resolve(
    link: usize,
    place: &Path,
    manifest: &Manifest,
    mut before: BTreeMap<String, Resolved>,
) -> Result<BTreeMap<String, Resolved>> {
    let damaged = |damage| CopyError::damaged(&place.join(super::manifest::FILE), None, damage);
    if (link == 0) != (manifest.kind == Kind::Full) {
        return Err(damaged("a full backup is not at the chain's start".to_owned()));
    }
    let mut after = BTreeMap::new();
    for segment in &manifest.segments {
        let base = if segment.on_base { before.remove(&segment.name) } else { None };
        let resolved = resolve_segment(link, segment, base)
            .map_err(|damage| damaged(format!("segment {:?}: {damage}", segment.name)))?;
        after.insert(segment.name.clone(), resolved);
    }
    Ok(after)
}

fn resolve_segment(
    link: usize,
    segment: &SegmentEntry,
    base: Option<Resolved>,
) -> std::result::Result<Resolved, String> {
    let (len, chunk_len) = (segment.len, segment.chunk_len);
    let mut table = match base {
        Some(base) if base.chunk_len == chunk_len => base.table,
        None if !segment.on_base => Table::new(),
        _ => return Err("its base has no such segment".to_owned()),
    };
    for chunk in &segment.chunks {
        if chunk.2 == 0 {
            table.remove(&chunk.0);
            continue;
        }
        let hash = Hash::from_hex(&chunk.3).map_err(|error| error.to_string())?;
        let raw_len = raw_len(len, chunk_len, chunk.0);
        table.insert(chunk.0, Stored { link, place: chunk.1, len: chunk.2, raw_len, hash });
    }
    table.retain(|number, _| raw_len(len, chunk_len, *number) > 0);
    let fits =
        |(number, stored): (&u64, &Stored)| raw_len(len, chunk_len, *number) == stored.raw_len;
    if !table.iter().all(fits)
        || state_of(len, chunk_len, &table).to_hex().as_str() != segment.state
    {
        return Err("it is not what its base and its chunks make of it".to_owned());
    }
    Ok(Resolved { len, chunk_len, log: segment.log.clone(), table })
}
