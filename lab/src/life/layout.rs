//! Where a transaction leaves its mark in a segment, and where the shared cell is.
//!
//! The shared cell stands at both ends of the segment, far apart, so that half of a change shows.

use std::ops::Range;

use rvm_core::{Result, Segment, Transaction};

use crate::oracle::{SegmentFound, TxnNo};

/// The length of a segment when it is made, in bytes.
pub(super) const LEN: u64 = 4096;

/// By how much a segment is extended, in bytes.
pub(super) const EXTENSION: u64 = 1024;

/// The most transactions of a life: one mark each.
pub(super) const TXNS_MAX: u32 = 96;

const CELL_LEN: u64 = 4;
const MARKS_START: u64 = 8;
const LAST_CELL: u64 = LEN - CELL_LEN;

/// Bytes that a large transaction fills, again and again.
const BULK: Range<u64> = 1024..3072;

/// Writes what a transaction writes in a segment, and `bulk` times the large range too.
///
/// # Errors
/// As [`Transaction::write`].
pub(super) fn leave_mark(
    txn: &mut Transaction,
    segment: &Segment,
    no: TxnNo,
    bulk: u8,
) -> Result<()> {
    let number = no.0.to_le_bytes();
    txn.write(segment, mark_of(no), &number)?;
    for cell in cells() {
        txn.write(segment, cell, &number)?;
    }
    for _ in 0..bulk {
        txn.about_to_modify(segment, BULK)?.fill(number[0]);
    }
    Ok(())
}

fn cells() -> [u64; 2] {
    [0, LAST_CELL]
}

fn mark_of(txn: TxnNo) -> u64 {
    MARKS_START + CELL_LEN * u64::from(txn.0)
}

fn cell(bytes: &[u8], offset: u64) -> u32 {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    bytes
        .get(start..start.saturating_add(4))
        .and_then(|cell| cell.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

/// The last writer in the shared cell; an error if its two places differ.
pub(super) fn last_writer(bytes: &[u8]) -> std::result::Result<Option<TxnNo>, String> {
    let [first, second] = cells().map(|offset| cell(bytes, offset));
    if first != second {
        return Err(format!("half of a change: the shared cell holds {first} and {second}"));
    }
    Ok((first != 0).then_some(TxnNo(first)))
}

/// Reads marks and cell; an error for bytes that no transaction wrote.
pub(super) fn read(bytes: &[u8]) -> std::result::Result<SegmentFound, String> {
    let mut found = SegmentFound { last: last_writer(bytes)?, ..SegmentFound::default() };
    for txn in (0..TXNS_MAX).map(TxnNo) {
        match cell(bytes, mark_of(txn)) {
            0 => {}
            mark if mark == txn.0 => found.present.insert(txn),
            other => return Err(format!("{other} where the mark of {txn} belongs")),
        }
    }
    let bulk = usize::try_from(BULK.start).unwrap_or(0)..usize::try_from(BULK.end).unwrap_or(0);
    let bulk = bytes.get(bulk).unwrap_or_default();
    if bulk.iter().any(|byte| Some(byte) != bulk.first()) {
        return Err("part of a large change".to_owned());
    }
    let extended = bytes.get(usize::try_from(LEN).unwrap_or(usize::MAX)..).unwrap_or_default();
    match extended.iter().position(|byte| *byte != 0) {
        Some(at) => Err(format!("byte {at} behind the extension is {}, not 0", extended[at])),
        None => Ok(found),
    }
}
