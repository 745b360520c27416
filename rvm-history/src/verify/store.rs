//! One look at the whole store, while its files keep still.

use rvm_log::format::fields::{SLOT, offset_of};
use rvm_log::{DATA_START, Damage};
use rvm_storage::widths::wide;
use rvm_storage::{
    Blob, FileName, FileRole, LockMode, LockScope, SegmentName, Storage, StorageError,
};
use rvm_txn::inspect::{Remains, remains};
use rvm_txn::{DamageCause, Result};

use super::findings::{Finding, Severity};
use super::kinds::FindingKind;
use super::{Log, Progress, VerifyOptions, VerifyReport, archives, family, links, records, slots};

/// Looks at all files once.
pub(super) fn look(
    storage: &dyn Storage,
    options: &VerifyOptions,
    in_use: bool,
    observe: &mut dyn FnMut(&Progress),
) -> Result<VerifyReport> {
    let _layout = storage.lock(LockScope::Layout, LockMode::Shared, options.wait)?;
    let mut names = storage.list()?;
    names.sort();
    let mut look = Look { storage, report: VerifyReport::default(), logs: Vec::new() };
    let of_role = |role| names.iter().filter(move |name| name.role() == role);
    let total = of_role(FileRole::Log).filter_map(|name| storage.open(name).ok()?.len().ok()).sum();
    for name in of_role(FileRole::Log) {
        let file = name.to_string();
        observe(&Progress { file, done: look.report.bytes, total });
        look.log(name);
    }
    for name in of_role(FileRole::Segment) {
        look.segment(name, &names);
    }
    for name in names.iter().filter(|name| is_unfinished(name)) {
        // A process that has the store open may be about to name it.
        if !in_use {
            look.tell(FindingKind::UnfinishedFile, name, 0, "left by a crash");
        }
    }
    look.together(&remains(storage)?, in_use);
    archives::check(storage, &look.logs, options.deep, &mut look.report)?;
    if in_use {
        // One slot is always a change ahead of the other for a moment, or for longer.
        look.report.findings.retain(|finding| finding.kind != FindingKind::SlotLags);
    }
    Ok(look.report)
}

fn is_unfinished(name: &FileName) -> bool {
    matches!(name.role(), FileRole::NewSegment | FileRole::NewLog | FileRole::NewArchive)
}

struct Look<'a> {
    storage: &'a dyn Storage,
    report: VerifyReport,
    logs: Vec<Log>,
}

impl Look<'_> {
    fn tell(&mut self, kind: FindingKind, name: &FileName, offset: u64, detail: impl Into<String>) {
        let file = match self.storage.open(name) {
            Ok(blob) => blob.location().to_owned(),
            Err(_) => name.to_string(),
        };
        self.report.findings.push(Finding::new(kind, &file, offset, detail));
    }

    fn failed(&mut self, name: &FileName, error: &StorageError) {
        let kind = match error {
            StorageError::NotPlain { .. } => FindingKind::NotPlain,
            _ => FindingKind::Unreadable,
        };
        self.report.findings.push(Finding::new(kind, &name.to_string(), 0, error.to_string()));
    }

    fn log(&mut self, name: &FileName) {
        self.report.logs += 1;
        // What counts is what the device has, not what a cache has.
        let opened = self.storage.open(name).and_then(|blob| {
            blob.force()?;
            blob.drop_cache()?;
            let len = blob.len()?;
            Ok((blob, len))
        });
        match opened {
            Err(error) => self.failed(name, &error),
            Ok((blob, len)) => {
                self.report.bytes += len;
                self.opened_log(name, &*blob, len);
            }
        }
    }

    fn opened_log(&mut self, name: &FileName, blob: &dyn Blob, len: u64) {
        let mut findings = Vec::new();
        if let Some((header, slot_offset)) = slots::check(blob, &mut findings) {
            let file = blob.location();
            let needed = header.ring.file_len();
            if header.segment_name != *name.segment() {
                let offset = slot_offset + wide(offset_of(SLOT, "segment_name"));
                let detail = format!("the header names segment {}", header.segment_name);
                findings.push(Finding::new(FindingKind::OtherSegment, file, offset, detail));
            }
            if len > needed {
                let detail = format!("{len} bytes, and the ring needs {needed}");
                findings.push(Finding::new(FindingKind::FileLonger, file, needed, detail));
            }
            let segment = self.segment_of(name.segment(), header.segment_len, file, &mut findings);
            if len < needed {
                let detail = format!("{len} bytes of log, and the ring needs {needed}");
                findings.push(Finding::new(
                    FindingKind::FileTooShort,
                    file,
                    len.max(DATA_START) - 1,
                    detail,
                ));
            } else {
                let walk = records::walk(blob, &header, segment, &mut findings);
                if let Err(error) = records::check_zeros(blob, &header, &mut findings) {
                    findings.push(Finding::new(
                        FindingKind::Unreadable,
                        file,
                        0,
                        error.to_string(),
                    ));
                }
                if header.clean && (walk.is_used || header.head != header.synced) {
                    let offset = slot_offset + wide(offset_of(SLOT, "clean"));
                    let detail = format!("clean, and something lies behind LSN {}", header.head);
                    findings.push(Finding::new(FindingKind::CleanMark, file, offset, detail));
                }
                self.report.records += walk.records;
                let (file, segment) = (file.to_owned(), name.segment().clone());
                self.logs.push(Log { file, header, slot_offset, walk, segment });
            }
        }
        self.report.findings.append(&mut findings);
    }

    /// The length of a log's segment; tells if it is gone or too short.
    fn segment_of(
        &mut self,
        segment: &SegmentName,
        needed: u64,
        log: &str,
        findings: &mut Vec<Finding>,
    ) -> u64 {
        let name = FileName::new(segment, FileRole::Segment);
        let offset = wide(offset_of(SLOT, "segment_len"));
        let opened = self.storage.open(&name).and_then(|blob| Ok((blob.len()?, blob)));
        match opened {
            Ok((found, blob)) if found < needed => {
                let detail = format!("{found} bytes, and its log says {needed}");
                let file = blob.location();
                findings.push(Finding::new(
                    FindingKind::FileTooShort,
                    file,
                    found.saturating_sub(1),
                    detail,
                ));
                found
            }
            Ok((found, _)) => found,
            Err(error) if error.is_not_found() => {
                let detail = format!("{name} is not there");
                findings.push(Finding::new(FindingKind::MissingSegment, log, offset, detail));
                0
            }
            // Told where the segments are gone through.
            Err(_) => 0,
        }
    }

    fn segment(&mut self, name: &FileName, names: &[FileName]) {
        self.report.segments += 1;
        if let Err(error) = self.storage.open(name).and_then(|blob| blob.len()) {
            return self.failed(name, &error);
        }
        let log = FileName::new(name.segment(), FileRole::Log);
        if !names.contains(&log) {
            self.tell(FindingKind::NoLog, name, 0, format!("there is no {log}"));
        }
    }

    /// Compares the logs with each other.
    fn together(&mut self, remains: &Remains, in_use: bool) {
        let findings = &mut self.report.findings;
        family::check(&self.logs, findings);
        let may_be_unread = self.report.logs > wide(self.logs.len());
        links::check(&self.logs, may_be_unread, findings);
        for damage in &remains.damage {
            let DamageCause::Damage(lost @ Damage::DurableRecordLost { .. }) = &damage.cause else {
                continue;
            };
            let is_told =
                |told: &Finding| told.file == damage.file && told.severity() == Severity::Damage;
            if !findings.iter().any(is_told) {
                let detail = format!("{lost}: the header of another log vouches for it");
                findings.push(Finding::new(
                    FindingKind::RecordLost,
                    &damage.file,
                    damage.offset,
                    detail,
                ));
            }
        }
        for log in remains.logs.iter().filter(|log| log.cut < log.end && !in_use) {
            let own = self.logs.iter().find(|own| own.segment == log.segment);
            let offset = own.map_or(0, |own| own.header.ring.file_offset(log.cut));
            let detail = format!("from LSN {} to LSN {}", log.cut, log.end);
            findings.push(Finding::new(FindingKind::Incomplete, &log.file, offset, detail));
        }
        let epoch = self.logs.first().map(|log| log.header.epoch);
        let is_due = |log: &Log| {
            let header = &log.header;
            !header.clean
                || header.head != header.synced
                || Some(header.epoch) != epoch
                || log.walk.is_used
        };
        self.report.recovery_due = self.logs.iter().any(is_due);
    }
}
