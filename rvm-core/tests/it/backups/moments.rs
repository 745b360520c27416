//! Commits and truncations at chosen moments of a backup.

use rvm_core::rvm_history::backup::{BackupPlan, backup};
use rvm_core::rvm_history::observer::{Observer, Stage};
use rvm_core::rvm_storage::FileStorage;
use rvm_core::{Rvm, Segment};

use super::restored;

/// Long enough for several looks at the log while it is copied.
const LEN: u64 = 4 << 20;

/// What is done at each step of the copying, from the first on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Commit(u64),
    Fold,
}

#[derive(Debug)]
struct Acting<'a> {
    rvm: &'a Rvm,
    segment: &'a Segment,
    acts: Vec<Vec<Act>>,
}

impl Acting<'_> {
    fn act(&self, act: Act) {
        match act {
            Act::Fold => drop(self.rvm.truncate_log().unwrap()),
            Act::Commit(offset) => {
                let mut txn = self.rvm.begin(&[self.segment]).unwrap();
                txn.write(self.segment, offset, b"new").unwrap();
                txn.commit().unwrap();
            }
        }
    }
}

impl Observer for Acting<'_> {
    fn advanced(&mut self, stage: Stage, _done: u64, _total: u64) -> bool {
        if stage == Stage::Copying && !self.acts.is_empty() {
            let acts = self.acts.remove(0);
            for act in acts {
                self.act(act);
            }
        }
        true
    }
}

/// Guards against a chunk that is read before a record is folded into it, and not again: one that was in the log at the beginning, or came since; by
/// itself, or with a later one behind it that is in the log to the end.
#[test]
fn what_is_folded_while_a_segment_is_copied_is_in_the_copy() {
    use Act::{Commit, Fold};
    for (before, acts) in [
        (vec![Commit(8)], vec![vec![Fold]]),
        (vec![Commit(8)], vec![vec![Fold, Commit(80)]]),
        (vec![], vec![vec![Commit(8)], vec![Fold, Commit(80)]]),
        (vec![Commit(8)], vec![vec![Commit(80)], vec![Fold], vec![Commit(160)]]),
        (vec![], vec![vec![Commit(8), Fold], vec![Commit(80)]]),
        (vec![Commit(8)], vec![vec![Commit(LEN - 3)], vec![Fold]]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let rvm = Rvm::options().background(false).open(dir.path().join("store")).unwrap();
        let segment = rvm.map("s", LEN).unwrap();
        // There are no holes to skip.
        let mut txn = rvm.begin(&[&segment]).unwrap();
        txn.about_to_modify(&segment, 0..LEN).unwrap().fill(1);
        txn.commit().unwrap();
        rvm.truncate_log().unwrap();
        let mut acting = Acting { rvm: &rvm, segment: &segment, acts: acts.clone() };
        for act in &before {
            acting.act(*act);
        }
        let (storage, to) =
            (FileStorage::read_only(dir.path().join("store")).unwrap(), dir.path().join("b"));
        backup(&storage, &to, &BackupPlan::default(), &mut acting).unwrap();
        assert_eq!(acting.acts, [] as [Vec<Act>; 0], "too few steps");
        let same = restored(&to).unwrap()["s.seg"] == segment.read().unwrap()[..];
        assert!(same, "{before:?}, {acts:?}");
    }
}
