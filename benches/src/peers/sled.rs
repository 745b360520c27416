//! sled: a tree over a log of pages.

use std::path::Path;

use rvm_tpca::Change;
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};

use super::keys::{self, NOTE, RECORD, entries, key};
use super::{Item, Mode, Peer, Setting, Store, versions};
use crate::Result;

/// What sled calls a flush never waits for the device, so nothing of it counts as durable.
pub(super) const STORE: Store = Store {
    name: "sled",
    version: || versions::of_package("sled"),
    open: |dir, setting| Ok(Box::new(Sled::open(dir, setting)?)),
    is_durable: false,
    is_reopened: true,
};

#[derive(Debug)]
struct Sled {
    database: sled::Db,
    accounts: sled::Tree,
    audits: sled::Tree,
    setting: Setting,
}

impl Sled {
    fn open(dir: &Path, setting: Setting) -> Result<Self> {
        let database = sled::Config::new()
            .path(dir.join("store"))
            .cache_capacity(setting.cache_len())
            .flush_every_ms(None)
            .open()?;
        let (accounts, audits) = (database.open_tree("accounts")?, database.open_tree("audits")?);
        Ok(Self { database, accounts, audits, setting })
    }
}

impl Peer for Sled {
    fn load(&self) -> Result<()> {
        let (accounts, audits) = self.setting.numbers();
        for number in accounts {
            self.accounts.insert(key(number), RECORD.as_slice())?;
        }
        for number in audits {
            self.audits.insert(key(number), NOTE.as_slice())?;
        }
        self.database.flush()?;
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let (balances, (audit, note)) = entries(change)?;
        let done = (&self.accounts, &self.audits).transaction(|(accounts, audits)| {
            for (number, balance) in balances {
                let old = accounts.get(key(number))?;
                let new = old.and_then(|old| keys::with_balance(&old, balance).ok());
                let new = new.ok_or(ConflictableTransactionError::Abort("no such account"))?;
                accounts.insert(&key(number), new.as_slice())?;
            }
            audits.insert(&key(audit), note.as_slice())?;
            Ok(())
        });
        done.map_err(|error: TransactionError<&str>| error.to_string())?;
        if self.setting.mode == Mode::Durable {
            self.database.flush()?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        if self.setting.mode == Mode::Grouped {
            self.database.flush()?;
        }
        Ok(())
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let found = match item {
            Item::Account(number) => self.accounts.get(key(number))?,
            Item::Audit(number) => self.audits.get(key(number))?,
        };
        Ok(found.ok_or("no such record")?.to_vec())
    }
}
