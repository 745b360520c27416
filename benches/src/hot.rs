//! The paths that every use of the library takes again and again, to be counted in instructions: what a device or another thread does changes
//! no count.

use std::sync::Arc;

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Durability, Rvm, Segment};
use rvm_tpca::{Bank, Pattern};

use crate::Result;
use crate::ledger::transact;
use crate::logs::SampleLog;
use crate::records::Records;

/// A path, and how to take it so many times.
#[derive(Clone, Copy, Debug)]
pub struct HotPath {
    /// What is done, once.
    pub name: &'static str,
    /// Does it, so many times.
    pub take: fn(u64) -> Result<()>,
}

/// All of them.
pub const HOT_PATHS: [HotPath; 6] = [
    HotPath { name: "lazy commit", take: |times| commits(times, Durability::Lazy) },
    HotPath { name: "durable commit", take: |times| commits(times, Durability::Force) },
    HotPath { name: "about_to_modify of 8 bytes", take: declarations },
    HotPath { name: "encode 100 records", take: encodings },
    HotPath { name: "decode 100 records", take: decodings },
    HotPath { name: "replay 100 KiB of log", take: replays },
];

const LEN: u64 = 1 << 20;

/// A store of one segment in memory, that does nothing in the background, and is never closed: that would fold its log, and count.
fn store() -> Result<&'static (Rvm, Segment)> {
    let options = Rvm::options().background(false).helpers(0).log_capacity_initial(16 << 20);
    let rvm = options.open_with(Arc::new(MemStorage::new()))?;
    let segment = rvm.map("bank", LEN)?;
    Ok(Box::leak(Box::new((rvm, segment))))
}

fn commits(times: u64, durability: Durability) -> Result<()> {
    let (rvm, segment) = store()?;
    let mut bank = Bank::over(segment.len(), Pattern::Random);
    (0..times).try_for_each(|_| transact(rvm, segment, &bank.draw(), durability))
}

fn declarations(times: u64) -> Result<()> {
    let (rvm, segment) = store()?;
    let mut txn = rvm.begin(&[segment])?;
    for number in 0..times {
        let offset = number * 8 % LEN;
        txn.about_to_modify(segment, offset..offset + 8)?.fill(1);
    }
    Ok(txn.abort()?)
}

fn encodings(times: u64) -> Result<()> {
    let mut records = Records::of_bank(100)?;
    (0..times).try_for_each(|_| records.encode())
}

fn decodings(times: u64) -> Result<()> {
    let records = Records::of_bank(100)?;
    (0..times).try_for_each(|_| records.decode().map(drop))
}

fn replays(times: u64) -> Result<()> {
    let mut log = SampleLog::of_len(100 << 10)?;
    (0..times).try_for_each(|_| log.replay().map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a count of nothing because a path fails.
    #[test]
    fn every_path_can_be_taken() {
        for path in HOT_PATHS {
            (path.take)(3).unwrap_or_else(|error| panic!("{}: {error}", path.name));
        }
    }
}
