//! Group commit: one write in flight per log, led by one of those who wait for it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use rvm_log::{Batch, LogError, Lsn, Ring};
use rvm_storage::StorageError;

use super::LogHandle;
use crate::health::Health;

impl LogHandle {
    /// Returns when everything below `target` is durable. Joins the force that is under way, then leads one if that was not enough;
    /// a leader writes for everyone who appended before it began.
    ///
    /// # Errors
    /// The first failure of the store, once it is poisoned; the caller wakes those who wait for other logs. A force is never tried
    /// again.
    pub(crate) fn force_to(&self, target: Lsn, health: &Health) -> Result<(), Arc<LogError>> {
        let mut state = self.latch.lock();
        loop {
            if state.durable >= target {
                return Ok(());
            }
            if let Some(cause) = health.cause() {
                return Err(cause);
            }
            if state.forcing {
                state = self.changed.wait(state);
                continue;
            }
            state.forcing = true;
            let (synced, ring) = (state.durable, state.ring);
            let batch = state.tail.seal(synced, self.checksums);
            let started = Instant::now();
            let (held, forced) = self.latch.unlocked(state, || self.force_batch(&batch, ring));
            state = held;
            state.forcing = false;
            match forced {
                Ok(()) => {
                    health.counters.force_latency.record(started.elapsed());
                    health.counters.log_forces.add(1);
                    health.counters.force_bytes.add(batch.byte_len());
                    state.raise_durable(batch.end());
                    state.tail.recycle(batch);
                    self.changed.notify_all();
                }
                Err(failure) => {
                    // Under the latch, so that nobody leads another force; and those who follow this one are waited for.
                    let cause = health.poison(failure);
                    self.changed.notify_all();
                    return Err(cause);
                }
            }
        }
    }

    /// A storage that panics must leave nobody waiting for it: that is a failure like another.
    fn force_batch(&self, batch: &Batch, ring: Ring) -> rvm_log::Result<()> {
        let forced = catch_unwind(AssertUnwindSafe(|| batch.force(self.blob.as_ref(), ring)));
        forced.unwrap_or_else(|_reported| {
            Err(LogError::Storage(StorageError::Io {
                operation: "force",
                path: self.blob.location().to_owned(),
                offset: None,
                source: io::Error::other("the storage panicked"),
            }))
        })
    }
}
