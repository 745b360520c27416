//! Bytes as values of types: numbers, text, characters, hexadecimal digits.

mod layout;

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

pub use layout::{Field, RecordLayout};

/// What cannot be taken for a type, a layout or a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// There is no such type.
    #[error(
        "{name:?} is no type; there are u8 i8 u16le u16be u32le u32be u64le u64be i16le to i64be f32le f32be f64le f64be char, \
         and hex and text, or hex:N and text:N for N bytes"
    )]
    Unknown {
        /// What was given.
        name: String,
    },
    /// A type without a length takes all that is left, so nothing comes behind it.
    #[error("{name:?} takes all that is left: say how many bytes, as in {name}:8")]
    NotLast {
        /// The type.
        name: String,
    },
    /// An offset that is none.
    #[error("{text:?} is no offset, as in @64 or @0x40")]
    Offset {
        /// What was given.
        text: String,
    },
    /// A value that the type does not have.
    #[error("{text:?} is no value of {name}")]
    Value {
        /// What was given.
        text: String,
        /// The type.
        name: String,
    },
}

/// A type of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Type {
    /// A whole number from 0 on.
    Unsigned(Width, Order),
    /// A whole number.
    Signed(Width, Order),
    /// A floating point number of 4 bytes.
    F32(Order),
    /// A floating point number of 8 bytes.
    F64(Order),
    /// One byte, as ASCII.
    Char,
    /// So many bytes of UTF-8, or all that are left.
    Text(Option<usize>),
    /// So many bytes as digits, or all that are left.
    Hex(Option<usize>),
}

/// How wide a whole number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the numbers of bytes speak for themselves")]
pub enum Width {
    One,
    Two,
    Four,
    Eight,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The lowest.
    Little,
    /// The highest.
    Big,
}

/// A value.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A whole number from 0 on.
    Unsigned(u64),
    /// A whole number.
    Signed(i64),
    /// A floating point number of 4 bytes.
    F32(f32),
    /// A floating point number of 8 bytes.
    F64(f64),
    /// Text; bytes that are not UTF-8 are replaced. It may hold control characters, which are shown as escapes.
    Text(String),
    /// Hexadecimal digits, two for each byte.
    Hex(String),
}

/// The types by their names, but those that have a length.
const NAMES: [(&str, Type); 19] = [
    ("u8", Type::Unsigned(Width::One, Order::Little)),
    ("i8", Type::Signed(Width::One, Order::Little)),
    ("u16le", Type::Unsigned(Width::Two, Order::Little)),
    ("u16be", Type::Unsigned(Width::Two, Order::Big)),
    ("i16le", Type::Signed(Width::Two, Order::Little)),
    ("i16be", Type::Signed(Width::Two, Order::Big)),
    ("u32le", Type::Unsigned(Width::Four, Order::Little)),
    ("u32be", Type::Unsigned(Width::Four, Order::Big)),
    ("i32le", Type::Signed(Width::Four, Order::Little)),
    ("i32be", Type::Signed(Width::Four, Order::Big)),
    ("u64le", Type::Unsigned(Width::Eight, Order::Little)),
    ("u64be", Type::Unsigned(Width::Eight, Order::Big)),
    ("i64le", Type::Signed(Width::Eight, Order::Little)),
    ("i64be", Type::Signed(Width::Eight, Order::Big)),
    ("f32le", Type::F32(Order::Little)),
    ("f32be", Type::F32(Order::Big)),
    ("f64le", Type::F64(Order::Little)),
    ("f64be", Type::F64(Order::Big)),
    ("char", Type::Char),
];

impl Width {
    const fn len(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

impl Type {
    /// How many bytes a value has; `None` for all that are left.
    #[must_use]
    pub const fn size(self) -> Option<usize> {
        match self {
            Self::Unsigned(width, _) | Self::Signed(width, _) => Some(width.len()),
            Self::F32(_) => Some(4),
            Self::F64(_) => Some(8),
            Self::Char => Some(1),
            Self::Text(len) | Self::Hex(len) => len,
        }
    }

    /// The value of these bytes; hexadecimal digits if they are too few or too many.
    #[must_use]
    pub fn value(self, bytes: &[u8]) -> Value {
        if self.size().is_some_and(|len| len != bytes.len()) {
            return Value::Hex(hex(bytes));
        }
        match self {
            Self::Unsigned(_, order) => {
                Value::Unsigned(u64::from_le_bytes(lowest(bytes, order, 0)))
            }
            Self::Signed(_, order) => {
                let highest = if order == Order::Big { bytes.first() } else { bytes.last() };
                let negative = highest.is_some_and(|byte| byte & 0x80 != 0);
                let fill = if negative { 0xff } else { 0 };
                Value::Signed(i64::from_le_bytes(lowest(bytes, order, fill)))
            }
            Self::F32(order) => {
                let [a, b, c, d, ..] = lowest(bytes, order, 0);
                Value::F32(f32::from_le_bytes([a, b, c, d]))
            }
            Self::F64(order) => Value::F64(f64::from_le_bytes(lowest(bytes, order, 0))),
            // A field that is longer than its text is filled up.
            Self::Text(Some(_)) => {
                let text = String::from_utf8_lossy(bytes);
                Value::Text(text.trim_end_matches('\0').to_owned())
            }
            Self::Char | Self::Text(None) => {
                Value::Text(String::from_utf8_lossy(bytes).into_owned())
            }
            Self::Hex(_) => Value::Hex(hex(bytes)),
        }
    }

    /// The bytes of a value that is written down.
    ///
    /// # Errors
    /// [`TypeError::Value`].
    pub fn bytes_of(self, text: &str) -> Result<Vec<u8>, TypeError> {
        let fault = || TypeError::Value { text: text.to_owned(), name: self.to_string() };
        let bytes = match self {
            Self::Unsigned(width, order) => {
                let number: u64 = text.parse().map_err(|_| fault())?;
                ordered(&number.to_le_bytes(), width.len(), order)
            }
            Self::Signed(width, order) => {
                let number: i64 = text.parse().map_err(|_| fault())?;
                ordered(&number.to_le_bytes(), width.len(), order)
            }
            Self::F32(order) => {
                let number: f32 = text.parse().map_err(|_| fault())?;
                ordered(&number.to_le_bytes(), 4, order)
            }
            Self::F64(order) => {
                let number: f64 = text.parse().map_err(|_| fault())?;
                ordered(&number.to_le_bytes(), 8, order)
            }
            Self::Char | Self::Text(_) => text.as_bytes().to_vec(),
            Self::Hex(_) => from_hex(text).ok_or_else(fault)?,
        };
        // A number that does not fit comes back as another one.
        let is_number = matches!(self, Self::Unsigned(..) | Self::Signed(..));
        let differs = is_number && self.value(&bytes).to_string().parse() != text.parse::<i128>();
        let fits = self.size().is_none_or(|len| len == bytes.len());
        if fits && !differs { Ok(bytes) } else { Err(fault()) }
    }
}

/// The bytes of a number, lowest first, and `fill` above them.
fn lowest(bytes: &[u8], order: Order, fill: u8) -> [u8; 8] {
    let mut all = [fill; 8];
    for (place, byte) in all.iter_mut().zip(in_order(bytes, order)) {
        *place = byte;
    }
    all
}

fn ordered(lowest_first: &[u8], len: usize, order: Order) -> Vec<u8> {
    in_order(lowest_first.get(..len).unwrap_or_default(), order).collect()
}

/// Lowest first if they are not, and the other way round.
fn in_order(bytes: &[u8], order: Order) -> impl Iterator<Item = u8> {
    let reversed = order == Order::Big;
    let place = move |at: usize| if reversed { bytes.len() - 1 - at } else { at };
    (0..bytes.len()).filter_map(move |at| bytes.get(place(at)).copied())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Option<Vec<u8>> = text.chars().map(digit).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

impl FromStr for Type {
    type Err = TypeError;

    fn from_str(name: &str) -> Result<Self, TypeError> {
        if let Some((_, found)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*found);
        }
        let unknown = || TypeError::Unknown { name: name.to_owned() };
        let (kind, len) =
            name.split_once(':').map_or((name, None), |(kind, len)| (kind, Some(len)));
        let len = len.map(|len| {
            len.parse().ok().filter(|len| (1..=1 << 20).contains(len)).ok_or_else(unknown)
        });
        match kind {
            "text" => Ok(Self::Text(len.transpose()?)),
            "hex" => Ok(Self::Hex(len.transpose()?)),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(None) => f.write_str("text"),
            Self::Hex(None) => f.write_str("hex"),
            Self::Text(Some(len)) => write!(f, "text:{len}"),
            Self::Hex(Some(len)) => write!(f, "hex:{len}"),
            number => {
                let found = NAMES.iter().find(|(_, found)| found == number);
                f.write_str(found.map_or("", |(name, _)| name))
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::F32(number) => number.fmt(f),
            Self::F64(number) => number.fmt(f),
            Self::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Self::Hex(digits) => f.write_str(digits),
        }
    }
}

#[cfg(test)]
mod tests;
