//! A list of types as the fields of a record, which repeats.

use std::str::FromStr;

use rvm_storage::widths::{narrow, wide};

use super::{Type, TypeError};

/// The types of the fields of a record, one after the other without gaps, again and again. Written as in `u64le,u32le,text:4`: the first record
/// starts where the bytes do; with `@OFFSET` behind it, as in `u64le,u64le@0x40`, one starts at that offset of the segment, and others before
/// and behind.
///
/// ```
/// use rvm_history::typed::{RecordLayout, Value};
///
/// let layout: RecordLayout = "u16le,u8".parse()?;
/// let bytes = [1, 0, 2, 3, 0, 4];
/// let values: Vec<_> = layout
///     .fields(100, bytes.len())
///     .map(|field| field.kind.value(&bytes[field.start..field.end]).to_string())
///     .collect();
/// assert_eq!(values, ["1", "2", "3", "4"]);
/// # Ok::<(), rvm_history::typed::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordLayout {
    types: Vec<Type>,
    /// Where in the segment a record starts.
    anchor: Option<u64>,
}

/// A field, in bytes that start somewhere in a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// Its type; `Type::Hex` if only a part of it is there.
    pub kind: Type,
}

impl RecordLayout {
    /// How long a record is, in bytes, and an offset where one starts. 0 bytes if the last field takes all that is left.
    #[must_use]
    pub fn record(&self) -> (u64, u64) {
        (self.size().map_or(0, wide), self.anchor.unwrap_or(0))
    }

    /// How many bytes a record has; `None` if its last field takes all that are left.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.types.iter().map(|kind| kind.size()).sum()
    }

    /// How many bytes there are from an offset of the segment to the next record; 0 where one starts, and where records start anywhere.
    #[must_use]
    pub fn until_record(&self, offset: u64) -> usize {
        let (Some(anchor), Some(size)) = (self.anchor, self.size()) else { return 0 };
        let size = wide(size.max(1));
        narrow((size + anchor % size - offset % size) % size)
    }

    /// The fields in the `len` bytes at `offset` of the segment. None is empty.
    pub fn fields(&self, offset: u64, len: usize) -> impl Iterator<Item = Field> {
        let (mut at, mut place, mut skipped) = self.first(offset);
        std::iter::from_fn(move || {
            let kind = *self.types.get(place).filter(|_| at < len)?;
            let whole = kind.size().unwrap_or(len - at);
            let start = at;
            let end = start.saturating_add(whole.saturating_sub(skipped)).min(len);
            let is_whole = end - start == whole;
            (at, place, skipped) = (end, (place + 1) % self.types.len(), 0);
            Some(Field { start, end, kind: if is_whole { kind } else { Type::Hex(None) } })
        })
    }

    /// Where the first field starts, which type it has, and how many of its bytes lie before.
    fn first(&self, offset: u64) -> (usize, usize, usize) {
        let record_len: usize = self.types.iter().map(|kind| kind.size().unwrap_or(0)).sum();
        let Some(anchor) = self.anchor.filter(|_| record_len > 0) else { return (0, 0, 0) };
        let record_len = wide(record_len);
        // Both are below the length of a record.
        let (offset, anchor) = (offset % record_len, anchor % record_len);
        let mut skipped = narrow((offset + record_len - anchor) % record_len);
        for (place, kind) in self.types.iter().enumerate() {
            let len = kind.size().unwrap_or(0);
            if skipped < len {
                return (0, place, skipped);
            }
            skipped -= len;
        }
        (0, 0, 0)
    }
}

impl FromStr for RecordLayout {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        let (types, anchor) = match text.split_once('@') {
            None => (text, None),
            Some((types, anchor)) => (types, Some(offset(anchor)?)),
        };
        let types: Vec<Type> =
            types.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>()?;
        let endless = types.iter().position(|kind| kind.size().is_none());
        if let Some(place) = endless
            && let Some(kind) = types.get(place)
            && (place + 1 < types.len() || anchor.is_some())
        {
            return Err(TypeError::NotLast { name: kind.to_string() });
        }
        Ok(Self { types, anchor })
    }
}

fn offset(text: &str) -> Result<u64, TypeError> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    };
    parsed.ok_or_else(|| TypeError::Offset { text: text.to_owned() })
}
