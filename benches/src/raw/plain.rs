//! Plain operations in memory: stores and copies.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rvm_tpca::{Bank, Pattern};

/// Memory that takes the bank's stores, without anything that keeps them.
#[derive(Debug)]
pub struct PlainStores {
    memory: Vec<u8>,
    bank: Bank,
}

impl PlainStores {
    /// Memory of `len` bytes, all of it touched.
    #[must_use]
    pub fn over(len: u32) -> Self {
        let memory = vec![1; usize::try_from(len).unwrap_or(usize::MAX)];
        Self { memory, bank: Bank::over(len.into(), Pattern::Random) }
    }

    /// How long the stores of so many transactions take.
    pub fn time(&mut self, transactions: u64) -> Duration {
        let started = Instant::now();
        for _ in 0..transactions {
            let change = self.bank.draw();
            change.store_into(black_box(&mut self.memory));
        }
        started.elapsed()
    }
}

/// Bytes and a place for their copy.
#[derive(Debug)]
pub struct PlainCopy {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl PlainCopy {
    /// For `len` bytes, all of them touched.
    #[must_use]
    pub fn of(len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Self { from: vec![1; len], to: vec![2; len] }
    }

    /// How long so many copies take.
    pub fn time(&mut self, copies: u64) -> Duration {
        let started = Instant::now();
        for _ in 0..copies {
            black_box(&mut self.to).copy_from_slice(black_box(&self.from));
        }
        started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against plain operations that are cheaper than what they say.
    #[test]
    fn plain_operations_do_what_they_say() {
        let mut stores = PlainStores::over(1 << 16);
        stores.time(500);
        assert!(stores.memory.iter().filter(|byte| **byte != 1).count() > 10_000);
        let mut copy = PlainCopy::of(1000);
        copy.time(1);
        assert_eq!(copy.to, copy.from);
    }
}
