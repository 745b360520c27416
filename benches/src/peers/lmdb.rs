//! LMDB, through heed: a tree of pages that are copied when they change, in a file that is mapped.

#![expect(unsafe_code, reason = "heed cannot know who else changes the file it maps")]

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RwTxn};
use rvm_tpca::Change;

use super::keys::{self, NOTE, RECORD, entries, key};
use super::{Item, Mode, Peer, Setting, Store};
use crate::Result;

/// Without syncs LMDB writes through the map.
pub(super) const STORE: Store = Store {
    name: "LMDB",
    version: || {
        let version = heed::lmdb_version();
        format!("{}.{}.{}", version.major, version.minor, version.patch)
    },
    open: |dir, setting| Ok(Box::new(Lmdb::open(dir, setting)?)),
    is_durable: true,
    is_reopened: true,
};

type Table = Database<'static, Bytes, Bytes>;

#[derive(Debug)]
struct Lmdb {
    env: Env,
    accounts: Table,
    audits: Table,
    setting: Setting,
}

impl Lmdb {
    fn open(dir: &Path, setting: Setting) -> Result<Self> {
        let mut options = EnvOpenOptions::new();
        options.max_dbs(2).map_size(usize::try_from(setting.cache_len().max(1 << 30))?);
        if setting.mode != Mode::Durable {
            // SAFETY: a crash of the machine may cost these tables; they are gone with this program anyway.
            unsafe { options.flags(EnvFlags::NO_SYNC | EnvFlags::WRITE_MAP) };
        }
        // SAFETY: the directory is this program's own, so nobody else changes the file or its lock, and it is on a local disk.
        let env = unsafe { options.open(dir)? };
        let tables = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let accounts = opener.create_database::<Bytes, Bytes>(txn, Some("accounts"))?;
            let audits = opener.create_database::<Bytes, Bytes>(txn, Some("audits"))?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit((accounts, audits)))
        })?;
        let (accounts, audits) = tables.commit().ok_or("LMDB made no tables")?;
        Ok(Self { env, accounts, audits, setting })
    }

    fn put(table: &Table, txn: &mut RwTxn<'_>, number: u64, value: &[u8]) -> Result<()> {
        Ok(table.put(txn, &key(number), value)?)
    }
}

impl Peer for Lmdb {
    fn load(&self) -> Result<()> {
        let (accounts, audits) = self.setting.numbers();
        let mut txn = self.env.write_txn()?;
        for number in accounts {
            Self::put(&self.accounts, &mut txn, number, &RECORD)?;
        }
        for number in audits {
            Self::put(&self.audits, &mut txn, number, &NOTE)?;
        }
        Ok(txn.commit()?)
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let (balances, (audit, note)) = entries(change)?;
        let mut txn = self.env.write_txn()?;
        for (number, balance) in balances {
            let old = self.accounts.get(&txn, &key(number))?.ok_or("no such account")?;
            let new = keys::with_balance(old, balance)?;
            Self::put(&self.accounts, &mut txn, number, &new)?;
        }
        Self::put(&self.audits, &mut txn, audit, &note)?;
        Ok(txn.commit()?)
    }

    fn flush(&self) -> Result<()> {
        match self.setting.mode {
            Mode::Grouped => Ok(self.env.force_sync()?),
            Mode::Durable | Mode::Lazy => Ok(()),
        }
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let (table, number) = match item {
            Item::Account(number) => (&self.accounts, number),
            Item::Audit(number) => (&self.audits, number),
        };
        let txn = self.env.read_txn()?;
        Ok(table.get(&txn, &key(number))?.ok_or("no such record")?.to_vec())
    }
}
