//! The lock that holds back read-only openers while files change their shape, and that they hold while they copy.

use std::time::Duration;

use rvm_storage::{LockMode, LockScope, Storage, StoreLock};

use crate::error::Result;

/// How long a head, a reset or a new file waits for read-only openers that copy the store.
pub(crate) const READERS_WAIT: Duration = Duration::from_secs(10);

/// Holds back read-only openers.
///
/// # Errors
/// [`Error::LayoutBusy`](crate::Error::LayoutBusy) when they copy longer than `wait`.
pub(crate) fn lock_layout(storage: &dyn Storage, wait: Duration) -> Result<Box<dyn StoreLock>> {
    Ok(storage.lock(LockScope::Layout, LockMode::Exclusive, wait)?)
}

/// Waits until nobody holds the files still who may not have seen in the logs what is about to be applied, all of which is durable there.
/// Whoever comes later sees it; so for a [`View`](crate::inspect::View) what is behind its cuts is in no segment's file.
///
/// # Errors
/// As [`lock_layout`].
pub(crate) fn wait_for_views(storage: &dyn Storage, wait: Duration) -> Result<()> {
    lock_layout(storage, wait).map(drop)
}
