//! Every store really stores what the bank drew.

use super::*;

const LEN: u64 = 256 << 10;

/// Guards against a store that is fast because it does something else, or forgets it.
#[test]
fn what_was_committed_is_there_also_after_a_kill() {
    for store in STORES {
        for mode in [Mode::Durable, Mode::Lazy, Mode::Grouped] {
            let context = format!("{} {mode:?}", store.name);
            let dir = tempfile::tempdir().unwrap();
            let setting = Setting { len: LEN, mode };
            let peer = (store.open)(dir.path(), setting).unwrap();
            peer.load().unwrap();
            let mut bank = Bank::over(LEN, Pattern::Random);
            let mut expected = vec![1; usize::try_from(LEN).unwrap()];
            for number in 1..=300 {
                let change = bank.draw();
                change.store_into(&mut expected);
                peer.commit(&change).unwrap();
                if number % 64 == 0 {
                    peer.flush().unwrap();
                }
            }
            peer.flush().unwrap();
            check(&*peer, &expected, &context);
            if store.is_reopened && mode != Mode::Lazy {
                let copy = copy_as_killed(dir.path()).unwrap();
                let killed = (store.open)(copy.path(), setting).unwrap();
                check(&*killed, &expected, &format!("{context}, killed"));
            }
        }
    }
}

/// Guards against threads that lose each other's changes.
#[test]
fn threads_commit_all_that_they_draw() {
    const THREADS: usize = 4;
    let mut bank = Bank::over(LEN, Pattern::Random);
    let changes: Vec<_> = (0..80).map(|_| bank.draw()).collect();
    for store in STORES {
        let dir = tempfile::tempdir().unwrap();
        let peer = (store.open)(dir.path(), Setting { len: LEN, mode: Mode::Durable }).unwrap();
        peer.load().unwrap();
        crate::threads::all_at_once(THREADS, |number| {
            let mut own = changes.iter().skip(number).step_by(THREADS);
            own.try_for_each(|change| peer.commit(change))
        })
        .unwrap();
        // Accounts may be drawn twice, audit records are not.
        for change in &changes {
            let [.., (offset, note)] = change.stores();
            let found = peer.read(Item::Audit(keys::audit(offset))).unwrap();
            assert_eq!(found, note, "{}: at {offset}", store.name);
        }
    }
}

fn check(peer: &dyn Peer, expected: &[u8], context: &str) {
    let (accounts, audits) = Setting { len: LEN, mode: Mode::Lazy }.numbers();
    let all = accounts.map(Item::Account).chain(audits.map(Item::Audit));
    for item in all {
        let found = peer.read(item).unwrap();
        assert_eq!(Some(&*found), item.of(expected), "{context}: {item:?}");
    }
    assert!(peer.read(Item::Account(LEN)).is_err(), "{context}");
}
