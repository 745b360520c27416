//! Reads every byte of every file, to see whether the system can. Holes are skipped: there is nothing to read in them.

use std::sync::Arc;

use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, FileName, FileRole, Storage, StorageError};
use rvm_txn::Result;

use super::findings::Finding;
use super::kinds::FindingKind;
use super::{Progress, VerifyReport};
use rvm_storage::holes::next_data;

/// How much is read at once.
const PIECE: u64 = 1 << 20;

/// Reads the segments and the logs.
pub(super) fn check(
    storage: &dyn Storage,
    report: &mut VerifyReport,
    observe: &mut dyn FnMut(&Progress),
) -> Result<()> {
    let mut names = storage.list()?;
    names.retain(|name| {
        matches!(name.role(), FileRole::Segment | FileRole::Log | FileRole::Archive)
    });
    names.sort();
    let files = names.iter().filter_map(|name| Some((name, opened(storage, name)?)));
    let files: Vec<_> = files.collect();
    let total = files.iter().map(|(_, (_, len))| *len).sum();
    let (mut done, mut piece) = (0, vec![0; narrow(PIECE)]);
    for (name, (blob, len)) in &files {
        let mut at = 0;
        loop {
            let start = match next_data(&**blob, at, *len) {
                Ok(None) => break,
                Ok(Some(start)) => start,
                Err(error) => {
                    let (file, detail) = (blob.location(), error.to_string());
                    let kind = FindingKind::Unreadable;
                    report.findings.push(Finding::new(kind, file, at, detail));
                    break;
                }
            };
            let part = piece.get_mut(..narrow(PIECE.min(len - start))).unwrap_or_default();
            if let Err(error) = blob.read_at(start, part) {
                tell(&error, &**blob, start, report);
            }
            at = start + wide(part.len());
            if name.role() == FileRole::Segment {
                report.bytes += wide(part.len());
            }
            observe(&Progress { file: name.to_string(), done: done + at, total });
        }
        done += *len;
        observe(&Progress { file: name.to_string(), done, total });
    }
    Ok(())
}

/// What cannot be opened was told of before.
fn opened(storage: &dyn Storage, name: &FileName) -> Option<(Arc<dyn Blob>, u64)> {
    let blob = storage.open(name).ok()?;
    blob.drop_cache().ok()?;
    let len = blob.len().ok()?;
    Some((blob, len))
}

/// A file that is shorter than it was is one that changed meanwhile.
fn tell(error: &StorageError, blob: &dyn Blob, at: u64, report: &mut VerifyReport) {
    if !matches!(error, StorageError::ShortFile { .. }) {
        let (file, detail) = (blob.location(), error.to_string());
        report.findings.push(Finding::new(FindingKind::Unreadable, file, at, detail));
    }
}
