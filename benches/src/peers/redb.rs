//! redb: a tree of pages that are copied when they change.

use std::path::Path;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use rvm_tpca::Change;

use super::keys::{self, NOTE, Note, RECORD, Record, entries};
use super::{Item, Mode, Peer, Setting, Store, versions};
use crate::Result;

pub(super) const STORE: Store = Store {
    name: "redb",
    version: || versions::of_package("redb"),
    open: |dir, setting| Ok(Box::new(Redb::open(dir, setting)?)),
    is_durable: true,
    is_reopened: true,
};

const ACCOUNTS: TableDefinition<'_, u64, &Record> = TableDefinition::new("accounts");
const AUDITS: TableDefinition<'_, u64, &Note> = TableDefinition::new("audits");

struct Redb {
    database: Database,
    setting: Setting,
}

impl std::fmt::Debug for Redb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redb").field("setting", &self.setting).finish_non_exhaustive()
    }
}

impl Redb {
    fn open(dir: &Path, setting: Setting) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(usize::try_from(setting.cache_len())?)
            .create(dir.join("bank.redb"))?;
        Ok(Self { database, setting })
    }
}

impl Peer for Redb {
    fn load(&self) -> Result<()> {
        let (accounts, audits) = self.setting.numbers();
        let txn = self.database.begin_write()?;
        {
            let mut table = txn.open_table(ACCOUNTS)?;
            for number in accounts {
                table.insert(number, &RECORD)?;
            }
            let mut table = txn.open_table(AUDITS)?;
            for number in audits {
                table.insert(number, &NOTE)?;
            }
        }
        Ok(txn.commit()?)
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let (balances, (audit, note)) = entries(change)?;
        let mut txn = self.database.begin_write()?;
        if self.setting.mode != Mode::Durable {
            txn.set_durability(Durability::None)?;
        }
        {
            let mut accounts = txn.open_table(ACCOUNTS)?;
            for (number, balance) in balances {
                let old = accounts.get(number)?.ok_or("no such account")?;
                let new = keys::with_balance(old.value(), balance)?;
                drop(old);
                accounts.insert(number, &new)?;
            }
            txn.open_table(AUDITS)?.insert(audit, &note)?;
        }
        Ok(txn.commit()?)
    }

    /// A durable commit takes those before it along.
    fn flush(&self) -> Result<()> {
        match self.setting.mode {
            Mode::Grouped => Ok(self.database.begin_write()?.commit()?),
            Mode::Durable | Mode::Lazy => Ok(()),
        }
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let txn = self.database.begin_read()?;
        let bytes = match item {
            Item::Account(number) => {
                txn.open_table(ACCOUNTS)?.get(number)?.map(|found| found.value().to_vec())
            }
            Item::Audit(number) => {
                txn.open_table(AUDITS)?.get(number)?.map(|found| found.value().to_vec())
            }
        };
        Ok(bytes.ok_or("no such record")?)
    }
}
