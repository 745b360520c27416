//! The first failure of a write or a force. From then on nothing is committed: the kernel may have dropped what it could
//! not write, and a second force may lie. Opening the store again finds out what is on stable storage.

use std::sync::{Arc, OnceLock};

use rvm_log::LogError;

use crate::error::{Error, Result};

#[derive(Debug, Default)]
pub(crate) struct Poison(OnceLock<Arc<LogError>>);

impl Poison {
    /// Keeps the first failure; returns it.
    pub(crate) fn set(&self, failure: LogError) -> Arc<LogError> {
        Arc::clone(self.0.get_or_init(|| Arc::new(failure)))
    }

    pub(crate) fn cause(&self) -> Option<Arc<LogError>> {
        self.0.get().cloned()
    }

    /// # Errors
    /// [`Error::Poisoned`] if there was a failure.
    pub(crate) fn check(&self) -> Result<()> {
        match self.0.get() {
            None => Ok(()),
            Some(cause) => Err(Error::Poisoned { cause: Arc::clone(cause) }),
        }
    }
}
