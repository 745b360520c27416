//! The thread that tells other processes what the store counts, at intervals. It takes no part in commits, and nobody waits for it but
//! whoever closes the store.

use std::sync::Arc;
use std::time::Duration;

use rvm_storage::StorageError;

use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::stats::Published;
use crate::sync::thread::JoinHandle;
use crate::sync::{Condvar, Mutex, spawn};

/// A thread that publishes.
#[derive(Debug)]
pub(crate) struct Publishing {
    ending: Arc<Ending>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Ending {
    wanted: Mutex<bool>,
    changed: Condvar,
}

impl Publishing {
    /// Publishes, and starts the thread that does so again and again.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(shared: &Arc<Shared>, every: Duration) -> Result<Self> {
        let opened = shared.storage.unix_nanos();
        publish(shared, opened, every);
        let ending = Arc::new(Ending::default());
        let (for_thread, its_ending) = (Arc::clone(shared), Arc::clone(&ending));
        let thread = spawn("rvm-statistics".to_owned(), move || {
            run(&for_thread, opened, every, &its_ending);
        });
        let thread = thread.map_err(|source| {
            let operation = "start the statistics thread of";
            let path = shared.storage.location();
            Error::Io(StorageError::Io { operation, path, offset: None, source })
        })?;
        Ok(Self { ending, thread })
    }

    /// Ends it, and takes away what it published.
    pub(crate) fn end(self, shared: &Shared) {
        *self.ending.wanted.lock() = true;
        self.ending.changed.notify_all();
        // A panic in the thread was reported when it happened.
        drop(self.thread.join());
        shared.storage.withdraw().ok();
    }
}

fn run(shared: &Shared, opened: u64, every: Duration, ending: &Ending) {
    let mut wanted = ending.wanted.lock();
    while !*wanted {
        let over;
        (wanted, over) = ending.changed.wait_for(wanted, every);
        if over {
            drop(wanted);
            publish(shared, opened, every);
            wanted = ending.wanted.lock();
        }
    }
}

/// Nobody depends on it, so a full device, or a backend without a place for it, is no failure of the store.
fn publish(shared: &Shared, opened: u64, every: Duration) {
    let published = Published {
        process: std::process::id(),
        opened,
        written: shared.storage.unix_nanos(),
        every,
        poisoned: shared.logs.health.cause().is_some(),
        stats: shared.counters().read(shared.logs.appends()),
        stale: false,
    };
    shared.storage.publish(published.encode().as_bytes()).ok();
}
