//! Our side: a branch of the bank, which is a store, with a teller on each thread who commits transactions of TPC-A.

use std::path::Path;
use std::time::Duration;

use rvm_core::{Durability, Rvm, Segment, Stats};
use rvm_tpca::Bank;

use super::plan::Plan;
use super::slice::{Limit, Slice, all_at_once};
use crate::arguments::CommitKind;
use crate::failure::Failure;

/// How often it tells `rvmctl stats` what it counts.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// A store and its tellers.
#[derive(Debug)]
pub(super) struct Branch {
    store: Rvm,
    tellers: Vec<Teller>,
    durability: Durability,
}

/// Who commits on one thread.
#[derive(Debug)]
struct Teller {
    bank: Bank,
    segment: Segment,
}

/// What the store says that it did in the slices that count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// Bytes of records.
    pub(super) log_bytes: u64,
    pub(super) forces: u64,
    /// What those wrote, in whole blocks.
    pub(super) force_bytes: u64,
    pub(super) force_time: Duration,
}

impl Branch {
    /// Makes the store.
    pub(super) fn new(directory: &Path, plan: &Plan) -> Result<Self, Failure> {
        let store = Rvm::options()
            .log_capacity_initial(Plan::room(plan.segment_count()))
            .publish_stats(PUBLISH_EVERY)
            .open(directory)?;
        let map = |number| store.map(&format!("bank-{number}"), plan.segment_len);
        let segments = (0..plan.segment_count()).map(map).collect::<Result<Vec<_>, _>>()?;
        let tellers = plan
            .banks()
            .zip(segments.iter().cycle())
            .map(|(bank, segment)| Teller { bank, segment: segment.clone() });
        let durability = match plan.durability {
            CommitKind::Force => Durability::Force,
            CommitKind::Lazy => Durability::Lazy,
        };
        Ok(Self { tellers: tellers.collect(), store, durability })
    }

    /// Commits until the limit, on all threads at once. Then the logs are emptied, which takes time of its own.
    pub(super) fn run(&mut self, limit: Limit<'_>) -> Result<(Slice, Work), Failure> {
        let Self { store, tellers, durability } = self;
        let before = store.stats();
        let slice = all_at_once(tellers, limit, |teller| teller.commit(store, *durability))?;
        let work = Work::between(&before, &store.stats());
        store.truncate_log()?;
        Ok((slice, work))
    }

    /// Closes the store.
    pub(super) fn close(self) -> Result<(), Failure> {
        Ok(self.store.close()?)
    }
}

impl Teller {
    fn commit(&mut self, store: &Rvm, durability: Durability) -> Result<(), Failure> {
        let Self { bank, segment } = self;
        let mut txn = store.begin(&[&*segment])?;
        for (offset, bytes) in bank.draw().stores() {
            txn.write(segment, offset, bytes)?;
        }
        txn.commit_with(durability)?;
        Ok(())
    }
}

impl Work {
    fn between(before: &Stats, after: &Stats) -> Self {
        let time = |stats: &Stats| stats.force_latency.total();
        Self {
            log_bytes: after.log_bytes.saturating_sub(before.log_bytes),
            forces: after.log_forces.saturating_sub(before.log_forces),
            force_bytes: after.force_bytes.saturating_sub(before.force_bytes),
            force_time: time(after).saturating_sub(time(before)),
        }
    }

    /// Adds what was done in another slice.
    pub(super) fn add(&mut self, more: Self) {
        self.log_bytes += more.log_bytes;
        self.forces += more.forces;
        self.force_bytes += more.force_bytes;
        self.force_time += more.force_time;
    }
}
