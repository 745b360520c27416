//! Judges a history: what each transaction and each view found.

use std::collections::{BTreeMap, BTreeSet};

/// A transaction that may have taken effect, or a view, which wrote nothing.
#[derive(Default)]
pub(super) struct Event {
    pub(super) number: u64,
    /// The last writer before it, for each of its segments; 0 if there was none.
    pub(super) found: BTreeMap<usize, u64>,
    pub(super) written: BTreeSet<usize>,
    pub(super) lazy: bool,
    /// Nothing that it wrote or found can be lost.
    pub(super) promised: bool,
    /// Lazy commits that it found can be lost all the same.
    pub(super) is_view: bool,
}

pub(super) struct History {
    events: BTreeMap<u64, Event>,
    /// The writers of each segment, in order, behind a 0.
    orders: Vec<Vec<u64>>,
    /// Where each stands there.
    places: Vec<BTreeMap<u64, usize>>,
}

impl History {
    /// Fails if the writers of a segment have no order, or if those of all segments contradict each other.
    pub(super) fn of(events: Vec<Event>, segments: usize) -> Self {
        let orders: Vec<Vec<u64>> = (0..segments).map(|i| order(&events, i)).collect();
        let place = |order: &Vec<u64>| order.iter().copied().zip(0..).collect();
        let places = orders.iter().map(place).collect();
        let events = events.into_iter().map(|event| (event.number, event)).collect();
        let history = Self { events, orders, places };
        history.check_no_cycle();
        history
    }

    pub(super) fn order(&self, segment: usize) -> &[u64] {
        &self.orders[segment][1..]
    }

    /// What is in a log is a run of its segment's writers, without a gap.
    pub(super) fn check_log(&self, segment: usize, logged: &[u64]) {
        let Some(first) = logged.first() else { return };
        let start = self.places[segment][first];
        let run = &self.orders[segment][start..];
        assert!(run.starts_with(logged), "segment {segment} is logged in another order");
    }

    /// The writers that a crash left as the last ones of the segments.
    pub(super) fn check_crash(&self, left: &[u64]) {
        let kept = |segment: &usize, number: &u64| {
            self.places[*segment][number] <= self.places[*segment][&left[*segment]]
        };
        for event in self.events.values() {
            let number = event.number;
            let is_kept = event.written.iter().any(|segment| kept(segment, &number));
            if !is_kept && !event.promised {
                continue;
            }
            for segment in &event.written {
                assert!(kept(segment, &number), "{number} is lost in segment {segment}: {left:?}");
            }
            for (segment, found) in &event.found {
                let certain = if event.is_view { self.forced(*segment, *found) } else { *found };
                assert!(
                    kept(segment, &certain),
                    "{number} found {certain} in segment {segment}, which is lost: {left:?}"
                );
            }
        }
    }

    /// The last writer up to `number` that was forced.
    fn forced(&self, segment: usize, number: u64) -> u64 {
        let until = &self.orders[segment][..=self.places[segment][&number]];
        let is_forced = |number: &&u64| self.events.get(number).is_some_and(|event| !event.lazy);
        until.iter().rev().find(is_forced).copied().unwrap_or(0)
    }

    /// What comes right before an event in one of its segments.
    fn before(&self) -> BTreeSet<(u64, u64)> {
        let mut before = BTreeSet::new();
        for event in self.events.values() {
            for (segment, found) in &event.found {
                before.insert((*found, event.number));
                let next = self.orders[*segment].get(self.places[*segment][found] + 1);
                if let Some(next) = next.filter(|next| **next != event.number) {
                    before.insert((event.number, *next));
                }
            }
        }
        before
    }

    fn check_no_cycle(&self) {
        let before = self.before();
        let mut waits_for: BTreeMap<u64, usize> = BTreeMap::new();
        for (_, later) in &before {
            *waits_for.entry(*later).or_default() += 1;
        }
        let (mut ready, mut done) = (vec![0], 0);
        while let Some(number) = ready.pop() {
            done += 1;
            for (_, later) in before.range((number, 0)..=(number, u64::MAX)) {
                let left = waits_for.get_mut(later).unwrap();
                *left -= 1;
                if *left == 0 {
                    ready.push(*later);
                }
            }
        }
        assert_eq!(done, self.events.len() + 1, "orders of several segments contradict each other");
    }
}

/// The writers of a segment, each behind the one that it found.
fn order(events: &[Event], segment: usize) -> Vec<u64> {
    let mut next = BTreeMap::new();
    for event in events.iter().filter(|event| event.written.contains(&segment)) {
        let twice = next.insert(event.found[&segment], event.number);
        assert_eq!(twice, None, "two found the same in segment {segment}");
    }
    let mut order = vec![0];
    while let Some(number) = next.remove(order.last().unwrap()) {
        order.push(number);
    }
    assert!(next.is_empty(), "found what nobody wrote in segment {segment}: {next:?}");
    order
}
