//! Fields of fixed places in bytes: numbers, little-endian, and keys. Reading never panics; what cannot be is an error that says where.

use super::super::key::{KEY_LEN_MAX, Key};
use crate::failure::Failure;

/// A key's bytes in place: its length, then its text, with zeros behind it.
pub(super) const KEY_FIELD_LEN: usize = 1 + KEY_LEN_MAX;

/// The bytes of a field.
pub(super) fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N], Failure> {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    field.copied().ok_or_else(|| {
        Failure::Demo(format!("the ledger ends at byte {}, before {offset} + {N}", bytes.len()))
    })
}

/// A `u64`.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Result<u64, Failure> {
    bytes_at(bytes, offset).map(u64::from_le_bytes)
}

/// An `i64`.
pub(super) fn i64_at(bytes: &[u8], offset: usize) -> Result<i64, Failure> {
    bytes_at(bytes, offset).map(i64::from_le_bytes)
}

/// An `i32`.
pub(super) fn i32_at(bytes: &[u8], offset: usize) -> Result<i32, Failure> {
    bytes_at(bytes, offset).map(i32::from_le_bytes)
}

/// A key; `None` where there was never one.
pub(super) fn key_at(bytes: &[u8], offset: usize) -> Result<Option<Key>, Failure> {
    let [len, text @ ..] = bytes_at::<KEY_FIELD_LEN>(bytes, offset)?;
    if len == 0 && text == [0; KEY_LEN_MAX] {
        return Ok(None);
    }
    let key = text.get(..usize::from(len)).and_then(|text| Key::new(text).ok());
    // Zeros behind the text are checked, too: half a key is none.
    let whole = key.filter(|key| *key.padded() == text);
    whole.map(Some).ok_or_else(|| {
        Failure::Demo(format!("the ledger holds no key at byte {offset} of an entry: {text:02x?}"))
    })
}

/// Appends a key's bytes.
pub(super) fn put_key(entry: &mut Vec<u8>, key: &Key) {
    entry.push(key.len());
    entry.extend_from_slice(key.padded());
}
