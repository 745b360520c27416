//! The limit: what the loops by hand reach, behind a lock, since any thread may come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rvm_tpca::{Change, Pattern};

use super::{Item, Mode, Peer, Store};
use crate::Result;
use crate::raw::{self, RawGroup, RawMemory, RawStore};

/// For durable commits an array and the log by hand that threads share; for all others the store by hand.
pub(super) const STORE: Store = Store {
    name: "by hand",
    version: || "no library".to_owned(),
    open: |_, setting| {
        Ok(match setting.mode {
            Mode::Durable => Box::new(Forced {
                memory: Mutex::new(RawMemory::of_len(setting.len)?),
                log: RawGroup::open()?,
            }),
            Mode::Lazy | Mode::Grouped => Box::new(Gathered {
                store: Mutex::new(RawStore::open(Pattern::Random, setting.len)?),
            }),
        })
    },
    is_durable: true,
    is_reopened: false,
};

#[derive(Debug)]
struct Forced {
    memory: Mutex<RawMemory>,
    log: RawGroup,
}

impl Peer for Forced {
    fn load(&self) -> Result<()> {
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let mut memory = locked(&self.memory);
        memory.store(change)?;
        let own = self.log.append(change)?;
        drop(memory);
        self.log.force(own)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        bytes_of(&locked(&self.memory), item)
    }

    fn log_bytes(&self) -> Option<u64> {
        Some(self.log.appended() * u64::try_from(raw::RAW_RECORD_LEN).ok()?)
    }
}

#[derive(Debug)]
struct Gathered {
    store: Mutex<RawStore>,
}

impl Peer for Gathered {
    fn load(&self) -> Result<()> {
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<()> {
        locked(&self.store).run(change)
    }

    fn flush(&self) -> Result<()> {
        locked(&self.store).force()
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        bytes_of(&locked(&self.store).memory, item)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes_of(memory: &RawMemory, item: Item) -> Result<Vec<u8>> {
    Ok(item.of(memory.bytes()).ok_or("no such record")?.to_vec())
}
