//! Stores that keep the bank: ours, the loop by hand, and those that a user might take instead, behind one small trait.
//!
//! Accounts are records of 128 bytes under their numbers, audit records have 64 bytes and numbers of their own. Whatever a store has
//! beside memory is given room enough to cache all of it.

mod fjall;
mod keys;
mod killed;
mod lmdb;
mod ours;
mod raw;
mod redb;
mod sled;
mod sqlite;
mod versions;

use std::fmt::Debug;
use std::path::Path;

use rvm_tpca::{AUDIT_LEN, Bank, Change, Pattern, RECORD_LEN};

pub(crate) use self::killed::copy_as_killed;
use crate::Result;

/// How a store commits. Some decide it when they are opened, so all do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A commit returns when it is on stable storage.
    Durable,
    /// A commit returns when it is made, in memory or in caches; nothing asks for more.
    Lazy,
    /// The same, but a flush makes all that was committed durable.
    Grouped,
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The bytes of accounts and audit records.
    pub len: u64,
    /// How it commits.
    pub mode: Mode,
}

impl Setting {
    /// The numbers of the accounts, and those of the audit records.
    fn numbers(&self) -> (std::ops::Range<u64>, std::ops::Range<u64>) {
        let bank = Bank::over(self.len, Pattern::Random);
        let first = keys::audit(bank.records() * RECORD_LEN);
        (0..bank.records(), first..first + bank.audits())
    }

    /// Enough to cache all of it, whatever a store needs to find its bytes.
    fn cache_len(&self) -> u64 {
        self.len.saturating_mul(4).max(64 << 20)
    }
}

/// A record of the bank.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// An account's, by its number.
    Account(u64),
    /// An audit record, by its number.
    Audit(u64),
}

impl Item {
    /// Its bytes, of memory in which accounts and audit records lie as the bank has them.
    fn of(self, memory: &[u8]) -> Option<&[u8]> {
        let (number, len) = match self {
            Self::Account(number) => (number, RECORD_LEN),
            Self::Audit(number) => (number, AUDIT_LEN),
        };
        let (start, len) = (usize::try_from(number * len).ok()?, usize::try_from(len).ok()?);
        memory.get(start..start + len)
    }
}

/// An open store. All of its threads use the one handle.
pub trait Peer: Debug + Send + Sync {
    /// Fills an empty store: every byte of every record is 1.
    ///
    /// # Errors
    /// The store's.
    fn load(&self) -> Result<()>;

    /// Runs one transaction and commits it as the store was opened for.
    ///
    /// # Errors
    /// The store's.
    fn commit(&self, change: &Change) -> Result<()>;

    /// Makes durable what was committed, unless the store was opened for lazy commits only.
    ///
    /// # Errors
    /// The store's.
    fn flush(&self) -> Result<()>;

    /// The bytes of a record.
    ///
    /// # Errors
    /// The store's; there is no such record.
    fn read(&self, item: Item) -> Result<Vec<u8>>;

    /// The bytes of log written so far, where the store counts them.
    fn log_bytes(&self) -> Option<u64> {
        None
    }
}

/// A store that can be compared.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// What it is called.
    pub name: &'static str,
    /// Its version.
    pub version: fn() -> String,
    /// Opens it in an existing directory; what is there stays.
    pub open: fn(&Path, Setting) -> Result<Box<dyn Peer>>,
    /// Whether its commits can be made to reach the device.
    pub is_durable: bool,
    /// Whether what it stores can be opened again.
    pub is_reopened: bool,
}

/// All of them: the limit first, then ours, then the others.
pub const STORES: [Store; 7] =
    [raw::STORE, ours::STORE, lmdb::STORE, redb::STORE, fjall::STORE, sqlite::STORE, sled::STORE];

#[cfg(test)]
mod tests;
