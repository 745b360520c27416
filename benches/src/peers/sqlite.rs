//! SQLite with a write-ahead log: two tables, and one connection that threads take in turn.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use rvm_tpca::Change;

use super::keys::{NOTE, RECORD, entries};
use super::{Item, Mode, Peer, Setting, Store};
use crate::Result;

/// Lazy commits never sync. In groups a checkpoint does, as it must before the log begins anew.
pub(super) const STORE: Store = Store {
    name: "SQLite",
    version: || rusqlite::version().to_owned(),
    open: |dir, setting| Ok(Box::new(Sqlite::open(dir, setting)?)),
    is_durable: true,
    is_reopened: true,
};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance BLOB, rest BLOB);
    CREATE TABLE IF NOT EXISTS audits (id INTEGER PRIMARY KEY, note BLOB);
    CREATE TABLE IF NOT EXISTS flushes (id INTEGER PRIMARY KEY, number INTEGER);
    INSERT OR IGNORE INTO flushes VALUES (1, 0);";
const CHANGE: &str = "UPDATE accounts SET balance = ?2 WHERE id = ?1";
const APPEND: &str = "INSERT OR REPLACE INTO audits VALUES (?1, ?2)";

#[derive(Debug)]
struct Sqlite {
    connection: Mutex<Connection>,
    setting: Setting,
}

impl Sqlite {
    fn open(dir: &Path, setting: Setting) -> Result<Self> {
        let connection = Connection::open(dir.join("bank.sqlite"))?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        // SQLite takes a negative size of its cache as one in KiB.
        let cache_len = i64::try_from(setting.cache_len() / 1024)?;
        connection.pragma_update(None, "cache_size", -cache_len)?;
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "synchronous", synchronous(setting.mode))?;
        Ok(Self { connection: Mutex::new(connection), setting })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn synchronous(mode: Mode) -> &'static str {
    match mode {
        Mode::Durable => "FULL",
        Mode::Lazy => "OFF",
        Mode::Grouped => "NORMAL",
    }
}

impl Peer for Sqlite {
    fn load(&self) -> Result<()> {
        let (accounts, audits) = self.setting.numbers();
        self.with(|connection| {
            let (balance, rest) = RECORD.split_at(8);
            let txn = connection.transaction()?;
            {
                let mut fill = txn.prepare("INSERT INTO accounts VALUES (?1, ?2, ?3)")?;
                for number in accounts {
                    fill.execute(params![i64::try_from(number)?, balance, rest])?;
                }
                let mut append = txn.prepare(APPEND)?;
                for number in audits {
                    append.execute(params![i64::try_from(number)?, NOTE])?;
                }
            }
            txn.commit()?;
            Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
        })
    }

    fn commit(&self, change: &Change) -> Result<()> {
        let (balances, (audit, note)) = entries(change)?;
        self.with(|connection| {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            let mut update = connection.prepare_cached(CHANGE)?;
            for (number, balance) in balances {
                if update.execute(params![i64::try_from(number)?, balance])? != 1 {
                    return Err("no such account".into());
                }
            }
            connection.prepare_cached(APPEND)?.execute(params![i64::try_from(audit)?, note])?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        })
    }

    /// A commit that syncs the log takes those before it along.
    fn flush(&self) -> Result<()> {
        if self.setting.mode != Mode::Grouped {
            return Ok(());
        }
        self.with(|connection| {
            connection.pragma_update(None, "synchronous", synchronous(Mode::Durable))?;
            connection.prepare_cached("UPDATE flushes SET number = number + 1")?.execute([])?;
            Ok(connection.pragma_update(None, "synchronous", synchronous(Mode::Grouped))?)
        })
    }

    fn read(&self, item: Item) -> Result<Vec<u8>> {
        let (query, number) = match item {
            Item::Account(number) => {
                ("SELECT CAST(balance || rest AS BLOB) FROM accounts WHERE id = ?1", number)
            }
            Item::Audit(number) => ("SELECT note FROM audits WHERE id = ?1", number),
        };
        self.with(|connection| {
            let mut query = connection.prepare_cached(query)?;
            let found = query.query_row([i64::try_from(number)?], |row| row.get(0)).optional()?;
            Ok(found.ok_or("no such record")?)
        })
    }
}
