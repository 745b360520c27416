//! How many bytes of log a commit makes. The same each time, so tests hold it.

use std::sync::Arc;

use rvm_core::rvm_storage::MemStorage;
use rvm_core::{Durability, RangePolicy, Rvm};
use rvm_tpca::{Bank, Pattern};

use crate::Result;
use crate::declared::Declared;

/// The bytes of log for a commit of such a transaction, the mean of some.
///
/// # Errors
/// None that is known: it is done in memory.
pub fn log_bytes_of_a_commit(declared: Declared, policy: RangePolicy) -> Result<u64> {
    const COMMITS: u64 = 1_000;
    const LEN: u64 = 1 << 20;
    let options = Rvm::options().background(false).log_capacity_initial(1 << 20);
    let rvm = options.range_policy(policy).open_with(Arc::new(MemStorage::new()))?;
    let segment = rvm.map("bank", LEN)?;
    let mut bank = Bank::over(LEN, Pattern::Random);
    for _ in 0..COMMITS {
        let change = bank.draw();
        let mut txn = rvm.begin(&[&segment])?;
        for (offset, bytes) in change.stores() {
            let range = declared.range(offset, bytes);
            if declared == Declared::StoresTwice {
                txn.about_to_modify(&segment, range.clone())?;
            }
            let place = txn.about_to_modify(&segment, range)?;
            place.get_mut(..bytes.len()).ok_or("a short range")?.copy_from_slice(bytes);
        }
        txn.commit_with(Durability::Lazy)?;
    }
    Ok(rvm.stats().log_bytes / COMMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against records that grow: whole records cost at most 1.3 times their bytes, and the bank's stores 200 bytes.
    #[test]
    fn a_commit_makes_little_log() {
        let whole = log_bytes_of_a_commit(Declared::Records, RangePolicy::PerCall).unwrap();
        assert!(whole * 10 <= Declared::Records.user_bytes() * 13, "{whole} bytes");
        let stores = log_bytes_of_a_commit(Declared::Stores, RangePolicy::PerCall).unwrap();
        assert!(stores <= 200, "{stores} bytes");
    }

    /// Guards against ranges that are declared again and logged again, although they are to be laid together.
    #[test]
    fn what_is_declared_twice_is_logged_once() {
        let bytes = |declared, policy| log_bytes_of_a_commit(declared, policy).unwrap();
        let once = bytes(Declared::Stores, RangePolicy::Coalesce);
        assert_eq!(bytes(Declared::StoresTwice, RangePolicy::Coalesce), once);
        assert!(bytes(Declared::StoresTwice, RangePolicy::PerCall) > once + 3 * 8 + 64);
    }
}
