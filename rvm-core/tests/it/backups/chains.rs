//! Chains of backups: what each stores, and what a chain is that lacks a link.

use std::fs;
use std::path::PathBuf;

use rvm_core::Rvm;
use rvm_core::rvm_history::backup::{BackupPlan, plan_backup, verify_backup};
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::observer::{Observer, Stage, Unobserved};
use rvm_core::rvm_history::{backup::backup, restore::restore};
use rvm_core::rvm_storage::FileStorage;
use tempfile::TempDir;

use super::{back_up, files, put, restored, write};

/// A store with a full backup and two that build on it, each of another state; returns the states.
struct Chain {
    dir: TempDir,
    rvm: Rvm,
}

impl Chain {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rvm = Rvm::open(dir.path().join("store")).unwrap();
        for (name, len) in [("changed", 1 << 20), ("idle", 300_000)] {
            rvm.unmap(&rvm.map(name, len).unwrap()).unwrap();
        }
        Self { dir, rvm }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn back_up(&self, to: &str, since: Option<&str>) -> Result<Vec<(u64, u64)>, CopyError> {
        let since = since.map(|name| self.path(name));
        let report = back_up(&self.path("store"), &self.path(to), since.as_deref())?;
        Ok(report.segments.iter().map(|segment| (segment.len, segment.chunks)).collect())
    }

    fn content(&self, name: &str) -> Vec<u8> {
        let segment = self.rvm.map(name, 1).unwrap();
        let content = segment.read().unwrap().to_vec();
        self.rvm.unmap(&segment).unwrap();
        content
    }
}

/// Guards against chunks that are stored though nothing changed, against changes that a chain forgets, and against bases that are needed and not
/// followed: with records that are in the log, behind a truncation, behind a recovery, for segments that grew, went and came.
#[test]
fn each_backup_stores_what_changed_and_the_chain_restores_to_each_state() {
    let chain = Chain::new();
    let mut states = Vec::new();
    let mut step = |since: Option<&str>, to: &str, expected: &[(u64, u64)]| {
        assert_eq!(chain.back_up(to, since).unwrap(), expected, "{to}");
        let names = chain.rvm.segments().unwrap();
        let state: Vec<_> = names
            .iter()
            .map(|info| (format!("{}.seg", info.name), chain.content(&info.name)))
            .collect();
        states.push((chain.path(to), state));
    };
    write(&chain.rvm, "changed", 100_000, &vec![1; 200_000]);
    write(&chain.rvm, "idle", 299_999, &[2]);
    step(None, "full", &[(1 << 20, 4), (300_000, 1)]);
    step(Some("full"), "nothing", &[(1 << 20, 0), (300_000, 0)]);
    write(&chain.rvm, "changed", 65_536, &[3]);
    step(Some("nothing"), "by-records", &[(1 << 20, 1), (300_000, 0)]);
    // The log has nothing any more, so all of the segment is compared.
    write(&chain.rvm, "changed", 1_000_000, &[4]);
    chain.rvm.truncate_log().unwrap();
    step(Some("by-records"), "by-hashes", &[(1 << 20, 1), (300_000, 0)]);
    // A chunk of zeros, and one that is as it was.
    write(&chain.rvm, "changed", 131_072, &vec![0; 65_536]);
    write(&chain.rvm, "changed", 65_536, &[3]);
    step(Some("by-hashes"), "zeros", &[(1 << 20, 1), (300_000, 0)]);
    // The last chunk has other bytes if it has more.
    chain.rvm.unmap(&chain.rvm.map("idle", 500_000).unwrap()).unwrap();
    write(&chain.rvm, "idle", 499_999, &[5]);
    step(Some("zeros"), "grown", &[(1 << 20, 0), (500_000, 2)]);
    chain.rvm.destroy("changed").unwrap();
    chain.rvm.unmap(&chain.rvm.map("changed", 70_000).unwrap()).unwrap();
    write(&chain.rvm, "changed", 69_999, &[6]);
    step(Some("grown"), "made-again", &[(70_000, 1), (500_000, 0)]);
    chain.rvm.destroy("changed").unwrap();
    step(Some("made-again"), "gone", &[(500_000, 0)]);
    for (backup, state) in states {
        let found: Vec<_> = restored(&backup).unwrap().into_iter().collect();
        assert!(found == state, "{}", backup.display());
        verify_backup(&backup, &mut Unobserved).unwrap();
    }
}

/// Guards against a log that is taken for another one of the same segment since it is as long: what came before the base's position would be missed.
#[test]
fn a_segment_that_was_made_again_alike_is_told_from_the_old_one() {
    let chain = Chain::new();
    write(&chain.rvm, "changed", 0, &[1]);
    chain.back_up("full", None).unwrap();
    chain.rvm.destroy("changed").unwrap();
    chain.rvm.unmap(&chain.rvm.map("changed", 1 << 20).unwrap()).unwrap();
    write(&chain.rvm, "changed", 70_000, &[2]);
    write(&chain.rvm, "changed", 140_000, &[3]);
    chain.back_up("next", Some("full")).unwrap();
    assert!(restored(&chain.path("next")).unwrap()["changed.seg"] == chain.content("changed"));
}

/// Guards against a crash's recovery, which cuts the log, that an incremental backup does not notice.
#[test]
fn a_chain_goes_on_behind_a_recovery_and_a_clean_end() {
    let chain = Chain::new();
    write(&chain.rvm, "changed", 0, &[1]);
    chain.back_up("full", None).unwrap();
    write(&chain.rvm, "changed", 70_000, &[2]);
    // The files as a crash leaves them.
    let crashed = chain.path("crashed");
    fs::create_dir(&crashed).unwrap();
    for (name, content) in files(&chain.path("store")) {
        put(&crashed.join(name), content);
    }
    let full = chain.path("full");
    let report = back_up(&crashed, &chain.path("crash"), Some(&full)).unwrap();
    assert_eq!(report.segments[0].chunks, 1);
    assert_eq!(restored(&chain.path("crash")).unwrap()["changed.seg"][70_000], 2);
    let rvm = Rvm::open(&crashed).unwrap();
    write(&rvm, "changed", 140_000, &[3]);
    rvm.close().unwrap();
    let report = back_up(&crashed, &chain.path("next"), Some(&chain.path("crash"))).unwrap();
    assert_eq!(report.segments[0].chunks, 1);
    assert_eq!(restored(&chain.path("next")).unwrap()["changed.seg"][140_000], 3);
}

/// Guards against a chain that restores with a link missing, replaced or of another store, and against errors that do not name it.
#[test]
fn a_chain_with_a_wrong_link_is_refused_by_name() {
    let chain = Chain::new();
    write(&chain.rvm, "changed", 0, &[1]);
    chain.back_up("full", None).unwrap();
    write(&chain.rvm, "changed", 0, &[2]);
    chain.back_up("next", Some("full")).unwrap();
    chain.back_up("other", None).unwrap();
    fs::rename(chain.path("full"), chain.path("away")).unwrap();
    let error = restored(&chain.path("next")).unwrap_err();
    assert!(matches!(&error, CopyError::BaseMissing { base, .. } if base == "full"), "{error}");
    fs::rename(chain.path("other"), chain.path("full")).unwrap();
    let error = verify_backup(&chain.path("next"), &mut Unobserved).unwrap_err();
    assert!(
        matches!(&error, CopyError::BaseForeign { base, .. } if base.ends_with("/full")),
        "{error}"
    );
    let other = chain.path("other-store");
    Rvm::open(&other).unwrap().map("changed", 8).unwrap();
    let error = back_up(&other, &chain.path("mixed"), Some(&chain.path("away"))).unwrap_err();
    assert!(matches!(error, CopyError::OtherStore { .. }), "{error}");
    assert!(!chain.path("mixed").exists());
    // Both moved together find each other.
    fs::create_dir(chain.path("elsewhere")).unwrap();
    fs::rename(chain.path("away"), chain.path("elsewhere/full")).unwrap();
    fs::rename(chain.path("next"), chain.path("elsewhere/next")).unwrap();
    assert_eq!(restored(&chain.path("elsewhere/next")).unwrap()["changed.seg"][0], 2);
}

/// Ends the work at the n-th step.
#[derive(Debug)]
struct EndsAt(usize);

impl Observer for EndsAt {
    fn advanced(&mut self, _stage: Stage, _done: u64, _total: u64) -> bool {
        self.0 = self.0.wrapping_sub(1);
        self.0 != usize::MAX
    }
}

/// Guards against half a backup, or half a store, that passes for whole; and against what an interrupted one leaves in the way.
#[test]
fn whatever_is_interrupted_leaves_nothing_and_can_be_done_again() {
    let chain = Chain::new();
    write(&chain.rvm, "changed", 0, &vec![1; 300_000]);
    let before = files(&chain.path("store"));
    let storage = FileStorage::read_only(chain.path("store")).unwrap();
    // What a killed process leaves.
    let left = chain.path("b.unfinished");
    fs::create_dir(&left).unwrap();
    put(&left.join("changed.dat"), "half");
    put(&left.join("manifest.json"), "half");
    let mut steps = 0;
    while backup(&storage, &chain.path("b"), &BackupPlan::default(), &mut EndsAt(steps)).is_err() {
        assert!(!chain.path("b").exists() && !left.exists());
        steps += 1;
    }
    assert!(steps > 2);
    assert!(!left.exists());
    let mut steps = 0;
    while restore(&chain.path("b"), &chain.path("r"), &mut EndsAt(steps)).is_err() {
        assert!(!chain.path("r").exists() && !chain.path("r.unfinished").exists());
        steps += 1;
    }
    assert!(steps > 2);
    assert_eq!(files(&chain.path("store")), before);
    assert_eq!(files(&chain.path("r"))["changed.seg"], chain.content("changed"));
}

/// Guards against files that are written over or removed, and against a backup whose name somebody else uses.
#[test]
fn nothing_is_written_over() {
    let chain = Chain::new();
    chain.back_up("b", None).unwrap();
    let made = files(&chain.path("b"));
    assert!(matches!(chain.back_up("b", None), Err(CopyError::Exists { .. })));
    assert!(matches!(chain.back_up("store", None), Err(CopyError::Exists { .. })));
    let storage = FileStorage::read_only(chain.path("store")).unwrap();
    let planned = plan_backup(&storage, &chain.path("b"), &BackupPlan::default());
    assert!(matches!(planned, Err(CopyError::Exists { .. })));
    let error = restore(&chain.path("b"), &chain.path("store"), &mut Unobserved).unwrap_err();
    assert!(matches!(error, CopyError::NotEmpty { .. }), "{error}");
    fs::create_dir(chain.path("c.unfinished")).unwrap();
    put(&chain.path("c.unfinished/mine.txt"), "mine");
    assert!(matches!(chain.back_up("c", None), Err(CopyError::NotEmpty { .. })));
    assert!(chain.path("c.unfinished/mine.txt").exists());
    fs::create_dir(chain.path("empty")).unwrap();
    restore(&chain.path("b"), &chain.path("empty"), &mut Unobserved).unwrap();
    assert!(matches!(
        verify_backup(&chain.path("empty"), &mut Unobserved),
        Err(CopyError::NoBackup { .. })
    ));
    assert_eq!(files(&chain.path("b")), made);
}

/// Guards against a plan that writes, or that says less than is read.
#[test]
fn a_plan_tells_what_would_be_read_and_writes_nothing() {
    let chain = Chain::new();
    write(&chain.rvm, "changed", 0, &[1]);
    chain.back_up("full", None).unwrap();
    write(&chain.rvm, "changed", 0, &[2]);
    let storage = FileStorage::read_only(chain.path("store")).unwrap();
    let before = chain.dir.path().read_dir().unwrap().count();
    let mut plan = BackupPlan::default();
    plan.since = Some(chain.path("full"));
    let planned = plan_backup(&storage, &chain.path("next"), &plan).unwrap();
    let chunks: Vec<u64> = planned.segments.iter().map(|segment| segment.chunks).collect();
    assert_eq!((chunks, planned.id), (vec![1, 0], None));
    assert_eq!(chain.dir.path().read_dir().unwrap().count(), before);
}

/// Guards against a store without segments, or with empty ones, that cannot be backed up; and against one that was never mapped.
#[test]
fn empty_and_adopted_segments_are_backed_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    Rvm::open(&store).unwrap().close().unwrap();
    back_up(&store, &dir.path().join("none"), None).unwrap();
    assert!(restored(&dir.path().join("none")).unwrap().is_empty());
    put(&store.join("empty.seg"), "");
    put(&store.join("text.seg"), "text");
    back_up(&store, &dir.path().join("some"), Some(&dir.path().join("none"))).unwrap();
    let found = restored(&dir.path().join("some")).unwrap();
    assert_eq!((&found["empty.seg"][..], &found["text.seg"][..]), (&b""[..], &b"text"[..]));
}

/// Guards against a last chunk that stays as long as it was when its segment grows and no record touches it.
#[test]
fn a_segment_that_grew_and_was_never_folded_is_restored_whole() {
    let dir = tempfile::tempdir().unwrap();
    let [store, full, next] = ["store", "full", "next"].map(|name| dir.path().join(name));
    let rvm = Rvm::open(&store).unwrap();
    put(&store.join("copied.seg"), vec![7; 100_000]);
    rvm.unmap(&rvm.map("copied", 1).unwrap()).unwrap();
    back_up(&store, &full, None).unwrap();
    let grown = rvm.map("copied", 200_000).unwrap();
    back_up(&store, &next, Some(&full)).unwrap();
    assert_eq!(restored(&next).unwrap()["copied.seg"], *grown.read().unwrap());
}
