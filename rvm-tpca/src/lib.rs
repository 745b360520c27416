//! The transactions of TPC-A, as the literature on recoverable memory runs them (Satyanarayanan and others, *Lightweight
//! Recoverable Virtual Memory*, 1993, section 7.1): three records of 128 bytes get 8 bytes changed each, and an audit
//! record of 64 bytes is appended.
//!
//! ```
//! let mut memory = vec![0; 1 << 16];
//! let mut bank = rvm_tpca::Bank::over(1 << 16, rvm_tpca::Pattern::Random);
//! for (offset, bytes) in bank.draw().stores() {
//!     let start = usize::try_from(offset).expect("small");
//!     memory[start..start + bytes.len()].copy_from_slice(bytes);
//! }
//! ```

#![forbid(unsafe_code)]

/// The length of an account's, a teller's and a branch's record, in bytes.
pub const RECORD_LEN: u64 = 128;
/// The length of an audit record, in bytes.
pub const AUDIT_LEN: u64 = 64;

/// Which accounts the transactions go to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Pattern {
    /// Any of them: the worst that a cache can meet.
    #[default]
    Random,
    /// One after the other: the best.
    Sequential,
}

/// Draws transactions, always the same ones. The audit records fill the last eighth of the memory, round and round.
#[derive(Clone, Debug)]
pub struct Bank {
    records: u64,
    audits: u64,
    number: u64,
    pattern: Pattern,
    dice: u64,
}

impl Bank {
    /// Transactions over `len` bytes, at least 4096.
    #[must_use]
    pub fn over(len: u64, pattern: Pattern) -> Self {
        let len = len.max(4096);
        let records = (len - len / 8) / RECORD_LEN;
        let audits = (len - records * RECORD_LEN) / AUDIT_LEN;
        Self { records, audits, number: 0, pattern, dice: 0x9e37_79b9_7f4a_7c15 }
    }

    /// How many accounts there are. They lie at the beginning.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many audit records there is room for, right behind the accounts.
    #[must_use]
    pub fn audits(&self) -> u64 {
        self.audits
    }

    /// This bank, and others without end, each so many transactions ahead of the one before: for threads of which no two are to
    /// draw the same at the same time.
    pub fn apart(self, transactions: u64) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), move |before| {
            let mut next = before.clone();
            for _ in 0..transactions {
                next.draw();
            }
            Some(next)
        })
    }

    /// The next transaction.
    pub fn draw(&mut self) -> Change {
        let number = self.number;
        self.number += 1;
        let audit = self.records * RECORD_LEN + number % self.audits * AUDIT_LEN;
        let [first, second, third] = [0, 1, 2].map(|store| match self.pattern {
            Pattern::Random => self.roll(),
            Pattern::Sequential => number * 3 + store,
        });
        let place = |record: u64| record % self.records * RECORD_LEN;
        let at = [place(first), place(second), place(third), audit];
        let mut note = [0; 64];
        for (place, value) in note.chunks_exact_mut(8).zip([number, at[0], at[1], at[2]]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        Change { at, balance: number.to_le_bytes(), note }
    }

    /// Any number (Marsaglia's xorshift).
    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
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
        let patterns = [Pattern::Random, Pattern::Sequential];
        for (len, pattern) in [4096, 100_000, 1 << 20]
            .into_iter()
            .flat_map(|len| patterns.map(|pattern| (len, pattern)))
        {
            let mut bank = Bank::over(len, pattern);
            let accounts_end = bank.records() * RECORD_LEN;
            assert!(accounts_end + bank.audits() * AUDIT_LEN <= len);
            for _ in 0..10_000 {
                let change = bank.draw();
                let [balances @ .., (audit, note)] = change.stores();
                assert!(audit + 64 <= len && note.len() == 64);
                assert!(audit >= accounts_end);
                for (offset, bytes) in balances {
                    assert!(offset + RECORD_LEN <= len - len / 8 && bytes.len() == 8);
                }
            }
        }
    }

    /// Guards against threads that all measure the same caches.
    #[test]
    fn banks_apart_draw_what_the_first_draws_later() {
        let mut first = Bank::over(1 << 16, Pattern::Random);
        for mut bank in first.clone().apart(3).take(4) {
            assert_eq!(bank.draw().stores(), first.draw().stores());
            first.draw();
            first.draw();
        }
    }

    /// Guards against an order that is another than it says: the best that a cache can meet.
    #[test]
    fn in_sequence_each_record_follows_the_one_before() {
        let mut bank = Bank::over(1 << 16, Pattern::Sequential);
        for first in (0..30).step_by(3) {
            let change = bank.draw();
            let [one, two, three, _] = change.stores().map(|(offset, _)| offset);
            assert_eq!([one, two, three], [0, 1, 2].map(|next| (first + next) * RECORD_LEN));
        }
    }
}
