//! Recoverable memory: one segment, and everything as a user finds it, but for a log that has grown already.

use rvm_core::{Durability, Rvm, Segment};
use rvm_tpca::Change;

use super::{Item, Mode, Peer, Store, versions};
use crate::Result;
use crate::ledger::{LOG_CAPACITY, transact};

/// How much of the segment one transaction fills.
const PIECE_LEN: u64 = 1 << 20;

pub(super) const STORE: Store = Store {
    name: "RVM",
    version: || versions::of_package("rvm-core"),
    open: |dir, setting| {
        let rvm = Rvm::options().log_capacity_initial(LOG_CAPACITY).open(dir.join("store"))?;
        let segment = rvm.map("bank", setting.len)?;
        let durability = match setting.mode {
            Mode::Durable => Durability::Force,
            Mode::Lazy | Mode::Grouped => Durability::Lazy,
        };
        Ok(Box::new(Ours { rvm, segment, durability }))
    },
    is_durable: true,
    is_reopened: true,
};

#[derive(Debug)]
struct Ours {
    rvm: Rvm,
    segment: Segment,
    durability: Durability,
}

impl Peer for Ours {
    fn load(&self) -> Result<()> {
        let mut start = 0;
        while start < self.segment.len() {
            let end = self.segment.len().min(start + PIECE_LEN);
            let mut txn = self.rvm.begin(&[&self.segment])?;
            txn.about_to_modify(&self.segment, start..end)?.fill(1);
            txn.commit()?;
            start = end;
        }
        self.rvm.truncate_log()?;
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<()> {
        transact(&self.rvm, &self.segment, change, self.durability)
    }

    fn flush(&self) -> Result<()> {
        Ok(self.rvm.flush()?)
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let bytes = self.segment.read()?;
        Ok(item.of(&bytes).ok_or("no such record")?.to_vec())
    }

    fn log_bytes(&self) -> Option<u64> {
        Some(self.rvm.stats().log_bytes)
    }
}
