//! Checks the archives of a store: each is read from frame header to frame header, and deeply every record in it.

use rvm_log::LogError;
use rvm_log::archive::Step;
use rvm_storage::{FileName, FileRole, Storage};
use rvm_txn::{Error, Result};

use super::VerifyReport;
use super::findings::Finding;
use super::kinds::FindingKind;
use crate::archive::{ArchiveReader, SegmentArchive};

/// Reads all archives.
pub(super) fn check(storage: &dyn Storage, deep: bool, report: &mut VerifyReport) -> Result<()> {
    for segment in SegmentArchive::names(storage)? {
        let name = FileName::new(&segment, FileRole::Archive).to_string();
        let archive = match SegmentArchive::open(storage, &segment) {
            Ok(None) => continue,
            Ok(Some(archive)) => archive,
            Err(error) => {
                report.findings.push(fault(&name, &error));
                continue;
            }
        };
        report.bytes += archive.file_len();
        let file = match storage.open(&FileName::new(&segment, FileRole::Archive)) {
            Ok(blob) => blob.location().to_owned(),
            Err(_) => name,
        };
        for gap in archive.breaks() {
            let kind = FindingKind::ArchiveDamaged;
            report.findings.push(Finding::new(kind, &file, gap.offset, gap.fault));
        }
        if archive.torn_len() > 0 {
            let at = archive.file_len().saturating_sub(archive.torn_len());
            let detail = format!("{} bytes", archive.torn_len());
            report.findings.push(Finding::new(FindingKind::ArchiveTorn, &file, at, detail));
        }
        if deep {
            let read = [all_frames(&archive, report), all_records(&archive, report)];
            report.findings.extend(
                read.iter().filter_map(|read| read.as_ref().err()).map(|error| fault(&file, error)),
            );
        }
    }
    Ok(())
}

/// What each frame holds, copies of the segment included. What is damaged is told, and the next frame is read.
fn all_frames(archive: &SegmentArchive, report: &mut VerifyReport) -> Result<()> {
    let (mut frames, mut raw) = (archive.file().frames()?, Vec::new());
    while let Some(step) = frames.next()? {
        // A frame that is broken was told of before.
        let Step::Frame(frame) = step else { continue };
        match frames.payload(&frame, &mut raw) {
            Err(error @ LogError::Corrupt { .. }) => {
                let error = error.into();
                report.findings.push(fault(archive.file().blob().location(), &error));
            }
            read => read?,
        }
    }
    Ok(())
}

fn all_records(archive: &SegmentArchive, report: &mut VerifyReport) -> Result<()> {
    let mut reader = ArchiveReader::new(archive);
    while reader.next()?.is_some() {
        report.records += 1;
    }
    Ok(())
}

fn fault(file: &str, error: &Error) -> Finding {
    match error {
        Error::Corrupt(LogError::Corrupt { file, offset, damage }) => {
            Finding::new(FindingKind::ArchiveDamaged, file, *offset, damage.to_string())
        }
        Error::Corrupt(LogError::Unsupported { file, what, found, .. }) => {
            Finding::new(FindingKind::FormatUnknown, file, 0, format!("{what} {found}"))
        }
        error => Finding::new(FindingKind::Unreadable, file, 0, error.to_string()),
    }
}
