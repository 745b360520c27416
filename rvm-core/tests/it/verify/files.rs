//! Damages of files: too short, gone, renamed, copied, from another store or another time.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rvm_core::Rvm;
use rvm_core::rvm_history::verify::FindingKind::{self, *};
use rvm_core::rvm_history::verify::{Severity, VerifyOptions, VerifyReport, verify};
use rvm_core::rvm_log::{LogFile, NewLog, Ring};
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::{FileStorage, Storage};

use super::archives::archived;
use super::specimen::{Planted, Specimen, found, name, open, plant};

fn in_file(what: &str, kind: FindingKind, file: &str) -> Planted {
    Planted { what: what.into(), file: file.into(), within: 0..1 << 40, kind }
}

fn remove(specimen: &Specimen, file: &str) {
    specimen.storage.remove(&name(file)).unwrap();
    specimen.storage.sync_names().unwrap();
}

/// Guards against files whose end is missing, at either place where a length is relied on.
#[test]
fn files_that_are_too_short_are_found() {
    let cut = |file: &'static str, len: usize| {
        move |specimen: &Specimen| specimen.replace(file, &specimen.file(file)[..len])
    };
    plant(&in_file("no second slot", FileTooShort, "a.log"), cut("a.log", 5000));
    plant(&in_file("an empty log", FileTooShort, "a.log"), cut("a.log", 0));
    plant(&in_file("half a ring", FileTooShort, "a.log"), cut("a.log", 20_000));
    plant(&in_file("a segment", FileTooShort, "c.seg"), cut("c.seg", 4095));
    plant(&in_file("a longer ring", FileLonger, "a.log"), |specimen| {
        let mut bytes = specimen.file("a.log");
        bytes.extend([0; 4096]);
        specimen.replace("a.log", &bytes);
    });
}

/// Guards against files that are gone or lie under another name.
#[test]
fn files_that_are_gone_or_renamed_are_found() {
    plant(&in_file("a segment", MissingSegment, "b.log"), |specimen| remove(specimen, "b.seg"));
    plant(&in_file("a log", MissingLog, "c.log"), |specimen| remove(specimen, "a.log"));
    plant(&in_file("a log", NoLog, "a.seg"), |specimen| remove(specimen, "a.log"));
    plant(&in_file("renamed", OtherSegment, "d.log"), |specimen| {
        specimen.replace("d.log", &specimen.file("a.log"));
        specimen.replace("d.seg", &specimen.file("a.seg"));
        remove(specimen, "a.log");
    });
    plant(&in_file("copied", SameIdentity, "d.log"), |specimen| {
        specimen.replace("d.log", &specimen.file("a.log"));
    });
    plant(&in_file("being made", UnfinishedFile, ".d.log.new"), |specimen| {
        specimen.replace(".d.log.new", b"half");
    });
}

/// Guards against a log of another store, of an earlier epoch, and of an earlier moment of the same epoch.
#[test]
fn logs_from_elsewhere_are_found() {
    let foreign = Specimen::on(&SimStorage::new(99)).file("c.log");
    plant(&in_file("foreign", OtherStore, "c.log"), |specimen| specimen.replace("c.log", &foreign));

    // Epoch 1 ends, and then 2; the log of epoch 1 comes back each time.
    let first = Specimen::new();
    let mut storage = first.storage.moment().crash();
    for _ in 0..2 {
        storage = Specimen::on(&storage).storage;
        let mixed = Specimen { storage: storage.moment().crash() };
        mixed.replace("a.log", &first.file("a.log"));
        found(&in_file("an old backup", OlderLog, "a.log"), &mixed.verify());
    }

    let early = SimStorage::new(7);
    open(&early).0.flush().unwrap();
    let early = Specimen { storage: early.moment().crash() }.file("c.log");
    plant(&in_file("earlier", RecordLost, "c.log"), |specimen| specimen.replace("c.log", &early));
}

/// Guards against a ring that was never used and is not what later forces rely on.
#[test]
fn a_fresh_ring_that_is_not_zero_is_found() {
    let (storage, segment) = (SimStorage::new(5), name("a.seg"));
    storage.replace_file(&segment, &[0; 100]).unwrap();
    let ring = Ring::new(32 << 10).unwrap();
    let new = NewLog::first_of_store(&storage, segment.segment(), 100, ring).unwrap();
    LogFile::create(&storage, &new).unwrap();
    let fresh = Specimen { storage };
    assert_eq!(fresh.verify().findings, []);
    fresh.storage.rot(&name("a.log"), 9000, &[1]).unwrap();
    let within = 9000..9001;
    let planted = Planted { within, ..in_file("one byte", ZeroFilling, "a.log") };
    found(&planted, &fresh.verify());
}

/// Guards against an archive that rots unseen: in a frame's header, and in what a frame holds, which only a deep look reads.
#[test]
fn a_damaged_archive_is_found() {
    let Specimen { storage } = archived();
    let mut deep = VerifyOptions::default();
    deep.deep = true;
    let look = |storage: &SimStorage| verify(storage, &deep, &mut |_| ()).unwrap();
    let is_it = |kind| matches!(kind, ArchiveDamaged | ArchiveTorn);
    let (mut found_in, mut shallow_in, mut tried) = (0, 0, 0);
    let whole = look(&storage);
    assert_eq!(whole.at_least(Severity::Warning).count(), 0, "{:?}", whole.findings);
    let archive = storage.read_file(&name("a.arc")).unwrap();
    for at in (8192..archive.len()).step_by(5) {
        let rotted = storage.moment().process_kill();
        rotted.rot(&name("a.arc"), at as u64, &[archive[at] ^ 0x20]).unwrap();
        let finds = |report: VerifyReport| report.findings.iter().any(|found| is_it(found.kind));
        found_in += usize::from(finds(look(&rotted)));
        shallow_in += usize::from(finds(Specimen { storage: rotted }.verify()));
        tried += 1;
    }
    // Padding, and the trailers by which an archive is walked backwards, are read by nobody.
    assert!(found_in * 10 > tried * 8, "{found_in} of {tried}");
    assert!(shallow_in > 0 && found_in > shallow_in, "{shallow_in} without a deep look");
}

/// Guards against links, readers and strangers in a directory, which no storage backend lists.
#[test]
fn what_else_lies_in_a_directory_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let store = Rvm::open(&directory).unwrap();
    store.map("a", 100).unwrap();
    store.map("b", 100).unwrap();
    store.close().unwrap();
    let look = || {
        let storage = FileStorage::read_only(&directory).unwrap();
        let mut options = VerifyOptions::default();
        (options.directory, options.deep) = (Some(directory.clone()), true);
        let mut seen = Vec::new();
        let report = verify(&storage, &options, &mut |progress| seen.push(progress.clone()));
        assert!(seen.iter().all(|progress| progress.done <= progress.total));
        assert!(seen.last().is_some_and(|progress| progress.done == progress.total));
        report.unwrap()
    };
    let report = look();
    assert_eq!(report.findings, []);
    fs::create_dir(directory.join("notes\u{7}.txt")).unwrap();
    fs::set_permissions(directory.join("a.seg"), PermissionsExt::from_mode(0o644)).unwrap();
    fs::rename(directory.join("b.seg"), parent.path().join("b.seg")).unwrap();
    symlink(parent.path().join("b.seg"), directory.join("b.seg")).unwrap();
    let report = look();
    found(&in_file("a stranger", UnknownFile, "notes?.txt"), &report);
    found(&in_file("readable", OpenToOthers, "a.seg"), &report);
    found(&in_file("a link", NotPlain, "b.seg"), &report);
}
