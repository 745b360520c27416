//! Backups of a store, made beside the process that has it open: full ones, and incremental ones of what changed since.
//!
//! A backup is a directory with `manifest.json` and a data file for each segment; `docs/backup-format.md` describes the bytes. It holds
//! the committed state at one moment, exactly: what recovery would make of the store if the power failed then. The store's commits go on; its
//! files are held still only for as long as [`BackupReport::held`] says.

mod capture;
mod chain;
mod data;
mod draft;
mod follow;
pub mod manifest;
mod patches;
mod table;
mod verify;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rvm_log::StoreId;
use rvm_storage::Storage;

use capture::{Capture, Captured};
pub use chain::Chain;
pub(crate) use chain::{DataFiles, Resolved};
pub use manifest::{Kind, Manifest};
pub(crate) use table::Stored;
pub use verify::{VerifiedBackup, verify_backup};

use crate::copy_error::{CopyError, Result};
use crate::observer::Observer;
use crate::unfinished::{Unfinished, create, parent_of};

/// How a backup is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackupPlan {
    /// The backup that this one builds on; without one it stands alone. Default `None`.
    pub since: Option<PathBuf>,
    /// How long to wait for a moment when the store's files keep still. Default 10 s.
    pub wait: Duration,
}

impl Default for BackupPlan {
    fn default() -> Self {
        Self { since: None, wait: Duration::from_secs(10) }
    }
}

/// What a backup has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackupReport {
    /// The backup's identity; `None` if it was only planned.
    pub id: Option<String>,
    /// Whether it stands alone.
    pub kind: Kind,
    /// The store's identity; `None` if nothing was ever mapped in it, or if it was only planned.
    pub store: Option<String>,
    /// The last transaction in it; `None` if it was only planned.
    pub last_transaction: Option<u64>,
    /// The segments, sorted by name.
    pub segments: Vec<SegmentBackup>,
    /// How long the store's files were held still: logs that are full wait for that.
    pub held: Duration,
    /// How long all of it took.
    pub duration: Duration,
}

/// What a backup has of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentBackup {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// How many chunks are stored; of a plan, how many are to be read.
    pub chunks: u64,
    /// How many bytes they take, compressed; of a plan, how many are to be read.
    pub bytes: u64,
    /// Whether everything else is in the base.
    pub on_base: bool,
}

/// Makes a backup of a store in the directory `to`, which must be missing. It appears under that name when it is whole and on stable storage.
///
/// ```
/// use rvm_history::backup::{BackupPlan, backup};
/// use rvm_history::restore::restore;
/// use rvm_history::observer::Unobserved;
/// use rvm_storage::FileStorage;
/// use rvm_txn::{Config, Store};
/// # use std::sync::Arc;
///
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path();
/// let storage = FileStorage::open(dir.join("store"))?;
/// let store = Store::open(Arc::new(storage.clone()), Config::default())?;
/// let notes = store.map("notes", 4096)?;
/// let mut txn = store.begin(&[&notes])?;
/// txn.write(&notes, 0, b"kept")?;
/// txn.commit()?;
///
/// let report = backup(&storage, &dir.join("monday"), &BackupPlan::default(), &mut Unobserved)?;
/// assert_eq!(report.last_transaction, Some(1));
/// restore(&dir.join("monday"), &dir.join("copy"), &mut Unobserved)?;
/// assert_eq!(&std::fs::read(dir.join("copy/notes.seg"))?[..4], b"kept");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CopyError::Exists`] if `to` is there; [`CopyError::OtherStore`] if the base is a backup of another store; what opening the
/// [chain](Chain::open) of the base fails with; [`CopyError::Store`] for a store that is damaged or whose files do not keep still;
/// [`CopyError::Stopped`]; I/O. The store is never written to, and nothing remains in `to`.
pub fn backup(
    storage: &dyn Storage,
    to: &Path,
    plan: &BackupPlan,
    observer: &mut dyn Observer,
) -> Result<BackupReport> {
    let started = Instant::now();
    let base = plan.since.as_deref().map(Chain::open).transpose()?;
    let directory = Unfinished::begin(to, is_ours)?;
    let capture = Capture::begin(storage, plan.wait, base.as_ref(), &directory, observer)?;
    let captured = capture.run()?;
    let held = captured.held;
    let manifest = finish(captured, base.as_ref(), to, storage.unix_nanos())?;
    let path = directory.path().join(manifest::FILE);
    let mut file: File = create(&path)?;
    file.write_all(&manifest.encode()?).map_err(CopyError::file("write", &path))?;
    file.sync_all().map_err(CopyError::file("force", &path))?;
    directory.finish()?;
    let segments = manifest.segments.iter().map(|segment| SegmentBackup {
        name: segment.name.clone(),
        len: segment.len,
        chunks: rvm_storage::widths::wide(segment.chunks.len()),
        bytes: segment.data_len,
        on_base: segment.on_base,
    });
    Ok(BackupReport {
        kind: manifest.kind,
        segments: segments.collect(),
        id: Some(manifest.id),
        store: manifest.store,
        last_transaction: Some(manifest.last_transaction),
        held,
        duration: started.elapsed(),
    })
}

/// Tells what a backup would have to read, at least. Nothing is written.
///
/// # Errors
/// As [`backup`].
pub fn plan_backup(storage: &dyn Storage, to: &Path, plan: &BackupPlan) -> Result<BackupReport> {
    let started = Instant::now();
    if to.symlink_metadata().is_ok() {
        return Err(CopyError::Exists { path: to.display().to_string() });
    }
    let base = plan.since.as_deref().map(Chain::open).transpose()?;
    let segments = capture::plan(storage, plan.wait, base.as_ref())?;
    let kind = if base.is_some() { Kind::Incremental } else { Kind::Full };
    let (held, duration) = (Duration::ZERO, started.elapsed());
    Ok(BackupReport {
        id: None,
        kind,
        store: None,
        last_transaction: None,
        segments,
        held,
        duration,
    })
}

fn finish(captured: Captured, base: Option<&Chain>, to: &Path, made: u64) -> Result<Manifest> {
    if let (Some(base), Some(store)) = (base, captured.store) {
        check_store(base, store)?;
    }
    let base = base.and_then(|base| Some((base.place(), base.manifest()?)));
    let base = base.map(|(place, manifest)| manifest::Base {
        id: manifest.id.clone(),
        place: place_of_base(place, to),
    });
    let segments = captured.drafts.into_values().map(draft::Draft::finish);
    let manifest = Manifest {
        format: manifest::VERSION,
        kind: if base.is_some() { Kind::Incremental } else { Kind::Full },
        base,
        made,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        store: captured.store.map(|store| store.to_string()),
        last_transaction: captured.last_transaction.0,
        segments: segments.collect::<Result<_>>()?,
        id: String::new(),
    };
    manifest.seal()
}

/// A base that lies beside the backup is noted by its name, so that both can be moved together; another one by its whole path.
fn place_of_base(base: &Path, backup: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let base = whole(base);
    let beside = base.file_name().filter(|_| parent_of(&base) == whole(&parent_of(backup)));
    beside.map_or_else(|| base.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A backup builds on one of the same store only.
fn check_store(base: &Chain, store: StoreId) -> Result<()> {
    let found = base.manifest().and_then(|manifest| manifest.store.clone());
    match found {
        Some(found) if found != store.to_string() => Err(CopyError::OtherStore {
            base: base.place().display().to_string(),
            found,
            wanted: store.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Whether a file is of a backup.
fn is_ours(path: &Path) -> bool {
    let is_data = path.extension().is_some_and(|extension| extension == "dat");
    is_data || path.ends_with(manifest::FILE) || path.ends_with(patches::FILE)
}
