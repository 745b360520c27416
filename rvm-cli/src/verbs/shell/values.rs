//! Bytes as they are typed: text in quotes, digits behind `0x` or `hex:`, and numbers behind their type, as in `u64le:42`.

use rvm_core::rvm_history::typed::Type;

use super::words::Word;
use crate::sizes::parse_hex;

/// How a value is written.
pub(super) const FORMS: &str = "\"text\", 0x0a0b, or a value behind its type, as in u8:7, u64le:42, i32be:-1, f64le:0.5, hex:0a0b";

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
    let kind: Type = kind.parse().map_err(|fault| format!("{fault}"))?;
    kind.bytes_of(text).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::shell::words::words;

    fn bytes(text: &str) -> Result<Vec<u8>, String> {
        bytes_of(&words(text).unwrap())
    }

    /// Guards against bytes in the wrong order, and what is no value and is taken for one.
    #[test]
    fn values_are_the_bytes_that_their_type_says() {
        assert_eq!(bytes("u64le:42"), Ok(vec![42, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(bytes("u16be:258 u8:255 i8:-1"), Ok(vec![1, 2, 255, 255]));
        assert_eq!(bytes("hex:0a0B 0x01 text:x \"y z\""), Ok(b"\x0a\x0b\x01xy z".to_vec()));
        for wrong in
            ["", "42", "u8:256", "u64:1", "u24le:1", "hex:abc", "\"\"", "i8:x", "u8:", "0x0"]
        {
            assert!(bytes(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
