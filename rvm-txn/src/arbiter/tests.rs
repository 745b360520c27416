//! Who gets a segment, and who must wait.

use std::sync::mpsc;

use super::*;

fn arbiter() -> (Arbiter<u32>, Slot, Slot) {
    let arbiter = Arbiter::default();
    let add = |name| arbiter.add(&SegmentName::new(name).unwrap());
    let (a, b) = (add("a"), add("b"));
    (arbiter, a, b)
}

/// Waits until `count` requests are queued.
fn until_queued(arbiter: &Arbiter<u32>, count: usize) {
    while arbiter.state.lock().queue.len() < count {
        std::thread::yield_now();
    }
}

/// Guards against a request that is served before an earlier one that wants the same segment.
#[test]
fn first_come_first_served() {
    let (arbiter, a, b) = arbiter();
    let arbiter = &arbiter;
    let me = ThreadKey::current();
    arbiter.acquire(&[a], Mode::Exclusive, Wait::No).unwrap();
    let (served, order) = mpsc::channel();
    std::thread::scope(|scope| {
        for number in 0..4_usize {
            let served = served.clone();
            // Every other one wants both segments, so b is free but promised to an earlier one.
            let slots: &[Slot] = if number % 2 == 0 { &[a, b] } else { &[b] };
            let slots = slots.to_vec();
            scope.spawn(move || {
                arbiter.acquire(&slots, Mode::Exclusive, Wait::Forever).unwrap();
                served.send(number).unwrap();
                arbiter.release(&slots, Mode::Exclusive, ThreadKey::current(), std::iter::empty());
            });
            until_queued(arbiter, number + 1);
        }
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let refused = arbiter.acquire(&[b], Mode::Exclusive, Wait::No);
                assert!(matches!(refused, Err(Refusal::Busy(Error::Busy { .. }))));
            });
        });
        arbiter.release(&[a], Mode::Exclusive, me, std::iter::empty());
    });
    drop(served);
    assert_eq!(order.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

/// Guards against a writer that starves behind readers that keep coming.
#[test]
fn a_reader_does_not_overtake_a_waiting_writer() {
    let (arbiter, a, _) = arbiter();
    let arbiter = &arbiter;
    arbiter.acquire(&[a], Mode::Shared, Wait::No).unwrap();
    let me = ThreadKey::current();
    let (served, order) = mpsc::channel();
    std::thread::scope(|scope| {
        for (number, mode) in [Mode::Exclusive, Mode::Shared, Mode::Shared].into_iter().enumerate()
        {
            let served = served.clone();
            scope.spawn(move || {
                arbiter.acquire(&[a], mode, Wait::Forever).unwrap();
                served.send(mode).unwrap();
                arbiter.release(&[a], mode, ThreadKey::current(), std::iter::empty());
            });
            until_queued(arbiter, number + 1);
        }
        arbiter.release(&[a], Mode::Shared, me, std::iter::empty());
    });
    drop(served);
    assert_eq!(order.iter().next(), Some(Mode::Exclusive));
}

/// Guards against a request that keeps a part of what it wants while it waits, or after it gave up.
#[test]
fn a_request_that_waits_or_gives_up_holds_nothing() {
    let (arbiter, a, b) = arbiter();
    let arbiter = &arbiter;
    arbiter.acquire(&[a], Mode::Exclusive, Wait::No).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let limit = Wait::AtMost(Duration::from_millis(1));
            let refused = arbiter.acquire(&[b, a], Mode::Exclusive, limit);
            let Err(Refusal::Busy(Error::Busy { segment, .. })) = refused else { panic!() };
            assert_eq!(segment, "a");
        });
    });
    arbiter.acquire(&[b], Mode::Exclusive, Wait::No).unwrap();
    assert!(arbiter.state.lock().queue.is_empty());
}

/// Guards against a thread that is told to wait for itself in a longer cycle: three threads, three segments.
#[test]
fn a_cycle_over_three_threads_is_found() {
    let (arbiter, a, b) = arbiter();
    let c = arbiter.add(&SegmentName::new("c").unwrap());
    let arbiter = &arbiter;
    arbiter.acquire(&[a], Mode::Shared, Wait::No).unwrap();
    let me = ThreadKey::current();
    std::thread::scope(|scope| {
        for (number, (held, wanted)) in [(b, a), (c, b)].into_iter().enumerate() {
            scope.spawn(move || {
                let thread = ThreadKey::current();
                arbiter.acquire(&[held], Mode::Shared, Wait::No).unwrap();
                arbiter.acquire(&[wanted], Mode::Exclusive, Wait::Forever).unwrap();
                arbiter.release(&[wanted], Mode::Exclusive, thread, std::iter::empty());
                arbiter.release(&[held], Mode::Shared, thread, std::iter::empty());
            });
            until_queued(arbiter, number + 1);
        }
        let refused = arbiter.acquire(&[c], Mode::Exclusive, Wait::Forever);
        assert!(matches!(refused, Err(Refusal::Busy(Error::WouldDeadlock { .. }))));
        arbiter.release(&[a], Mode::Shared, me, std::iter::empty());
    });
}

/// Guards against a handle of a segment that is gone, whose place another one has taken.
#[test]
fn a_removed_slot_is_not_the_one_that_takes_its_place() {
    let (arbiter, a, _) = arbiter();
    arbiter.acquire(&[a], Mode::Shared, Wait::No).unwrap();
    assert!(matches!(arbiter.remove(a), Err(Error::Busy { .. })));
    arbiter.release(&[a], Mode::Shared, ThreadKey::current(), std::iter::empty());
    arbiter.remove(a).unwrap();
    let new = arbiter.add(&SegmentName::new("new").unwrap());
    assert!(matches!(arbiter.acquire(&[a], Mode::Shared, Wait::No), Err(Refusal::Gone(_))));
    arbiter.acquire(&[new], Mode::Shared, Wait::No).unwrap();
}

/// Guards against what a transaction left going to a reader's successor, to another segment, or to whoever has the place later.
#[test]
fn what_is_left_goes_to_the_next_transaction_only() {
    let (arbiter, a, b) = arbiter();
    let me = ThreadKey::current();
    let take = |slots: &[Slot]| arbiter.acquire(slots, Mode::Exclusive, Wait::No).unwrap();
    let leave = |slots: &[Slot], left: &[u32]| {
        arbiter.release(slots, Mode::Exclusive, me, left.iter().copied());
    };
    assert_eq!(take(&[a, b]).as_slice(), [None, None]);
    leave(&[a, b], &[1, 2]);
    assert_eq!(take(&[b, a]).as_slice(), [Some(2), Some(1)]);
    leave(&[b, a], &[3]);
    assert_eq!(take(&[a, b]).as_slice(), [None, Some(3)]);
    leave(&[a, b], &[4, 5]);

    assert!(arbiter.acquire(&[a], Mode::Shared, Wait::No).unwrap().is_empty());
    arbiter.release(&[a], Mode::Shared, me, std::iter::empty());
    assert_eq!(take(&[a, b]).as_slice(), [None, Some(5)], "the reader threw it away");
    leave(&[a, b], &[6, 7]);

    arbiter.remove(b).unwrap();
    let new = arbiter.add(&SegmentName::new("new").unwrap());
    assert_eq!(take(&[new, a]).as_slice(), [None, Some(6)]);
}
