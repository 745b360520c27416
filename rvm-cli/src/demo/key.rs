//! The text that an entry of the ledger is found by: a tail number, a carrier, an airport. Short enough to be kept in place.

use std::fmt;

/// The longest key, in bytes: with its length it fills 16.
pub(super) const KEY_LEN_MAX: usize = 15;

/// A short text; keys are ordered as texts are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// Zeros behind the text.
    bytes: [u8; KEY_LEN_MAX],
    len: u8,
}

impl Key {
    /// The key with this text, which is ASCII that can be seen, 1 to 15 bytes of it; or else what is wrong with it.
    pub(super) fn new(text: &[u8]) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if !text.iter().all(u8::is_ascii_graphic) {
            return Err("has other bytes than visible ASCII");
        }
        let mut bytes = [0; KEY_LEN_MAX];
        let Some(start) = bytes.get_mut(..text.len()) else {
            return Err("is longer than 15 bytes");
        };
        start.copy_from_slice(text);
        let len = u8::try_from(text.len()).map_err(|_| "is longer than 15 bytes")?;
        Ok(Self { bytes, len })
    }

    /// The text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The text with zeros behind it.
    pub(super) const fn padded(&self) -> &[u8; KEY_LEN_MAX] {
        &self.bytes
    }

    /// How long the text is.
    pub(super) const fn len(&self) -> u8 {
        self.len
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
