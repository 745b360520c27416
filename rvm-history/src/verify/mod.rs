//! Checks everything that a store's files say against everything else that they say.
//!
//! [`verify`] never stops at the first finding. It reads each header slot by itself, every record of every log, on behind what is damaged,
//! and compares the logs with each other and with the segments. Each [`Finding`] names the file, the place in it, and what it means. What a
//! crash may leave is a note and no more.
//!
//! It works beside a process that has the store open. Then what looks wrong may be a write under way, so only what is still wrong when
//! looked at again is told.
//!
//! ```
//! use std::sync::Arc;
//!
//! use rvm_history::verify::{Severity, VerifyOptions, verify};
//! use rvm_storage::MemStorage;
//! use rvm_txn::{Config, Store};
//!
//! let storage = MemStorage::new();
//! let store = Store::open(Arc::new(storage.clone()), Config::default())?;
//! store.map("notes", 4096)?;
//!
//! let report = verify(&storage, &VerifyOptions::default(), &mut |_| ())?;
//! assert!(report.worst() < Some(Severity::Warning));
//! assert_eq!((report.logs, report.in_use), (1, true));
//! # Ok::<(), rvm_txn::Error>(())
//! ```

mod archives;
mod deep;
mod directory;
mod family;
mod findings;
mod kinds;
mod links;
mod records;
mod slots;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use rvm_log::LogHeader;
use rvm_storage::{LockMode, LockScope, SegmentName, Storage, StorageError};
use rvm_txn::Result;

pub use self::findings::{Finding, Severity};
pub use self::kinds::FindingKind;
use self::records::Walk;

/// How [`verify`] works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// How long to wait for a moment when the store's files keep still. Default 10 s.
    pub wait: Duration,
    /// Whether to read every byte of every file, too, to see whether the system can. Default false.
    pub deep: bool,
    /// The store's directory, where it has one, to look at other files in it and at who may read them. Default `None`.
    pub directory: Option<PathBuf>,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { wait: Duration::from_secs(10), deep: false, directory: None }
    }
}

/// How far [`verify`] has come.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// The file that is read.
    pub file: String,
    /// Bytes of all files that were looked at.
    pub done: u64,
    /// Bytes of all files that will have been.
    pub total: u64,
}

/// What [`verify`] found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Everything that was found, the worst first, then by file and offset.
    pub findings: Vec<Finding>,
    /// Segments with a file.
    pub segments: u64,
    /// Log files.
    pub logs: u64,
    /// Whole records that were checked.
    pub records: u64,
    /// Bytes of the logs, and with `deep` of the segments without their holes, that were looked at.
    pub bytes: u64,
    /// Whether a process had it open for writing.
    pub in_use: bool,
    /// Whether the next opening for writing will recover it. False while it is in use.
    pub recovery_due: bool,
    /// How often the logs were read: more than once if something looked wrong while the store was in use.
    pub attempts: u32,
}

impl VerifyReport {
    /// How bad the worst finding is; `None` without findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(Finding::severity).max()
    }

    /// The findings of at least this severity.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity() >= severity)
    }

    /// Whether a file is of a format that this software does not know.
    #[must_use]
    pub fn is_format_unknown(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind == FindingKind::FormatUnknown)
    }
}

/// How often logs are read while a writer is at work and something looks wrong.
const ATTEMPTS_MAX: u32 = 12;

/// A pause between two of them.
const PAUSE: Duration = Duration::from_millis(5);

/// One log that can be read, whether it belongs here or not.
#[derive(Debug)]
struct Log {
    file: String,
    header: LogHeader,
    /// Where the slot lies that counts.
    slot_offset: u64,
    walk: Walk,
    segment: SegmentName,
}

/// Checks a store, and writes nothing. `observe` is told how far it has come, at least once for each file.
///
/// # Errors
/// [`Error::LayoutBusy`](rvm_txn::Error::LayoutBusy); I/O in listing or locking. Damage is found and not failed at, and so is a file that
/// cannot be read.
pub fn verify(
    storage: &dyn Storage,
    options: &VerifyOptions,
    observe: &mut dyn FnMut(&Progress),
) -> Result<VerifyReport> {
    let mut report = settled(storage, options, observe)?;
    if let Some(directory) = &options.directory {
        directory::check(directory, &mut report.findings);
    }
    if options.deep {
        deep::check(storage, &mut report, observe)?;
    }
    let findings = &mut report.findings;
    findings.sort_by(|a, b| {
        let worst_first = b.severity().cmp(&a.severity());
        worst_first.then_with(|| (&a.file, a.offset, a.kind).cmp(&(&b.file, b.offset, b.kind)))
    });
    findings.dedup_by(|a, b| a.is_again(b));
    Ok(report)
}

/// What is wrong with a store that the caller has locked, so that nothing is under way.
pub(crate) fn look_once(storage: &dyn Storage, options: &VerifyOptions) -> Result<Vec<Finding>> {
    Ok(store::look(storage, options, false, &mut |_| ())?.findings)
}

/// Looks at the store until what looks wrong cannot be a write under way.
fn settled(
    storage: &dyn Storage,
    options: &VerifyOptions,
    observe: &mut dyn FnMut(&Progress),
) -> Result<VerifyReport> {
    let mut wrong: Option<Vec<Finding>> = None;
    for attempts in 1.. {
        let in_use = is_in_use(storage)?;
        let mut report = store::look(storage, options, in_use, observe)?;
        report.in_use = in_use || is_in_use(storage)?;
        report.recovery_due &= !report.in_use;
        report.attempts = attempts;
        if !report.in_use {
            return Ok(report);
        }
        let is_wrong = |finding: &Finding| finding.severity() > Severity::Note;
        if let Some(before) = &wrong {
            let was_wrong = |finding: &Finding| before.iter().any(|other| other.is_again(finding));
            report.findings.retain(|finding| !is_wrong(finding) || was_wrong(finding));
        }
        let still: Vec<_> = report.findings.iter().filter(|one| is_wrong(one)).cloned().collect();
        if still.is_empty() || attempts >= ATTEMPTS_MAX {
            return Ok(report);
        }
        wrong = Some(still);
        std::thread::sleep(PAUSE);
    }
    Ok(VerifyReport::default())
}

fn is_in_use(storage: &dyn Storage) -> Result<bool> {
    match storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO) {
        Ok(_not_in_use) => Ok(false),
        Err(StorageError::Locked { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
