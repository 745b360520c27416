//! `repair`: what it does about each damage, what it keeps of what it changes, and that a crash in the middle costs nothing.

use std::sync::Arc;

use rvm_core::rvm_history::repair::{Repair, RepairOptions, Step};
use rvm_core::rvm_history::verify::{FindingKind, Severity};
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::{MemStorage, Storage};
use rvm_core::{Error, Rvm};

use super::specimen::{Fit, SHARED, Specimen, name, open};

fn cutting() -> RepairOptions {
    let mut options = RepairOptions::default();
    options.cut = true;
    options
}

/// Plans, compares what is planned with `words`, and does it. Nothing may be left behind.
#[track_caller]
fn repair(specimen: &Specimen, words: &[&str]) -> MemStorage {
    let plan = Repair::plan(&specimen.storage, &cutting()).unwrap();
    let planned: Vec<String> =
        plan.steps().iter().map(|step| format!("{} {}", step.word(), step.file())).collect();
    assert_eq!(planned, words);
    assert_eq!(plan.left(), []);
    let saved = MemStorage::new();
    plan.carry_out(&saved).unwrap();
    let report = specimen.verify();
    assert_eq!(report.at_least(Severity::Warning).collect::<Vec<_>>(), Vec::<&_>::new());
    assert!(Repair::plan(&specimen.storage, &cutting()).unwrap().steps().is_empty());
    saved
}

fn saved(storage: &MemStorage, file: &str) -> Vec<u8> {
    let blob = storage.open(&name(file)).unwrap();
    let mut bytes = vec![0; usize::try_from(blob.len().unwrap()).unwrap()];
    blob.read_at(0, &mut bytes).unwrap();
    bytes
}

/// What the segments hold once the store was recovered.
fn state(storage: &SimStorage) -> Vec<Vec<u8>> {
    let (store, segments) = open(storage);
    let state = segments.iter().map(|segment| segment.read().unwrap().to_vec()).collect();
    store.close().unwrap();
    state
}

/// Guards against a slot that stays rotten, a header that says something else afterwards, and bytes that are gone.
#[test]
fn a_rotten_slot_is_written_again_from_its_twin() {
    for slot in [0, 1] {
        let specimen = Specimen::new();
        let header = specimen.header("a");
        specimen.slots("a", &[slot], "head", &[0x10], false);
        let before = specimen.file("a.log");
        let kept = repair(&specimen, &["rewrite-header a.log"]);
        assert_eq!(saved(&kept, "a.log"), before);
        let mut after = specimen.header("a");
        after.generation = header.generation;
        assert_eq!(after, header);
        assert_eq!(state(&specimen.storage), state(&Specimen::new().storage));
    }
}

/// Guards against leftovers that stay, and against a file that is removed and not kept.
#[test]
fn leftovers_are_kept_elsewhere_and_removed() {
    let specimen = Specimen::new();
    specimen.replace(".d.log.new", b"half");
    specimen.replace(".d.seg.new", b"");
    let kept = repair(&specimen, &["remove .d.seg.new", "remove .d.log.new"]);
    assert_eq!(saved(&kept, ".d.log.new"), b"half");
    assert!(specimen.storage.read_file(&name(".d.seg.new")).is_none());
}

/// Guards against records that stay unread behind a clean mark that lies.
#[test]
fn a_false_clean_mark_is_taken_off() {
    let specimen = Specimen::new();
    specimen.slots("a", &[0, 1], "clean", &[1], true);
    repair(&specimen, &["take-mark-off a.log"]);
    assert_eq!(state(&specimen.storage), state(&Specimen::new().storage));
}

/// Guards against a cut that leaves half of a transaction, that loses more than it must, and that does not say what.
#[test]
fn a_damaged_log_is_cut_and_with_it_what_hangs_on_it() {
    let specimen = Specimen::new();
    specimen.bytes(SHARED, 70, &[0xff], Fit::None);
    let before = specimen.file("c.log");
    let plan = Repair::plan(&specimen.storage, &RepairOptions::default()).unwrap();
    assert!(plan.steps().is_empty(), "nothing is cut unless that is asked for");
    assert_eq!(plan.left()[0].kind, FindingKind::RecordLost);
    drop(plan);

    let plan = Repair::plan(&specimen.storage, &cutting()).unwrap();
    let lost = |step: &Step| step.lost().iter().map(|lost| lost.transaction.0).collect::<Vec<_>>();
    // The shared transaction, 4, is the damaged one; 5 hangs on it.
    let expected = [vec![6, 9], vec![5, 7, 10], vec![4, 8, 11]];
    assert_eq!(plan.steps().iter().map(lost).collect::<Vec<_>>(), expected);
    assert_eq!(plan.steps()[0].lost()[0].label, "one");
    assert!(plan.steps()[0].to_string().contains("may hold bytes of what is lost"));
    drop(plan);
    let kept = repair(&specimen, &["cut a.log", "cut b.log", "cut c.log"]);
    assert_eq!(saved(&kept, "c.log"), before);
    let state = state(&specimen.storage);
    assert_eq!(&state[0][300..305], b"abcde");
    assert_eq!(&state[1][300..305], b"abcde");
    assert_eq!(&state[2][300..305], &[0; 5]);
}

/// Guards against a repair that guesses: what it cannot know is left, and told.
#[test]
fn what_cannot_be_repaired_is_left() {
    let specimen = Specimen::new();
    specimen.slots("a", &[0, 1], "head", &[0x10], false);
    specimen.replace("b.seg", b"short");
    let plan = Repair::plan(&specimen.storage, &cutting()).unwrap();
    assert!(plan.steps().is_empty());
    let mut left: Vec<_> = plan.left().iter().map(|finding| finding.kind).collect();
    left.sort_unstable();
    assert!(left.contains(&FindingKind::HeaderPair) && left.contains(&FindingKind::FileTooShort));
}

/// Guards against a repair beside a process that has the store open, and an opening beside a repair.
#[test]
fn a_repair_and_an_owner_keep_each_other_out() {
    let specimen = Specimen::new();
    let (store, _) = open(&specimen.storage);
    let refused = Repair::plan(&specimen.storage, &RepairOptions::default());
    assert!(matches!(refused, Err(Error::Locked { .. })), "{refused:?}");
    drop(store);
    let plan = Repair::plan(&specimen.storage, &RepairOptions::default()).unwrap();
    let opened = Rvm::options().open_with(Arc::new(specimen.storage.clone()));
    assert!(matches!(opened, Err(Error::Locked { .. })));
    drop(plan);
}

/// Guards against a power cut in the middle of a repair that leaves what another repair cannot finish, or finishes otherwise.
#[test]
fn a_repair_that_is_interrupted_is_finished_by_the_next() {
    let damaged = || {
        let specimen = Specimen::new();
        specimen.bytes(SHARED, 70, &[0xff], Fit::None);
        specimen.slots("b", &[1], "head", &[0x10], false);
        specimen.replace(".d.log.new", b"half");
        specimen
    };
    let whole = damaged();
    let words =
        ["rewrite-header b.log", "remove .d.log.new", "cut a.log", "cut b.log", "cut c.log"];
    repair(&whole, &words);
    let expected = state(&whole.storage);

    let specimen = damaged();
    specimen.storage.record();
    let plan = Repair::plan(&specimen.storage, &cutting()).unwrap();
    plan.carry_out(&MemStorage::new()).unwrap();
    let mut found = 0;
    for moment in specimen.storage.recorded().moments {
        let unknowns = moment.unknowns();
        for cut in unknowns.cuts_up_to(12) {
            let again = Specimen { storage: moment.power_cut(&unknowns, &cut) };
            let plan = Repair::plan(&again.storage, &cutting()).unwrap();
            assert_eq!(plan.left(), [], "power cut {moment}");
            plan.carry_out(&MemStorage::new()).unwrap();
            let report = again.verify();
            let alarms: Vec<_> = report.at_least(Severity::Warning).collect();
            assert!(alarms.is_empty(), "power cut {moment}: {alarms:?}");
            assert_eq!(state(&again.storage), expected, "power cut {moment}");
            found += 1;
        }
    }
    assert!(found > 50, "{found}");
}
