//! The transactions of TPC-A, as the literature on recoverable memory runs them: three records of 128 bytes get 8 bytes
//! changed each, and an audit record of 64 bytes is appended.

/// The length of an account's, a teller's and a branch's record, in bytes.
pub const RECORD_LEN: u64 = 128;
/// The length of an audit record, in bytes.
pub const AUDIT_LEN: u64 = 64;

/// The lazy commits that are made durable by one flush, where that is measured.
pub const GROUP: u64 = 64;

/// How many commits run before the log is emptied: less than 1 MiB of records, so that the engine forces none of itself.
pub(crate) const COMMITS_PER_RUN: u64 = 5_000;

/// Draws transactions, always the same ones. The audit records fill the last eighth of the memory, round and round.
#[derive(Clone, Debug)]
pub struct Bank {
    records: u64,
    audits: u64,
    number: u64,
    dice: u64,
}

impl Bank {
    /// Transactions over `len` bytes, at least 4096.
    #[must_use]
    pub fn over(len: u64) -> Self {
        let len = len.max(4096);
        let records = (len - len / 8) / RECORD_LEN;
        let audits = (len - records * RECORD_LEN) / AUDIT_LEN;
        Self { records, audits, number: 0, dice: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next transaction.
    pub fn draw(&mut self) -> Change {
        let number = self.number;
        self.number += 1;
        let audit = self.records * RECORD_LEN + number % self.audits * AUDIT_LEN;
        let at = [self.record(), self.record(), self.record(), audit];
        let mut note = [0; 64];
        for (place, value) in note.chunks_exact_mut(8).zip([number, at[0], at[1], at[2]]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        Change { at, balance: number.to_le_bytes(), note }
    }

    /// The place of any record (Marsaglia's xorshift).
    fn record(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % self.records * RECORD_LEN
    }
}

/// What one transaction stores.
#[derive(Clone, Debug)]
pub struct Change {
    at: [u64; 4],
    balance: [u8; 8],
    note: [u8; 64],
}

impl Change {
    /// Offset and bytes of each store: three balances and an audit record.
    #[must_use]
    pub fn stores(&self) -> [(u64, &[u8]); 4] {
        let [first, second, third, audit] = self.at;
        let balance = self.balance.as_slice();
        [(first, balance), (second, balance), (third, balance), (audit, &self.note)]
    }

    /// Does the stores, and nothing else.
    pub fn store_into(&self, memory: &mut [u8]) {
        for (offset, bytes) in self.stores() {
            let place = usize::try_from(offset).ok().and_then(|start| memory.get_mut(start..));
            if let Some(place) = place.and_then(|place| place.get_mut(..bytes.len())) {
                place.copy_from_slice(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against transactions that measure less than they say: stores outside the memory are left out.
    #[test]
    fn every_store_lies_inside_and_the_audit_records_apart() {
        for len in [4096, 100_000, 1 << 20] {
            let mut bank = Bank::over(len);
            for _ in 0..10_000 {
                let change = bank.draw();
                let [balances @ .., (audit, note)] = change.stores();
                assert!(audit + 64 <= len && note.len() == 64);
                for (offset, bytes) in balances {
                    assert!(offset + RECORD_LEN <= len - len / 8 && bytes.len() == 8);
                }
            }
        }
    }
}
