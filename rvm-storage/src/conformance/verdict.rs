//! The words that checks are written in.
//!
//! A check ends with the first thing it finds wrong, told in a sentence. Helpers that make files and bytes are here,
//! too, so that a check says only what it is about.

use std::fmt::Debug;
use std::sync::Arc;

use crate::backend::{Blob, Storage};
use crate::error::{Result, StorageError};
use crate::name::{FileName, FileRole, SegmentName};

/// What was wrong, if anything was.
pub(super) type Verdict = std::result::Result<(), String>;

/// The value of an operation that must go well.
pub(super) fn done<T>(what: &str, result: Result<T>) -> std::result::Result<T, String> {
    result.map_err(|fault| format!("{what} failed: {fault}"))
}

/// Wants two values to be equal.
#[expect(clippy::needless_pass_by_value, reason = "most values are numbers, made for the call")]
pub(super) fn equal<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Verdict {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?} instead of {wanted:?}")) }
}

/// Wants something to hold.
pub(super) fn holds(what: &str, condition: bool) -> Verdict {
    if condition { Ok(()) } else { Err(what.to_owned()) }
}

/// Wants an operation to be refused with the right error.
pub(super) fn refused<T>(
    what: &str,
    result: Result<T>,
    wanted: &str,
    fits: impl Fn(&StorageError) -> bool,
) -> Verdict {
    match result {
        Ok(_) => Err(format!("{what} went well instead of failing with {wanted}")),
        Err(fault) if fits(&fault) => Ok(()),
        Err(fault) => Err(format!("{what} failed with {fault:?} instead of {wanted}")),
    }
}

pub(super) fn not_found<T>(what: &str, result: Result<T>) -> Verdict {
    refused(what, result, "NotFound", |f| matches!(f, StorageError::NotFound { .. }))
}

pub(super) fn already_exists<T>(what: &str, result: Result<T>) -> Verdict {
    refused(what, result, "AlreadyExists", |f| matches!(f, StorageError::AlreadyExists { .. }))
}

/// Wants a file to hold `wanted` and nothing else.
pub(super) fn content(what: &str, blob: &dyn Blob, wanted: &[u8]) -> Verdict {
    let len = done("len", blob.len())?;
    equal(&format!("{what}: the length"), len, len_of(wanted))?;
    let mut found = vec![0xEE; wanted.len()];
    done("read_at", blob.read_at(0, &mut found))?;
    same_bytes(what, &found, wanted)
}

/// Wants bytes to be equal, and tells of the first that is not.
pub(super) fn same_bytes(what: &str, found: &[u8], wanted: &[u8]) -> Verdict {
    if found == wanted {
        return Ok(());
    }
    equal(&format!("{what}: the number of bytes"), found.len(), wanted.len())?;
    match found.iter().zip(wanted).enumerate().find(|(_, (found, wanted))| found != wanted) {
        None => Ok(()),
        Some((at, (found, wanted))) => {
            Err(format!("{what}: byte {at} is {found:#04x} instead of {wanted:#04x}"))
        }
    }
}

/// The name of a segment's file.
pub(super) fn name(segment: &str, role: FileRole) -> std::result::Result<FileName, String> {
    Ok(FileName::new(&done("a segment's name", SegmentName::new(segment))?, role))
}

/// A new file named after `segment`.
pub(super) fn new_file(
    storage: &dyn Storage,
    segment: &str,
) -> std::result::Result<Arc<dyn Blob>, String> {
    done("create", storage.create(&name(segment, FileRole::Segment)?))
}

/// Bytes without zeros whose neighbours differ; another `seed` makes other bytes.
pub(super) fn pattern(seed: u8, len: usize) -> Vec<u8> {
    let step = |at: u8| at.wrapping_mul(7).wrapping_add(seed) | 1;
    (0..=u8::MAX).map(step).cycle().take(len).collect()
}

pub(super) fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
