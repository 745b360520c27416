//! A store on a disk, its segments, and what the threads of a scenario do there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rvm_txn::{CommitOutcome, Config, Durability, Error, Segment, Store};
use shuttle::thread;

use crate::disk::{Disk, coin};
use crate::history::{History, LIST_LEN, Txn, list_in, place_behind, quiet};

pub(super) struct Stage {
    pub(super) disk: Disk,
    pub(super) history: History,
    pub(super) store: Store,
    segments: BTreeMap<&'static str, Segment>,
}

/// The smallest ring there is.
pub(super) const SMALL_RING: u64 = 32 << 10;

/// Small logs; whether anything runs in the background is left to a coin.
pub(super) fn config() -> Config {
    let mut config = quiet();
    config.log_capacity_initial = SMALL_RING;
    config.log_capacity_max = SMALL_RING;
    config.background = coin();
    // Lazy commits are due at once, so that the scheduler alone decides when they are forced.
    config.lazy_interval = Duration::ZERO;
    config
}

impl Stage {
    /// `fill` more bytes are written by every transaction to each of its segments.
    pub(super) fn new(names: &[&'static str], fill: usize, config: Config) -> Arc<Self> {
        let disk = Disk::new();
        let store = Store::open(Arc::new(disk.clone()), config).unwrap();
        let len = u64::try_from(LIST_LEN + fill).unwrap();
        let segments = names.iter().map(|name| (*name, store.map(name, len).unwrap())).collect();
        Arc::new(Self { disk, history: History::default(), store, segments })
    }

    pub(super) fn segment(&self, name: &str) -> &Segment {
        &self.segments[name]
    }

    /// One transaction that adds its number to `written` and looks at `read`. The power is cut at the moment it is acknowledged.
    pub(super) fn add(
        &self,
        written: &[&'static str],
        read: &[&'static str],
        durability: Durability,
    ) -> Result<(), Error> {
        let all = written.iter().chain(read);
        let segments: Vec<&Segment> = all.clone().map(|name| self.segment(name)).collect();
        let mut txn = self.store.begin(&segments)?;
        let number = self.history.next_number();
        let found: BTreeMap<_, _> =
            all.map(|name| (*name, list_in(txn.read(self.segment(name)).unwrap()))).collect();
        for name in written {
            let segment = self.segment(name);
            let (place, count) = place_behind(&found[name]);
            let fill = txn.about_to_modify(segment, u64::try_from(LIST_LEN).unwrap()..).unwrap();
            fill.fill(number.to_le_bytes()[0]);
            txn.write(segment, place, &number.to_le_bytes()).unwrap();
            txn.write(segment, 0, &count.to_le_bytes()).unwrap();
        }
        let written = written.iter().copied().collect();
        let lazy = durability == Durability::Lazy;
        self.history.begun(number, Txn { found, written, lazy });
        let result = txn.commit_with(durability).map(drop);
        match &result {
            Ok(()) if lazy => {}
            Ok(()) => {
                self.history.durable(number);
                self.history.cut(&self.disk);
            }
            Err(error) if error.commit_outcome() == CommitOutcome::Indeterminate => {}
            Err(_) => self.history.refused(number),
        }
        result
    }

    pub(super) fn force(&self, written: &[&'static str]) {
        self.add(written, &[], Durability::Force).unwrap();
    }

    pub(super) fn lazy(&self, written: &[&'static str]) {
        self.add(written, &[], Durability::Lazy).unwrap();
    }

    /// Cuts the power at a few moments, for the scheduler to choose.
    pub(super) fn cuts(&self, count: usize) {
        for _ in 0..count {
            self.disk.step();
            self.history.cut(&self.disk);
        }
    }

    /// Takes views, and cuts the power at that very moment.
    pub(super) fn look(&self, names: &[&'static str]) -> Result<(), Error> {
        let segments: Vec<&Segment> = names.iter().map(|name| self.segment(name)).collect();
        let views = self.store.read(&segments)?;
        for name in names {
            self.history.shown(name, list_in(views.get(self.segment(name)).unwrap()));
        }
        self.history.cut(&self.disk);
        Ok(())
    }

    /// Runs the threads, then ends the store and checks every cut.
    pub(super) fn play(self: Arc<Self>, threads: Vec<fn(&Self)>) {
        let start = |part: fn(&Self)| {
            let stage = Arc::clone(&self);
            thread::spawn(move || part(&stage))
        };
        let threads: Vec<_> = threads.into_iter().map(start).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        self.history.cut(&self.disk);
        let closed = self.store.close();
        assert!(closed.is_ok() || self.disk.has_failed() || is_closed(&closed), "{closed:?}");
        self.history.cut(&self.disk);
        let names: Vec<_> = self.segments.keys().copied().collect();
        self.history.check(&names);
    }
}

pub(super) fn is_closed(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Closed))
}
