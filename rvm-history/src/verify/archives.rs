//! Checks the archives of a store: each is read from frame header to frame header, and deeply every record in it.

use rvm_log::LogError;
use rvm_log::archive::Step;
use rvm_storage::{FileName, FileRole, Storage};
use rvm_txn::{Error, Result};

use super::findings::Finding;
use super::kinds::FindingKind;
use super::{Log, VerifyReport};
use crate::archive::{ArchiveReader, SegmentArchive};

/// Reads all archives. The logs were read before, so that no head is ahead of its archive because it has moved since.
pub(super) fn check(
    storage: &dyn Storage,
    logs: &[Log],
    deep: bool,
    report: &mut VerifyReport,
) -> Result<()> {
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
        let log = logs.iter().find(|log| log.segment == segment);
        check_headers(&archive, &file, log, report);
        if deep {
            let read = [all_frames(&archive, report), all_records(&archive, report)];
            report.findings.extend(
                read.iter().filter_map(|read| read.as_ref().err()).map(|error| fault(&file, error)),
            );
        }
    }
    Ok(())
}

/// What is told without a look at what frames hold.
fn check_headers(
    archive: &SegmentArchive,
    file: &str,
    log: Option<&Log>,
    report: &mut VerifyReport,
) {
    let mut tell = |kind, offset, detail: String| {
        report.findings.push(Finding::new(kind, file, offset, detail));
    };
    match archive.file().rotten_copies() {
        Ok(rotten) => {
            for offset in rotten {
                let detail = "it is not what the other copy is".to_owned();
                tell(FindingKind::ArchiveHeaderCopy, offset, detail);
            }
        }
        Err(error) => tell(FindingKind::Unreadable, 0, error.to_string()),
    }
    for gap in archive.breaks() {
        tell(FindingKind::ArchiveDamaged, gap.offset, gap.fault.to_owned());
    }
    let end = archive.file_len().saturating_sub(archive.torn_len());
    if let Some(missing) = log.and_then(|log| archive.missing_before(&log.header)) {
        tell(
            FindingKind::ArchiveDamaged,
            end,
            format!("history from LSN {} to LSN {} is in no file", missing.start, missing.end),
        );
    } else if archive.torn_len() > 0 {
        tell(FindingKind::ArchiveTorn, end, format!("{} bytes", archive.torn_len()));
    }
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
