//! Reads every byte of every file, to see whether the system can. Holes are skipped: there is nothing to read in them.

use std::fs::File;
use std::sync::Arc;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, FileName, FileRole, Storage, StorageError};
use rvm_txn::Result;

use super::findings::Finding;
use super::kinds::FindingKind;
use super::{Progress, VerifyReport};

/// How much is read at once.
const PIECE: u64 = 1 << 20;

/// Reads the segments and the logs.
pub(super) fn check(
    storage: &dyn Storage,
    report: &mut VerifyReport,
    observe: &mut dyn FnMut(&Progress),
) -> Result<()> {
    let mut names = storage.list()?;
    names.retain(|name| matches!(name.role(), FileRole::Segment | FileRole::Log));
    names.sort();
    let files = names.iter().filter_map(|name| Some((name, opened(storage, name)?)));
    let files: Vec<_> = files.collect();
    let total = files.iter().map(|(_, (_, len))| *len).sum();
    let (mut done, mut piece) = (0, vec![0; narrow(PIECE)]);
    for (name, (blob, len)) in &files {
        let mut at = 0;
        while at < *len {
            observe(&Progress { file: name.to_string(), done: done + at, total });
            let (start, end) = stretch(&**blob, at, *len);
            at = start;
            while at < end {
                let part = piece.get_mut(..narrow(PIECE.min(end - at))).unwrap_or_default();
                if let Err(error) = blob.read_at(at, part) {
                    tell(&error, &**blob, at, report);
                }
                at += wide(part.len());
                observe(&Progress { file: name.to_string(), done: done + at, total });
            }
            if name.role() == FileRole::Segment {
                report.bytes += end - start;
            }
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

/// The next stretch that is no hole, from `at` on; at the end, an empty one.
fn stretch(blob: &dyn Blob, at: u64, len: u64) -> (u64, u64) {
    let Ok(Some(file)) = blob.file() else { return (at, len) };
    let data = match seek(&*file, SeekFrom::Data(at)) {
        Ok(data) => data.min(len),
        Err(Errno::NXIO) => return (len, len),
        // No holes can be found here.
        Err(_) => return (at, len),
    };
    (data, hole_behind(&file, data, len))
}

fn hole_behind(file: &File, data: u64, len: u64) -> u64 {
    seek(file, SeekFrom::Hole(data)).map_or(len, |hole| hole.clamp(data, len))
}

/// A file that is shorter than it was is one that changed meanwhile.
fn tell(error: &StorageError, blob: &dyn Blob, at: u64, report: &mut VerifyReport) {
    if !matches!(error, StorageError::ShortFile { .. }) {
        let (file, detail) = (blob.location(), error.to_string());
        report.findings.push(Finding::new(FindingKind::Unreadable, file, at, detail));
    }
}
