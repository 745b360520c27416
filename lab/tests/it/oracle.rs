//! The judge: every promise broken by hand, and what must not count as broken.

use lab::oracle::{
    Event, Found, History, Kept, Kind, SegmentFound, SegmentSet, TxnNo, TxnSet, Violation, judge,
};

/// A commit that wrote some segments and read none.
fn commit<const N: usize>(txn: u32, wrote: [usize; N]) -> Event {
    commit_reading(txn, wrote, [])
}

fn commit_reading<const N: usize, const M: usize>(
    txn: u32,
    wrote: [usize; N],
    read: [usize; M],
) -> Event {
    Event::Committing { txn: TxnNo(txn), wrote: wrote.into(), read: read.into() }
}

fn acknowledged(txn: u32) -> Event {
    Event::Acknowledged(TxnNo(txn))
}

fn recovered<const N: usize>(kept: [u32; N]) -> Event {
    Event::Recovered(Kept(set(&kept)))
}

fn set(txns: &[u32]) -> TxnSet {
    txns.iter().copied().map(TxnNo).collect()
}

/// For each segment the transactions whose marks are there, the last writer last.
fn found<const N: usize>(segments: [&[u32]; N]) -> Found {
    let segment = |marks: &&[u32]| SegmentFound {
        present: set(marks),
        last: marks.last().copied().map(TxnNo),
    };
    Found { segments: segments.iter().map(segment).collect() }
}

fn kept(events: &[Event], found: &Found) -> Vec<u32> {
    let kept = judge(events, found).unwrap_or_else(|violation| panic!("{violation}"));
    kept.0.iter().map(|txn| txn.0).collect()
}

/// Asserts which promise is found broken, and in which words.
fn assert_broken(events: &[Event], found: &Found, kind: Kind, text: &str) {
    let violation = judge(events, found).unwrap_err();
    assert_eq!((violation.kind(), violation.to_string().as_str()), (kind, text));
}

/// Guards against a judge that wants more than was promised: what was not acknowledged may be there or not.
#[test]
fn what_is_not_acknowledged_may_survive_or_not() {
    let events = [commit(1, [0, 1]), acknowledged(1), commit(2, [0, 1])];
    assert_eq!(kept(&events, &found([&[1], &[1]])), [1]);
    assert_eq!(kept(&events, &found([&[1, 2], &[1, 2]])), [1, 2]);
    assert_eq!(kept(&events[..1], &found([&[], &[]])), [0_u32; 0]);
}

/// Guards against a transaction of which a part survives.
#[test]
fn a_part_of_a_transaction_is_noticed() {
    let events = [commit(1, [0, 2])];
    let text = "transaction 1 is in 1 of the 2 segments that it wrote";
    assert_broken(&events, &found([&[1], &[], &[]]), Kind::Atomicity, text);
    assert_broken(&events, &found([&[], &[], &[1]]), Kind::Atomicity, text);
    // A segment that is not there at all has no marks.
    assert_broken(&events, &found([&[1]]), Kind::Atomicity, text);
}

/// Guards against an acknowledged transaction that is gone, however it was acknowledged; but not before it was.
#[test]
fn a_lost_acknowledged_transaction_is_noticed() {
    let nothing = found([&[], &[]]);
    let text = "transaction 1 was acknowledged and is lost";
    let events = [commit(1, [0, 1]), acknowledged(1)];
    assert_broken(&events, &nothing, Kind::AcknowledgedLost, text);
    let events = [commit(1, [0]), commit(2, [1]), Event::AcknowledgedAll, commit(3, [0])];
    assert_broken(&events, &nothing, Kind::AcknowledgedLost, text);
    assert_eq!(kept(&events[..2], &nothing), [0_u32; 0]);
    assert_eq!(kept(&events, &found([&[1], &[2]])), [1, 2]);
}

/// Guards against a flush that is taken to acknowledge what was aborted, or what a recovery had dropped before.
#[test]
fn a_flush_acknowledges_what_there_is() {
    let events = [
        commit(1, [0]),
        recovered([]),
        commit(2, [0]),
        Event::Aborted(TxnNo(2)),
        commit(3, [0]),
        Event::AcknowledgedAll,
    ];
    assert_eq!(kept(&events, &found([&[3]])), [3]);
    let text = "transaction 3 was acknowledged and is lost";
    assert_broken(&events, &found([&[]]), Kind::AcknowledgedLost, text);
}

/// Guards against what was aborted and shows up after a crash, whether its commit was tried or not.
#[test]
fn an_aborted_transaction_is_noticed() {
    let text = "transaction 2 was aborted and is in segment 1";
    let aborted = Event::Aborted(TxnNo(2));
    let found = found([&[1], &[2]]);
    assert_broken(&[commit(1, [0]), aborted.clone()], &found, Kind::AbortedAppeared, text);
    let events = [commit(1, [0]), commit(2, [1]), aborted];
    assert_broken(&events, &found, Kind::AbortedAppeared, text);
}

/// Guards against a transaction that survives one that came before it in the same segment.
#[test]
fn a_lost_predecessor_is_noticed() {
    let events = [commit(1, [0]), commit(2, [1]), commit(3, [0, 1])];
    let text = "transaction 3 is kept in segment 1, behind transaction 2, which is lost";
    assert_broken(&events, &found([&[1, 3], &[3]]), Kind::Prefix, text);
}

/// Guards against a judge that takes for predecessors what was aborted, or dropped by an earlier recovery.
#[test]
fn what_is_gone_for_good_is_nobodys_predecessor() {
    let events = [commit(1, [0]), recovered([]), commit(2, [0])];
    assert_eq!(kept(&events, &found([&[2]])), [2]);
    let events = [commit(1, [0]), Event::Aborted(TxnNo(1)), commit_reading(2, [1], [0])];
    assert_eq!(kept(&events, &found([&[], &[2]])), [2]);
    // Nor does it hide one.
    let events = [commit(1, [0, 1]), recovered([]), commit(2, [1]), commit(3, [0, 1])];
    let text = "transaction 3 is kept in segment 1, behind transaction 2, which is lost";
    assert_broken(&events, &found([&[3], &[3]]), Kind::Prefix, text);
}

/// Guards against records that are applied in another order than they were committed in.
#[test]
fn a_wrong_last_writer_is_noticed() {
    let events = [commit(1, [0]), commit(2, [0])];
    let text = "segment 0 was last written by transaction 1, not by transaction 2";
    assert_broken(&events, &found([&[2, 1]]), Kind::Order, text);
    let mut cell_only = found([&[]]);
    cell_only.segments[0].last = Some(TxnNo(2));
    let text = "segment 0 was last written by transaction 2, not by nobody";
    assert_broken(&events, &cell_only, Kind::Order, text);
}

/// Guards against a recovery that decides anew what an earlier one had decided, either way.
#[test]
fn a_changed_verdict_is_noticed() {
    let text = "transaction 1 was kept by an earlier recovery and is dropped by this one";
    assert_broken(&[commit(1, [0]), recovered([1])], &found([&[]]), Kind::Flip, text);
    let text = "transaction 1 was dropped by an earlier recovery and is kept by this one";
    assert_broken(&[commit(1, [0]), recovered([])], &found([&[1]]), Kind::Flip, text);
}

/// Guards against a transaction that survives what it read, even if it wrote nothing and was only told that all it saw is durable.
#[test]
fn a_lost_read_is_noticed() {
    let text = "transaction 2 is kept, but transaction 1, which it read, is lost";
    let events = [commit(1, [0]), commit_reading(2, [1], [0]), commit(3, [0])];
    assert_broken(&events, &found([&[], &[2]]), Kind::ReadDependency, text);
    assert_eq!(kept(&events, &found([&[1], &[2]])), [1, 2]);

    let reader = [commit(1, [0]), commit_reading(2, [], [0, 1]), acknowledged(2)];
    assert_broken(&reader, &found([&[], &[]]), Kind::ReadDependency, text);
    assert_eq!(kept(&reader[..2], &found([&[], &[]])), [0_u32; 0]);
}

/// Guards against marks that no commit left, of strangers or in segments that their transaction did not write.
#[test]
fn a_phantom_is_noticed() {
    let events = [commit(1, [0])];
    let text = "transaction 9 is in segment 0, where it never committed anything";
    assert_broken(&events, &found([&[1, 9]]), Kind::Phantom, text);
    let text = "transaction 1 is in segment 1, where it never committed anything";
    assert_broken(&events, &found([&[1], &[1]]), Kind::Phantom, text);
}

/// Guards against a history that, advanced event by event, judges otherwise than the events at once.
#[test]
fn a_history_can_be_judged_at_every_event() {
    let events = [
        commit(1, [0]),
        acknowledged(1),
        commit(2, [0]),
        recovered([1]),
        commit(3, [0]),
        Event::AcknowledgedAll,
    ];
    let states = [found([&[]]), found([&[1]]), found([&[1, 2]]), found([&[1, 3]])];
    let mut history = History::new();
    let mut good = Vec::new();
    for count in 0..=events.len() {
        for (number, state) in states.iter().enumerate() {
            let verdict = history.judge(state);
            assert_eq!(verdict, judge(&events[..count], state));
            good.extend(verdict.ok().map(|_| (count, number)));
        }
        events.get(count).into_iter().for_each(|event| history.advance(event));
    }
    let expected = [(0, 0), (1, 0), (1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (5, 1), (5, 3), (6, 3)];
    assert_eq!(good, expected);
}

/// Guards against sets that fail behind their first word, or at its edge.
#[test]
fn sets_hold_what_was_put_into_them() {
    let txns = [0, 63, 64, 127, 128, 200];
    let all = set(&txns);
    assert_eq!(all.iter().map(|txn| txn.0).collect::<Vec<_>>(), txns);
    assert_eq!(all.len(), txns.len());
    assert!(!all.contains(TxnNo(65)) && !all.contains(TxnNo(1_000)));
    assert!(TxnSet::new().is_empty() && !all.is_empty());
    assert_eq!(all.first_common(&set(&[1, 128, 200])), Some(TxnNo(128)));
    assert_eq!(all.first_common(&set(&[1, 129])), None);

    let segments = SegmentSet::from([0, 5, 63]);
    assert_eq!(segments.iter().collect::<Vec<_>>(), [0, 5, 63]);
    assert!(segments.contains(63) && !segments.contains(64) && !segments.contains(1));
    assert_eq!(segments.intersection([5, 6].into()), [5].into());
    assert_eq!(segments.union([6].into()).len(), 4);
}

/// Guards against a violation that has no kind of its own to be counted by.
#[test]
fn kinds_have_names_of_their_own() {
    let violation = Violation::AcknowledgedLost { txn: TxnNo(7) };
    assert_eq!(violation.kind().to_string(), "acknowledged lost");
    assert_eq!(Kind::AbortedAppeared.to_string(), "aborted appeared");
}
