//! Checks that the logs of a store belong together: one store, each log once, and no log from an earlier time.
//!
//! Two epochs side by side are what an interrupted recovery leaves. Then no log of the newer one can have been used: the first commit waits
//! for all of them.

use std::collections::BTreeMap;

use rvm_log::format::fields::{SLOT, offset_of};
use rvm_log::{Epoch, Lsn, StoreId};
use rvm_storage::widths::wide;

use super::Log;
use super::findings::Finding;
use super::kinds::FindingKind;

/// Compares all logs.
pub(super) fn check(logs: &[Log], findings: &mut Vec<Finding>) {
    let mut tell = |log: &Log, kind, field: &str, detail: String| {
        let offset = log.slot_offset + wide(offset_of(SLOT, field));
        findings.push(Finding::new(kind, &log.file, offset, detail));
    };
    let store = most_common_store(logs);
    let mut identities: BTreeMap<u64, &Log> = BTreeMap::new();
    let newest = logs.iter().map(|log| log.header.epoch).max().unwrap_or(Epoch(0));
    let is_newest_used = logs.iter().any(|log| log.header.epoch == newest && !is_as_reset(log));
    for log in logs {
        let header = &log.header;
        if let Some(store) = store.filter(|store| *store != header.store_id) {
            let detail =
                format!("of store {}, its neighbours are of store {store}", header.store_id);
            tell(log, FindingKind::OtherStore, "store_id", detail);
        }
        if let Some(other) = identities.get(&header.log_id.0) {
            let detail = format!("log {} is also {}", header.log_id, other.file);
            tell(log, FindingKind::SameIdentity, "log_id", detail);
        }
        identities.entry(header.log_id.0).or_insert(log);
        if header.epoch.0 + 1 >= Lsn::LIMIT.0 {
            let detail = format!("the header's epoch cannot be {}", header.epoch);
            tell(log, FindingKind::HeaderField, "epoch", detail);
        }
        let behind = newest.0 - header.epoch.0;
        if behind > 1 || (behind == 1 && is_newest_used) {
            let detail =
                format!("of epoch {}, and the store has reached epoch {newest}", header.epoch);
            tell(log, FindingKind::OlderLog, "epoch", detail);
        }
    }
}

/// Whether a log is as a recovery leaves it, or as it was made.
fn is_as_reset(log: &Log) -> bool {
    let header = &log.header;
    header.clean
        && header.head == header.synced
        && header.prev_end == header.head
        && !log.walk.is_used
}

/// The store that most logs belong to; the first of several.
fn most_common_store(logs: &[Log]) -> Option<StoreId> {
    let count = |store: StoreId| logs.iter().filter(|log| log.header.store_id == store).count();
    let stores = logs.iter().map(|log| log.header.store_id);
    // Of several maxima the last is found.
    let last_first: Vec<StoreId> = stores.collect();
    last_first.into_iter().rev().max_by_key(|store| count(*store))
}
