//! Bytes as they are typed: `0a0b` after `hex:`, text in quotes, numbers behind their type, as in `u64le:42`.

use super::words::Word;
use crate::sizes::parse_hex;

/// The bytes of one or more values, one behind the other.
pub(super) fn bytes_of(words: &[Word]) -> Result<Vec<u8>, String> {
    if words.is_empty() {
        return Err(format!("a value is missing: {FORMS}"));
    }
    let mut bytes = Vec::new();
    for word in words {
        bytes.extend(value(word)?);
    }
    if bytes.is_empty() {
        return Err("there are no bytes in that".to_owned());
    }
    Ok(bytes)
}

pub(super) const FORMS: &str =
    "\"text\", hex:0a0b, or a number behind its type, as in u8:7, u64le:42, i32be:-1, f64le:0.5";

fn value(word: &Word) -> Result<Vec<u8>, String> {
    if word.quoted {
        return Ok(word.text.clone().into_bytes());
    }
    if let Some(digits) = word.text.strip_prefix("0x") {
        return parse_hex(digits);
    }
    let Some((kind, text)) = word.text.split_once(':') else {
        return Err(format!("{} is no value; write {FORMS}", word.text));
    };
    match kind {
        "hex" => parse_hex(text),
        "text" => Ok(text.as_bytes().to_vec()),
        kind => number(kind, text),
    }
}

/// A number of a type; those of a byte need no order.
fn number(kind: &str, text: &str) -> Result<Vec<u8>, String> {
    let (name, is_little) = match kind {
        "u8" | "i8" => (kind, true),
        _ => match (kind.strip_suffix("le"), kind.strip_suffix("be")) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => return Err(no_type(kind)),
        },
    };
    let little = match name {
        "u8" => integer::<1>(text, 0, 0xff)?.to_vec(),
        "u16" => integer::<2>(text, 0, u16::MAX.into())?.to_vec(),
        "u32" => integer::<4>(text, 0, u32::MAX.into())?.to_vec(),
        "u64" => integer::<8>(text, 0, u64::MAX.into())?.to_vec(),
        "i8" => integer::<1>(text, i8::MIN.into(), i8::MAX.into())?.to_vec(),
        "i16" => integer::<2>(text, i16::MIN.into(), i16::MAX.into())?.to_vec(),
        "i32" => integer::<4>(text, i32::MIN.into(), i32::MAX.into())?.to_vec(),
        "i64" => integer::<8>(text, i64::MIN.into(), i64::MAX.into())?.to_vec(),
        "f32" => text.parse::<f32>().map_err(|_| no_number(text))?.to_le_bytes().to_vec(),
        "f64" => text.parse::<f64>().map_err(|_| no_number(text))?.to_le_bytes().to_vec(),
        _ => return Err(no_type(kind)),
    };
    Ok(if is_little { little } else { little.into_iter().rev().collect() })
}

/// The first bytes of an integer, in little-endian order; those of all that lie between the limits fit.
fn integer<const LEN: usize>(text: &str, least: i128, most: i128) -> Result<[u8; LEN], String> {
    let digits = text.strip_prefix("0x").map(|digits| i128::from_str_radix(digits, 16));
    let number = digits.unwrap_or_else(|| text.parse()).map_err(|_| no_number(text))?;
    if !(least..=most).contains(&number) {
        return Err(format!("{text} does not lie between {least} and {most}"));
    }
    number.to_le_bytes().first_chunk().copied().ok_or_else(|| no_number(text))
}

fn no_number(text: &str) -> String {
    format!("{text:?} is no such number")
}

fn no_type(kind: &str) -> String {
    format!("{kind} is no type; write {FORMS}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::shell::words::words;

    fn bytes(text: &str) -> Result<Vec<u8>, String> {
        bytes_of(&words(text).unwrap())
    }

    /// Guards against bytes in the wrong order, and numbers that are cut to fit.
    #[test]
    fn values_are_the_bytes_that_their_type_says() {
        assert_eq!(bytes("u64le:42"), Ok(vec![42, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(bytes("u16be:0x0102 u8:255 i8:-1"), Ok(vec![1, 2, 255, 255]));
        assert_eq!(bytes("i32le:-2"), Ok(vec![0xfe, 0xff, 0xff, 0xff]));
        assert_eq!(bytes("i64be:-9223372036854775808"), Ok(vec![0x80, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(bytes("u64be:18446744073709551615"), Ok(vec![0xff; 8]));
        assert_eq!(
            bytes("f64be:1 f32le:0.5"),
            Ok(vec![0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3f])
        );
        assert_eq!(bytes("hex:0a0B 0x01 text:x \"y z\""), Ok(b"\x0a\x0b\x01xy z".to_vec()));
        for wrong in [
            "", "42", "u8:256", "u8:-1", "u64:1", "u24le:1", "hex:abc", "\"\"", "i8:x", "u8:0x",
            "u8:",
        ] {
            assert!(bytes(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
