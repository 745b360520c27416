//! Declarations of 8 bytes alone, without the commit or abort that follows.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::MemStorage;
use rvm_core::rvm_storage::widths::narrow;
use rvm_core::{Rvm, Segment};
use rvm_tpca::RECORD_LEN;

use crate::Result;

/// The length of the memory, which fits the caches.
const LEN: u64 = 1 << 20;

/// What is declared, in bytes, and how much of it.
const WORD_LEN: u64 = 8;

/// A store in memory, of which transactions declare and abort.
#[derive(Debug)]
pub struct Declarations {
    rvm: Rvm,
    segment: Segment,
    places: Places,
}

impl Declarations {
    /// The store.
    ///
    /// # Errors
    /// None that is known.
    pub fn open() -> Result<Self> {
        let rvm = Rvm::options().background(false).open_with(Arc::new(MemStorage::new()))?;
        let segment = rvm.map("words", LEN)?;
        Ok(Self { rvm, segment, places: Places::default() })
    }

    /// How long `transactions` times `per_transaction` declarations take. Reading the clock is not counted.
    ///
    /// # Errors
    /// None that is known.
    pub fn time(&mut self, transactions: u64, per_transaction: u64) -> Result<Duration> {
        let mut taken = Duration::ZERO;
        for _ in 0..transactions {
            let mut txn = self.rvm.begin(&[&self.segment])?;
            let started = Instant::now();
            for _ in 0..per_transaction {
                let place = self.places.next();
                black_box(txn.about_to_modify(&self.segment, place..place + WORD_LEN)?);
            }
            taken += started.elapsed();
            txn.abort()?;
        }
        Ok(taken.saturating_sub(clock_readings(transactions)))
    }
}

/// The same by hand: the old bytes go behind those that are kept already.
#[derive(Debug)]
pub struct RawUndo {
    memory: Vec<u8>,
    kept: Vec<u8>,
    places: Places,
}

impl RawUndo {
    /// Memory of the same size.
    #[must_use]
    pub fn open() -> Self {
        Self { memory: vec![1; narrow(LEN)], kept: Vec::new(), places: Places::default() }
    }

    /// How long `transactions` times `per_transaction` copies take. Reading the clock is not counted.
    ///
    /// # Errors
    /// None that is known.
    pub fn time(&mut self, transactions: u64, per_transaction: u64) -> Result<Duration> {
        let mut taken = Duration::ZERO;
        for _ in 0..transactions {
            self.kept.clear();
            let started = Instant::now();
            for _ in 0..per_transaction {
                let start = narrow(self.places.next());
                let old = self.memory.get(start..start + narrow(WORD_LEN)).ok_or("outside")?;
                black_box(&mut self.kept).extend_from_slice(old);
            }
            taken += started.elapsed();
        }
        Ok(taken.saturating_sub(clock_readings(transactions)))
    }
}

/// A word of each record of the bank, one after the other.
#[derive(Debug, Default)]
struct Places(u64);

impl Places {
    fn next(&mut self) -> u64 {
        self.0 += RECORD_LEN;
        self.0 % LEN
    }
}

/// How long reading the clock takes that often, with nothing between: the least of several tries, since other programs only add to it.
fn clock_readings(count: u64) -> Duration {
    const TRIES: u32 = 20;
    const READINGS: u32 = 500;
    let read = || (0..READINGS).map(|_| black_box(Instant::now()).elapsed()).sum::<Duration>();
    let least = (0..TRIES).map(|_| read()).min().unwrap_or_default();
    least.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)) / READINGS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against times of nothing.
    #[test]
    fn every_word_is_declared_and_kept() {
        let mut declarations = Declarations::open().unwrap();
        declarations.time(2, 100).unwrap();
        let stats = declarations.rvm.stats();
        assert_eq!((stats.undo_records, stats.aborts), (200, 2));
        let mut raw = RawUndo::open();
        raw.time(2, 100).unwrap();
        assert_eq!(raw.kept, vec![1; 800]);
    }
}
