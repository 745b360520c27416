//! `verify`: every damage of a list planted in a store, one at a time, and each found in its file, at its place, with its meaning.

mod archives;
mod files;
mod records;
mod repair;
mod slots;
mod specimen;

use rvm_core::rvm_history::verify::{FindingKind, Severity};
use rvm_core::rvm_storage::sim::SimStorage;

use self::specimen::{Specimen, open};

/// Guards against a specimen that is damaged from the start, and would make every damage found.
#[test]
fn a_store_without_damage_has_no_findings() {
    let report = Specimen::new().verify();
    assert_eq!((report.findings.as_slice(), report.segments, report.logs), (&[] as &[_], 3, 3));
    assert!(report.recovery_due && !report.in_use, "{report:?}");
    assert_eq!(report.records, 12);
    let (storage, clean) = (SimStorage::new(1), SimStorage::new(2));
    let (store, _) = open(&storage);
    assert!(Specimen { storage: storage.clone() }.verify().in_use);
    drop(store);
    open(&clean).0.close().unwrap();
    let report = Specimen { storage: clean }.verify();
    assert!(!report.recovery_due && report.findings.is_empty(), "{report:?}");
}

/// Guards against two kinds with one word, and sentences that do not fit behind others.
#[test]
fn every_kind_has_a_word_of_its_own_and_a_meaning() {
    let mut words: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), FindingKind::ALL.len());
    for kind in FindingKind::ALL {
        assert!(kind.meaning().len() > 20 && !kind.meaning().ends_with('.'), "{kind:?}");
    }
    // What the files do not tell is not claimed.
    let says = |kind: FindingKind, words| kind.meaning().contains(words);
    assert!(says(FindingKind::TornTail, "as far as the files tell"));
    assert!(says(FindingKind::NoLog, "taken for a clean one"));
    assert!(says(FindingKind::Incomplete, "on damage in another file"));
    assert!(Severity::Note < Severity::Warning && Severity::Warning < Severity::Damage);
}
