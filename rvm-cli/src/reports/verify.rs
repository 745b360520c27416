//! What `verify` prints.

use rvm_core::rvm_history::verify::{Finding, Severity, VerifyReport};
use serde::Serialize;

/// `verify`.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedReport {
    pub(crate) store: String,
    /// How many findings are damage.
    pub(crate) damage: u64,
    /// How many are warnings.
    pub(crate) warnings: u64,
    /// How many are notes.
    pub(crate) notes: u64,
    /// The worst first.
    pub(crate) findings: Vec<FoundFacts>,
    /// How many segments were looked at.
    pub(crate) segments: u64,
    /// How many logs.
    pub(crate) logs: u64,
    pub(crate) records: u64,
    /// Bytes that were looked at.
    pub(crate) bytes: u64,
    /// Whether a process has it open for writing.
    pub(crate) in_use: bool,
    /// False while it is in use.
    pub(crate) recovery_due: bool,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(crate) struct FoundFacts {
    /// `damage`, `warning` or `note`.
    pub(crate) severity: &'static str,
    /// A word that stays.
    pub(crate) kind: &'static str,
    /// The file.
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// What was found there.
    pub(crate) detail: String,
    /// What that means.
    pub(crate) meaning: &'static str,
}

impl From<&Finding> for FoundFacts {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity().word(),
            kind: finding.kind.word(),
            file: finding.file.clone(),
            offset: finding.offset,
            detail: finding.detail.clone(),
            meaning: finding.kind.meaning(),
        }
    }
}

impl VerifiedReport {
    /// What checking the store found.
    pub(crate) fn new(store: String, report: &VerifyReport) -> Self {
        let count = |severity| {
            let of_it = report.findings.iter().filter(|finding| finding.severity() == severity);
            u64::try_from(of_it.count()).unwrap_or(u64::MAX)
        };
        Self {
            store,
            damage: count(Severity::Damage),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            findings: report.findings.iter().map(FoundFacts::from).collect(),
            segments: report.segments,
            logs: report.logs,
            records: report.records,
            bytes: report.bytes,
            in_use: report.in_use,
            recovery_due: report.recovery_due,
        }
    }
}
