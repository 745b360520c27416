//! How a store of keys and values sees the bank.

use rvm_tpca::{AUDIT_LEN, Change, RECORD_LEN};

use crate::Result;

/// An account's record.
pub(super) type Record = [u8; 128];
/// An audit record.
pub(super) type Note = [u8; 64];

/// What a record is before the first transaction.
pub(super) const RECORD: Record = [1; 128];
/// What an audit record is before the first transaction.
pub(super) const NOTE: Note = [1; 64];

/// The number of the account that lies there.
pub(super) fn account(offset: u64) -> u64 {
    offset / RECORD_LEN
}

/// The number of the audit record that lies there.
pub(super) fn audit(offset: u64) -> u64 {
    offset / AUDIT_LEN
}

/// A number as a key, for stores that sort keys by their bytes.
#[expect(clippy::big_endian_bytes, reason = "so keys sort as their numbers do")]
pub(super) fn key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// A record whose balance, its first bytes, has changed.
pub(super) fn with_balance(record: &[u8], balance: &[u8]) -> Result<Record> {
    let mut record: Record = record.try_into()?;
    for (place, byte) in record.iter_mut().zip(balance) {
        *place = *byte;
    }
    Ok(record)
}

/// An account's number and its new balance.
type Balance<'a> = (u64, &'a [u8]);

/// A transaction: three balances, and an audit record with its number.
pub(super) fn entries(change: &Change) -> Result<([Balance<'_>; 3], (u64, Note))> {
    let [first, second, third, (offset, note)] = change.stores();
    let balances = [first, second, third].map(|(offset, bytes)| (account(offset), bytes));
    Ok((balances, (audit(offset), note.try_into()?)))
}
