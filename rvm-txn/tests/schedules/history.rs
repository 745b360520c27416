//! What was promised when, and whether what a power cut left keeps it.
//!
//! A segment holds the numbers of its transactions in the order in which they had it. So what it holds tells all: whether
//! something is missing, torn, out of order, or there without what it was built on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rvm_storage::MemStorage;
use rvm_txn::{Config, Store};

use crate::disk::Disk;

/// How many numbers a segment has place for.
const PLACES: usize = 15;

/// The bytes of a segment before what fills the log.
pub(super) const LIST_LEN: usize = 8 * (PLACES + 1);

/// The numbers in a segment, in order.
pub(super) type List = Vec<u64>;

pub(super) fn list_in(segment: &[u8]) -> List {
    let word = |at: usize| u64::from_le_bytes(segment[8 * at..8 * at + 8].try_into().unwrap());
    (1..=usize::try_from(word(0)).unwrap()).map(word).collect()
}

/// Where the next number goes, and what the first word is then.
pub(super) fn place_behind(list: &List) -> (u64, u64) {
    assert!(list.len() < PLACES, "too many transactions for a segment");
    let count = u64::try_from(list.len()).unwrap() + 1;
    (8 * count, count)
}

#[derive(Default)]
pub(super) struct History(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    last_number: u64,
    txns: BTreeMap<u64, Txn>,
    promises: Promises,
    cuts: Vec<(MemStorage, Promises)>,
}

/// A transaction: what it found in its segments, and which of them it wrote.
pub(super) struct Txn {
    pub(super) found: BTreeMap<&'static str, List>,
    pub(super) written: BTreeSet<&'static str>,
    pub(super) lazy: bool,
}

/// What a cut at some moment must keep to.
#[derive(Clone, Default)]
struct Promises {
    durable: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    shown: BTreeMap<&'static str, List>,
}

impl History {
    pub(super) fn next_number(&self) -> u64 {
        let mut pages = self.0.lock().unwrap();
        pages.last_number += 1;
        pages.last_number
    }

    /// Before it commits.
    pub(super) fn begun(&self, number: u64, txn: Txn) {
        self.0.lock().unwrap().txns.insert(number, txn);
    }

    /// The transaction is durable from here on.
    pub(super) fn durable(&self, number: u64) {
        self.0.lock().unwrap().promises.durable.insert(number);
    }

    /// The transaction will never be there.
    pub(super) fn refused(&self, number: u64) {
        self.0.lock().unwrap().promises.refused.insert(number);
    }

    /// A reader was shown this. A crash may take back lazy commits at its end.
    pub(super) fn shown(&self, segment: &'static str, mut list: List) {
        let mut pages = self.0.lock().unwrap();
        let last_forced = list.iter().rposition(|number| !pages.txns[number].lazy);
        list.truncate(last_forced.map_or(0, |at| at + 1));
        let longest = pages.promises.shown.entry(segment).or_default();
        if longest.len() < list.len() {
            assert!(list.starts_with(longest), "{segment} showed {longest:?}, then {list:?}");
            *longest = list;
        }
    }

    /// A segment that was mapped again holds all that a reader could have been shown, and all that is durable.
    pub(super) fn shown_again(&self, segment: &'static str, bytes: &[u8]) {
        let pages = self.0.lock().unwrap();
        let list = list_in(bytes);
        let durable = pages.promises.durable.iter();
        for number in durable.filter(|number| pages.txns[number].written.contains(segment)) {
            assert!(list.contains(number), "{segment} lost {number} when it was unmapped");
        }
        drop(pages);
        self.shown(segment, list);
    }

    /// Keeps what a power cut would leave now.
    pub(super) fn cut(&self, disk: &Disk) {
        let mut pages = self.0.lock().unwrap();
        let promises = pages.promises.clone();
        pages.cuts.push((disk.image(), promises));
    }

    /// Recovers every image and looks for broken promises.
    pub(super) fn check(&self, names: &[&'static str]) {
        let mut pages = self.0.lock().unwrap();
        for (image, promises) in std::mem::take(&mut pages.cuts) {
            let lists = recovered(&image, names);
            pages.check(&lists, &promises);
        }
    }
}

/// A configuration without threads of its own.
pub(super) fn quiet() -> Config {
    let mut config = Config::default();
    (config.background, config.helpers) = (false, 0);
    config
}

fn recovered(image: &MemStorage, names: &[&'static str]) -> BTreeMap<&'static str, List> {
    let store = Store::open(Arc::new(image.clone()), quiet()).unwrap();
    let list = |name: &&'static str| {
        let view = store.map(name, 1).unwrap().read().unwrap();
        let list = list_in(&view);
        let fill = list.last().map_or(0, |last| last.to_le_bytes()[0]);
        assert!(view[LIST_LEN..].iter().all(|byte| *byte == fill), "{name} is torn at {list:?}");
        (*name, list)
    };
    names.iter().map(list).collect()
}

impl Pages {
    fn check(&self, lists: &BTreeMap<&'static str, List>, promises: &Promises) {
        for number in &promises.durable {
            for name in &self.txns[number].written {
                assert!(lists[name].contains(number), "{number} is not in {name}: {lists:?}");
            }
        }
        for (name, list) in &promises.shown {
            assert!(lists[name].starts_with(list), "{name} was shown as {list:?}: {lists:?}");
        }
        let present: BTreeSet<u64> = lists.values().flatten().copied().collect();
        for number in &present {
            assert!(!promises.refused.contains(number), "{number} was refused: {lists:?}");
            let txn = &self.txns[number];
            for (name, found) in &txn.found {
                let list = &lists[name];
                assert!(list.starts_with(found), "{number} found {found:?} in {name}: {lists:?}");
                if txn.written.contains(name) {
                    let own = list.get(found.len());
                    assert_eq!(own, Some(number), "its place in {name}: {lists:?}");
                }
            }
        }
    }
}
