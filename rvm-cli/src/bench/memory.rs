//! The same stores into plain memory: what a lazy commit is compared with.

use std::hint::black_box;

use rvm_tpca::Bank;

use super::plan::Plan;
use super::slice::{Limit, Slice, all_at_once};
use crate::failure::Failure;

/// Reading the clock takes about as long as the stores of one transaction.
const TIMES_PER_READING: u64 = 64;

/// Plain memory, some for each thread.
#[derive(Debug)]
pub(super) struct Stores(Vec<Plain>);

#[derive(Debug)]
struct Plain {
    memory: Vec<u8>,
    bank: Bank,
}

impl Stores {
    /// As much memory for each thread as a segment has.
    pub(super) fn new(plan: &Plan) -> Result<Self, Failure> {
        let with_memory = |bank| {
            let mut memory = Vec::new();
            let len = usize::try_from(plan.segment_len).unwrap_or(usize::MAX);
            memory.try_reserve_exact(len).map_err(|_| {
                Failure::Bench(format!("there is no memory of {len} bytes for each thread"))
            })?;
            // Not a zero: memory that was never written is not there yet.
            memory.resize(len, 1);
            Ok(Plain { memory, bank })
        };
        plan.banks().map(with_memory).collect::<Result<_, _>>().map(Self)
    }

    /// Stores until the limit, on all threads at once.
    pub(super) fn run(&mut self, limit: Limit<'_>) -> Result<Slice, Failure> {
        let limit = Limit { times_per_reading: TIMES_PER_READING, ..limit };
        all_at_once(&mut self.0, limit, |plain| {
            // Seen by somebody, as far as the compiler knows: no store may be left out.
            plain.bank.draw().store_into(black_box(&mut plain.memory));
            Ok(())
        })
    }
}
