//! What differs between two images: segments that only one has, lengths, and ranges of bytes.

mod ranges;

use std::collections::BTreeMap;

use crate::copy_error::Result;
use crate::image::{Image, Pieces};
use crate::observer::{Observer, Stage, advance};
use ranges::Ranges;
use ranges::Records;
pub use ranges::{GAP, RANGE_LEN_MAX, RECORD_LEN_MAX};

/// One of the two sides of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The first, or old, one.
    First,
    /// The second, or new, one.
    Second,
}

/// What differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Difference<'a> {
    /// Only one side has this segment.
    OnlyIn {
        /// Which side.
        side: Side,
        /// The segment.
        segment: &'a str,
        /// Its length.
        len: u64,
    },
    /// A segment has different lengths. What only the longer one has is not compared.
    Length {
        /// The segment.
        segment: &'a str,
        /// Its length on the first side.
        first: u64,
        /// And on the second.
        second: u64,
    },
    /// Bytes that differ. There may be some that are equal between them, fewer than [`GAP`] or a record at a time.
    Range {
        /// The segment.
        segment: &'a str,
        /// Where they start.
        offset: u64,
        /// The bytes of the first side; at most [`RANGE_LEN_MAX`].
        first: &'a [u8],
        /// As many bytes of the second side.
        second: &'a [u8],
    },
}

/// How much of a segment that both sides have differs.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SegmentSummary {
    /// The segment.
    pub name: String,
    /// Its length on the first side.
    pub first_len: u64,
    /// And on the second.
    pub second_len: u64,
    /// How many ranges differ.
    pub ranges: u64,
    /// How many bytes differ.
    pub bytes: u64,
}

/// What a comparison found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// The segments that both sides have, sorted by name.
    pub segments: Vec<SegmentSummary>,
    /// Those that one side has, and which, sorted by name.
    pub only: Vec<(String, Side)>,
}

impl Comparison {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let same = |segment: &SegmentSummary| {
            segment.ranges == 0 && segment.first_len == segment.second_len
        };
        self.only.is_empty() && self.segments.iter().all(same)
    }
}

/// Two things to compare.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    first: &'a Image,
    second: &'a Image,
    records: Records,
}

/// Compares all segments of two images, by name; tells `each` of what differs, in the order of names and offsets. Needs memory for some pieces
/// only; holes that both have cost nothing.
///
/// ```
/// use rvm_history::compare::{Difference, Sides, compare};
/// use rvm_history::image::Image;
/// use rvm_history::observer::Unobserved;
/// # use std::io::Write;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = |name| dir.path().join(name);
/// # for (name, text) in [("a", "old text"), ("b", "new text")] {
/// #     std::fs::OpenOptions::new().write(true).create(true).open(path(name))?.write_all(text.as_bytes())?;
/// # }
/// let (old, new) = (Image::of_file(&path("a"))?, Image::of_file(&path("b"))?);
/// let sides = Sides::new(&old, &new);
/// let found = sides.compare_segments(("a", "b"), &mut Unobserved, &mut |difference| {
///     let Difference::Range { offset, first, second, .. } = difference else { panic!() };
///     assert_eq!((offset, first, second), (0, &b"old"[..], &b"new"[..]));
///     Ok(())
/// })?;
/// assert_eq!((found.ranges, found.bytes), (1, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CopyError::Stopped`](crate::copy_error::CopyError::Stopped); what reading the images fails with; what `each` fails with.
pub fn compare(
    sides: Sides<'_>,
    observer: &mut dyn Observer,
    each: &mut dyn FnMut(Difference<'_>) -> Result<()>,
) -> Result<Comparison> {
    let mut lengths: BTreeMap<String, (Option<u64>, Option<u64>)> = BTreeMap::new();
    for (name, len) in sides.first.segments()? {
        lengths.entry(name).or_default().0 = Some(len);
    }
    for (name, len) in sides.second.segments()? {
        lengths.entry(name).or_default().1 = Some(len);
    }
    let mut found = Comparison::default();
    for (name, lengths) in lengths {
        let (side, len) = match lengths {
            (Some(len), None) => (Side::First, len),
            (None, Some(len)) => (Side::Second, len),
            _ => {
                let names = (name.as_str(), name.as_str());
                found.segments.push(sides.compare_segments(names, observer, each)?);
                continue;
            }
        };
        each(Difference::OnlyIn { side, segment: &name, len })?;
        found.only.push((name, side));
    }
    Ok(found)
}

impl<'a> Sides<'a> {
    /// The first, or old, one, and the second, or new, one.
    #[must_use]
    pub const fn new(first: &'a Image, second: &'a Image) -> Self {
        Self { first, second, records: Records { len: 1, start: 0 } }
    }

    /// Ranges are told as whole records of `len` bytes, one of which starts at `start`; at most [`RECORD_LEN_MAX`]. One that lies over the edge of a
    /// [piece](crate::image::PIECE_LEN) may be told in part.
    #[must_use]
    pub fn with_records(self, (len, start): (u64, u64)) -> Self {
        let len = len.clamp(1, RECORD_LEN_MAX);
        Self { records: Records { len, start: start % len }, ..self }
    }

    /// Compares a segment of the first side with one of the second, which may have another name.
    ///
    /// # Errors
    /// As [`compare`]; [`Error::NotFound`](rvm_txn::Error::NotFound).
    pub fn compare_segments(
        self,
        names: (&str, &str),
        observer: &mut dyn Observer,
        each: &mut dyn FnMut(Difference<'_>) -> Result<()>,
    ) -> Result<SegmentSummary> {
        let mut first = Cursor::new(self.first.pieces(names.0)?);
        let mut second = Cursor::new(self.second.pieces(names.1)?);
        let first_len = self.first.len_of(names.0)?.unwrap_or_default();
        let second_len = self.second.len_of(names.1)?.unwrap_or_default();
        let segment = names.0;
        if first_len != second_len {
            each(Difference::Length { segment, first: first_len, second: second_len })?;
        }
        let len = first_len.min(second_len);
        let mut ranges = Ranges::new(segment, len, self.records);
        first.step()?;
        second.step()?;
        while let Some(offset) = first.offset.into_iter().chain(second.offset).min() {
            if offset >= len {
                break;
            }
            advance(observer, Stage::Comparing, offset, len)?;
            ranges.add(offset, (first.at(offset), second.at(offset)), each)?;
            for cursor in [&mut first, &mut second] {
                if cursor.offset == Some(offset) {
                    cursor.step()?;
                }
            }
        }
        let (count, bytes) = ranges.finish(each)?;
        let name = segment.to_owned();
        Ok(SegmentSummary { name, first_len, second_len, ranges: count, bytes })
    }
}

/// A segment that is gone through, and the piece where that is.
struct Cursor<'a> {
    pieces: Pieces<'a>,
    /// Where the piece starts; `None` behind the last.
    offset: Option<u64>,
    bytes: Vec<u8>,
}

impl<'a> Cursor<'a> {
    fn new(pieces: Pieces<'a>) -> Self {
        Self { pieces, offset: None, bytes: Vec::new() }
    }

    fn step(&mut self) -> Result<()> {
        let piece = self.pieces.next()?;
        self.offset = piece.map(|piece| piece.offset);
        self.bytes.clear();
        self.bytes.extend_from_slice(piece.map(|piece| piece.bytes).unwrap_or_default());
        Ok(())
    }

    /// The bytes from `offset` on; none if they are zeros.
    fn at(&self, offset: u64) -> &[u8] {
        if self.offset == Some(offset) { &self.bytes } else { &[] }
    }
}
