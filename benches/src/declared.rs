//! What a transaction of the bank declares, of what it stores.

use std::ops::Range;

use rvm_core::rvm_storage::widths::wide;
use rvm_tpca::{AUDIT_LEN, RECORD_LEN};

/// What a transaction of the bank declares.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Declared {
    /// What it stores: three times 8 bytes, and an audit record.
    #[default]
    Stores,
    /// What it stores, each twice.
    StoresTwice,
    /// The records that it stores into, whole.
    Records,
}

impl Declared {
    /// The bytes that it declares, each counted once.
    #[must_use]
    pub fn user_bytes(self) -> u64 {
        match self {
            Self::Stores | Self::StoresTwice => 3 * 8 + AUDIT_LEN,
            Self::Records => 3 * RECORD_LEN + AUDIT_LEN,
        }
    }

    /// What is declared for one of its stores. Audit records are stored whole in any case.
    pub(crate) fn range(self, offset: u64, bytes: &[u8]) -> Range<u64> {
        let len = match wide(bytes.len()) {
            len if self == Self::Records && len < AUDIT_LEN => RECORD_LEN,
            len => len,
        };
        offset..offset + len
    }
}
