//! What fuzzing found, by hand-made stores: each was accepted, or half applied, where it had to be refused.
use std::sync::Arc;

use rvm_core::Rvm;
use rvm_core::rvm_log::format::record::Position;
use rvm_core::rvm_log::*;
use rvm_core::rvm_storage::*;

/// A log with an empty header but for `change`, and records of one range at given LSNs.
fn put(
    s: &MemStorage,
    name: &str,
    id: u64,
    seg: usize,
    change: fn(&mut LogHeader),
    records: &[(u64, u64)],
) {
    let segment = SegmentName::new(name).unwrap();
    let mut header = LogHeader {
        generation: 1,
        store_id: StoreId([7; 16]),
        log_id: LogId(id),
        segment_len: 0,
        epoch: Epoch(1),
        salt: Salt([1; 16]),
        ring: Ring::new(32768).unwrap(),
        head: Lsn(0),
        prev_end: Lsn(0),
        synced: Lsn(0),
        txn_id_max: TxnId(0),
        clean: false,
        segment_name: segment.clone(),
    };
    change(&mut header);
    let mut file = vec![0; 8192 + 32768];
    file[..4096].copy_from_slice(&header.encode());
    file[4096..8192].copy_from_slice(&header.encode());
    for (lsn, offset) in records {
        let draft = Draft::new(TxnId(1), std::iter::once((*offset, b"hello".as_slice())));
        let at = Position { lsn: Lsn(*lsn), epoch: Epoch(1), synced: Lsn(*lsn) };
        let mut out = AlignedBuf::new();
        draft.encode(&draft.measure().unwrap(), at, Checksums::new(header.salt), &mut out);
        let start = 8192 + *lsn as usize;
        file[start..start + out.len()].copy_from_slice(out.as_slice());
    }
    s.replace_file(&FileName::new(&segment, FileRole::Log), file);
    s.replace_file(&FileName::new(&segment, FileRole::Segment), vec![0; seg]);
}

fn rw(s: &MemStorage) -> std::result::Result<(), String> {
    Rvm::options()
        .background(false)
        .open_with(Arc::new(s.clone()))
        .map(drop)
        .map_err(|e| e.to_string())
}

fn ro(s: &MemStorage) -> std::result::Result<(), String> {
    Rvm::options()
        .read_only(true)
        .open_with(Arc::new(s.clone()))
        .map(drop)
        .map_err(|e| e.to_string())
}

/// Guards against a reader that passes over a log because its segment is empty.
#[test]
fn reading_passes_over_a_log_whose_segment_is_empty() {
    let s = MemStorage::new();
    put(&s, "a", 1, 0, |_| {}, &[(0, 0)]);
    let (read, written) = (ro(&s), rw(&s));
    assert!(read.is_err());
    assert_eq!(read, written);
}
/// Guards against a store that is refused after one of its segments was written.
#[test]
fn a_refused_opening_has_written_another_segment() {
    let s = MemStorage::new();
    put(&s, "a", 1, 16, |_| {}, &[(0, 0)]);
    put(&s, "b", 2, 16, |_| {}, &[(0, 100)]);
    rw(&s).unwrap_err();
    let a = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Segment);
    assert_eq!(s.read_file(&a).unwrap(), [0; 16]);
}
/// Guards against a clean mark that hides the loss of durable records.
#[test]
fn a_clean_log_with_proof_of_lost_records_is_opened_for_use() {
    let s = MemStorage::new();
    put(&s, "a", 1, 16, |h| h.clean = true, &[(800, 0)]);
    let (read, written) = (ro(&s), rw(&s));
    assert!(read.is_err());
    assert_eq!(read, written);
}
