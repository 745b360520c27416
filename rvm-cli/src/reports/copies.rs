//! What the verbs that copy stores print.

use rvm_core::rvm_history::backup::{BackupReport, Kind, SegmentBackup, VerifiedBackup};
use rvm_core::rvm_history::restore::RestoreReport;
use serde::Serialize;

use crate::quantities::nanos;
use crate::timestamps::rfc3339;

/// `backup`.
#[derive(Debug, Serialize)]
pub(crate) struct BackupFacts {
    pub(crate) store: String,
    /// The backup's directory.
    pub(crate) backup: String,
    /// The backup's identity; null if it was only planned.
    pub(crate) id: Option<String>,
    /// `full` or `incremental`.
    pub(crate) kind: Kind,
    /// The backup that it builds on.
    pub(crate) since: Option<String>,
    pub(crate) dry_run: bool,
    /// The last transaction in it; null if it was only planned.
    pub(crate) last_transaction: Option<u64>,
    /// Sorted by name.
    pub(crate) segments: Vec<SegmentBackupFacts>,
    /// How long the store's files were held still.
    pub(crate) held_nanos: u64,
    pub(crate) duration_nanos: u64,
}

/// A segment in a backup.
#[derive(Debug, Serialize)]
pub(crate) struct SegmentBackupFacts {
    pub(crate) name: String,
    pub(crate) len: u64,
    /// How many chunks are stored, or are to be read if it was only planned.
    pub(crate) chunks: u64,
    /// The bytes that they take.
    pub(crate) bytes: u64,
    /// Whether all else is in the backup that this one builds on.
    pub(crate) on_base: bool,
}

impl BackupFacts {
    /// Of a backup that was made or planned.
    pub(crate) fn new(
        store: String,
        backup: String,
        since: Option<String>,
        report: BackupReport,
    ) -> Self {
        Self {
            store,
            backup,
            dry_run: report.id.is_none(),
            id: report.id,
            kind: report.kind,
            since,
            last_transaction: report.last_transaction,
            segments: report.segments.into_iter().map(SegmentBackupFacts::from).collect(),
            held_nanos: nanos(report.held),
            duration_nanos: nanos(report.duration),
        }
    }
}

impl From<SegmentBackup> for SegmentBackupFacts {
    fn from(segment: SegmentBackup) -> Self {
        let SegmentBackup { name, len, chunks, bytes, on_base, .. } = segment;
        Self { name, len, chunks, bytes, on_base }
    }
}

/// `backup --verify`.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedFacts {
    /// The backup's directory.
    pub(crate) backup: String,
    /// The backup's identity.
    pub(crate) id: String,
    /// `full` or `incremental`.
    pub(crate) kind: Kind,
    /// The directories of all backups that it needs, the full one first and itself last.
    pub(crate) chain: Vec<String>,
    /// The identity of its store; null if nothing was ever mapped in that.
    pub(crate) store_id: Option<String>,
    /// The last transaction in it.
    pub(crate) last_transaction: u64,
    /// When it was made.
    pub(crate) made: String,
    pub(crate) made_nanos: u64,
    /// Sorted by name.
    pub(crate) segments: Vec<LengthFacts>,
    /// How many chunks were read.
    pub(crate) chunks: u64,
    /// The bytes that they take.
    pub(crate) bytes: u64,
}

/// A segment and its length.
#[derive(Debug, Serialize)]
pub(crate) struct LengthFacts {
    pub(crate) name: String,
    pub(crate) len: u64,
}

impl VerifiedFacts {
    /// Of a backup that is whole.
    pub(crate) fn new(backup: String, verified: VerifiedBackup) -> Self {
        let manifest = verified.manifest;
        let segments = manifest.segments.into_iter();
        Self {
            backup,
            id: manifest.id,
            kind: manifest.kind,
            chain: verified.chain.iter().map(|place| place.display().to_string()).collect(),
            store_id: manifest.store,
            last_transaction: manifest.last_transaction,
            made: rfc3339(manifest.made),
            made_nanos: manifest.made,
            segments: segments
                .map(|segment| LengthFacts { name: segment.name, len: segment.len })
                .collect(),
            chunks: verified.chunks,
            bytes: verified.bytes,
        }
    }
}

/// `restore`.
#[derive(Debug, Serialize)]
pub(crate) struct RestoreFacts {
    /// The backup's directory.
    pub(crate) backup: String,
    /// The backup's identity.
    pub(crate) id: String,
    /// The directory of the new store.
    pub(crate) to: String,
    pub(crate) dry_run: bool,
    /// How many backups it is put together from.
    pub(crate) backups: u64,
    /// The last transaction in it.
    pub(crate) last_transaction: u64,
    /// Sorted by name.
    pub(crate) segments: Vec<LengthFacts>,
    /// How many bytes are written; all others are holes.
    pub(crate) written_bytes: u64,
}

impl RestoreFacts {
    /// Of what was restored or planned.
    pub(crate) fn new(backup: String, to: String, dry_run: bool, report: RestoreReport) -> Self {
        let segments = report.segments.into_iter();
        Self {
            backup,
            id: report.id,
            to,
            dry_run,
            backups: report.backups,
            last_transaction: report.last_transaction,
            segments: segments.map(|(name, len)| LengthFacts { name, len }).collect(),
            written_bytes: report.written,
        }
    }
}
