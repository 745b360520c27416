//! The health of a store: what went wrong first, and what it counts.
//!
//! After the first failure of a write or a force nothing is committed: the kernel may have dropped what it could not write, and a
//! second force may lie. Opening the store again finds out what is on stable storage.

use std::sync::{Arc, OnceLock};

use rvm_log::LogError;

use crate::error::{Error, Result};
use crate::stats::Counters;

#[derive(Debug, Default)]
pub(crate) struct Health {
    poison: OnceLock<Arc<LogError>>,
    pub(crate) counters: Counters,
}

impl Health {
    /// Keeps the first failure; returns it. Those who wait for a log must be woken then; see [`Logs`](crate::logs::Logs).
    pub(crate) fn poison(&self, failure: LogError) -> Arc<LogError> {
        Arc::clone(self.poison.get_or_init(|| Arc::new(failure)))
    }

    pub(crate) fn cause(&self) -> Option<Arc<LogError>> {
        self.poison.get().cloned()
    }

    /// # Errors
    /// [`Error::Poisoned`] if there was a failure.
    pub(crate) fn check(&self) -> Result<()> {
        match self.cause() {
            None => Ok(()),
            Some(cause) => Err(Error::Poisoned { cause }),
        }
    }
}
