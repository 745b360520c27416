//! Damages of archives that the logs tell of: one that ends before its log begins, and one whose header is there once only.

use rvm_core::Durability;
use rvm_core::rvm_history::verify::{Finding, FindingKind, Severity};
use rvm_core::rvm_storage::sim::SimStorage;

use super::specimen::{Specimen, commit, open};

/// A store that was archived and shut down cleanly, so that its logs hold nothing. Its archive was appended to twice: of the last append
/// every payload is looked at in any case.
pub(super) fn archived() -> Specimen {
    let storage = SimStorage::new(5);
    let (store, [a, ..]) = open(&storage);
    store.archive_on().unwrap();
    for _ in 0..2 {
        for _ in 0..8 {
            commit(&store, &[&a], &[], Durability::Force);
        }
        store.truncate_log().unwrap();
    }
    store.close().unwrap();
    Specimen { storage }
}

fn of_archives(specimen: &Specimen) -> Vec<Finding> {
    let mut findings = specimen.verify().findings;
    findings.retain(|finding| finding.file.ends_with("a.arc"));
    findings
}

/// Guards against history that is gone for good and passes for an append that a crash cut short.
#[test]
fn an_archive_that_ends_before_its_log_begins_is_damaged() {
    let specimen = archived();
    assert_eq!(of_archives(&specimen), []);
    let (whole, head) = (specimen.file("a.arc"), specimen.header("a").head);
    // Of both kinds: the end of a frame, and the middle of one.
    for len in (8192..whole.len()).step_by(8).chain([whole.len() - 1]) {
        specimen.replace("a.arc", &whole[..len]);
        let findings = of_archives(&specimen);
        let it = findings.iter().find(|finding| finding.detail.contains("is in no file"));
        let it = it.unwrap_or_else(|| panic!("cut to {len}: {findings:?}"));
        assert_eq!((it.kind, it.severity()), (FindingKind::ArchiveDamaged, Severity::Damage));
        assert!(it.offset >= 8192 && it.offset <= len as u64, "cut to {len}: {it}");
        assert!(it.detail.ends_with(&format!("to LSN {head} is in no file")), "{it}");
        assert!(findings.iter().all(|finding| finding.kind != FindingKind::ArchiveTorn));
    }
}

/// Guards against a false alarm over an append that a crash did cut short.
#[test]
fn an_archive_with_half_an_append_behind_all_that_counts_is_not_damaged() {
    let specimen = archived();
    let mut bytes = specimen.file("a.arc");
    let end = bytes.len() as u64;
    bytes.extend([1; 100]);
    specimen.replace("a.arc", &bytes);
    let kinds: Vec<_> = of_archives(&specimen).iter().map(|it| (it.kind, it.offset)).collect();
    assert_eq!(kinds, [(FindingKind::ArchiveTorn, end)]);
}

/// Guards against a copy of an archive's header that rots unseen until the other one does, too.
#[test]
fn one_rotten_copy_of_an_archive_header_is_told() {
    for copy in [0, 4096] {
        let specimen = archived();
        let mut bytes = specimen.file("a.arc");
        bytes[copy + 20] ^= 1;
        specimen.replace("a.arc", &bytes);
        let found: Vec<_> = of_archives(&specimen).iter().map(|it| (it.kind, it.offset)).collect();
        assert_eq!(found, [(FindingKind::ArchiveHeaderCopy, copy as u64)]);
        assert_eq!(specimen.verify().worst(), Some(Severity::Warning));
    }
}
