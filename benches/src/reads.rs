//! Reads of records anywhere in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rvm_core::Segment;
use rvm_core::rvm_storage::widths::narrow;

use crate::Result;

/// What is read at once, in bytes.
const LEN: usize = 128;

/// Draws the places. They are not the same again: what was read the last time would be in the caches.
#[derive(Debug)]
pub struct RandomReads {
    dice: u64,
}

impl Default for RandomReads {
    fn default() -> Self {
        Self { dice: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl RandomReads {
    /// How long so many reads of 128 bytes take.
    pub fn time(&mut self, bytes: &[u8], reads: u64) -> Duration {
        let started = Instant::now();
        for _ in 0..reads {
            let start = self.draw(bytes.len());
            let record = bytes.get(start..start + LEN).unwrap_or_default();
            let words = record.chunks_exact(8).filter_map(|word| word.first_chunk().copied());
            black_box(words.map(u64::from_le_bytes).fold(0, u64::wrapping_add));
        }
        started.elapsed()
    }

    /// The same, each through a guard of its own.
    ///
    /// # Errors
    /// The segment cannot be read.
    pub fn time_guarded(&mut self, segment: &Segment, reads: u64) -> Result<Duration> {
        let len = narrow(segment.len());
        let mut record = [0; LEN];
        let started = Instant::now();
        for _ in 0..reads {
            let start = self.draw(len);
            record.copy_from_slice(segment.read()?.get(start..start + LEN).ok_or("outside")?);
            black_box(&record);
        }
        Ok(started.elapsed())
    }

    /// Where the next of the records begins (Marsaglia's xorshift).
    fn draw(&mut self, len: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        narrow(self.dice) % (len / LEN).max(1) * LEN
    }
}

#[cfg(test)]
mod tests {
    use rvm_core::Rvm;
    use rvm_core::rvm_storage::MemStorage;

    use super::*;

    /// Guards against places outside, which would cost nothing, and against the same ones again.
    #[test]
    fn records_lie_inside_and_anywhere() {
        let mut reads = RandomReads::default();
        let places: std::collections::BTreeSet<_> = (0..100).map(|_| reads.draw(1 << 20)).collect();
        assert!(places.len() > 90 && places.iter().all(|start| start + LEN <= 1 << 20));
        assert!(!reads.time(&[1; 1000], 100).is_zero());
        let rvm = Rvm::options().open_with(std::sync::Arc::new(MemStorage::new())).unwrap();
        reads.time_guarded(&rvm.map("read", 1000).unwrap(), 100).unwrap();
    }
}
