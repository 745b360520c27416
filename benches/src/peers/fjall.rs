//! fjall: a log-structured merge tree behind a journal.

use std::path::Path;

use fjall::{
    KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, SingleWriterTxKeyspace,
};
use rvm_tpca::Change;

use super::keys::{self, NOTE, RECORD, entries, key};
use super::{Item, Mode, Peer, Setting, Store, versions};
use crate::Result;

pub(super) const STORE: Store = Store {
    name: "fjall",
    version: || versions::of_package("fjall"),
    open: |dir, setting| Ok(Box::new(Fjall::open(dir, setting)?)),
    is_durable: true,
    is_reopened: true,
};

struct Fjall {
    database: SingleWriterTxDatabase,
    accounts: SingleWriterTxKeyspace,
    audits: SingleWriterTxKeyspace,
    setting: Setting,
}

impl std::fmt::Debug for Fjall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fjall").field("setting", &self.setting).finish_non_exhaustive()
    }
}

impl Fjall {
    fn open(dir: &Path, setting: Setting) -> Result<Self> {
        let database = SingleWriterTxDatabase::builder(dir.join("store"))
            .cache_size(setting.cache_len())
            .open()?;
        let accounts = database.keyspace("accounts", KeyspaceCreateOptions::default)?;
        let audits = database.keyspace("audits", KeyspaceCreateOptions::default)?;
        Ok(Self { database, accounts, audits, setting })
    }
}

impl Peer for Fjall {
    fn load(&self) -> Result<()> {
        let (accounts, audits) = self.setting.numbers();
        for number in accounts {
            self.accounts.inner().insert(key(number), RECORD)?;
        }
        for number in audits {
            self.audits.inner().insert(key(number), NOTE)?;
        }
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let (balances, (audit, note)) = entries(change)?;
        let durability = (self.setting.mode == Mode::Durable).then_some(PersistMode::SyncData);
        let mut txn = self.database.write_tx().durability(durability);
        for (number, balance) in balances {
            let old = txn.get(&self.accounts, key(number))?.ok_or("no such account")?;
            txn.insert(&self.accounts, key(number), keys::with_balance(&old, balance)?);
        }
        txn.insert(&self.audits, key(audit), note);
        Ok(txn.commit()?)
    }

    fn flush(&self) -> Result<()> {
        match self.setting.mode {
            Mode::Grouped => Ok(self.database.persist(PersistMode::SyncData)?),
            Mode::Durable | Mode::Lazy => Ok(()),
        }
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let found = match item {
            Item::Account(number) => self.accounts.get(key(number))?,
            Item::Audit(number) => self.audits.get(key(number))?,
        };
        Ok(found.ok_or("no such record")?.to_vec())
    }
}
