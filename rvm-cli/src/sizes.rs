//! Numbers as users type them: `4096`, `64K`, `1MiB`, `0x1000`; and bytes in hexadecimal.

use std::fmt::Write as _;

/// Reads a length or an offset: decimal, or hexadecimal after `0x`, with `K`, `M`, `G` or `T` for powers of 1024 (also `KiB`,
/// `KB`, and so on).
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let fault = || format!("{text:?} is no size; write for example 4096, 64K, 1M or 0x1000");
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let hexadecimal = !digits.starts_with('+');
        return u64::from_str_radix(digits, 16).ok().filter(|_| hexadecimal).ok_or_else(fault);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return Err(fault()),
    };
    let number: u64 = digits.parse().map_err(|_| fault())?;
    number.checked_mul(factor).ok_or_else(|| format!("{text:?} is larger than any segment can be"))
}

/// Reads bytes in hexadecimal; spaces, `_` and `:` between bytes do not count.
pub(crate) fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | ':'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(c))
        .collect::<Result<_, char>>()
        .map_err(|c| format!("{c:?} is no hexadecimal digit"))?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(format!("{} hexadecimal digits are no whole number of bytes", digits.len()));
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Bytes as hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against units of 1000, and against lengths that wrap around.
    #[test]
    fn sizes_are_binary_and_checked() {
        assert_eq!(parse_size("4096"), Ok(4096));
        assert_eq!(parse_size("64K"), Ok(65_536));
        assert_eq!(parse_size("1MiB"), Ok(1 << 20));
        assert_eq!(parse_size("0x1f"), Ok(31));
        for wrong in
            ["", "K", "-1", "+1", "1.5M", "1X", "0x", "0x+1", "99999999999999999999", "17000000T"]
        {
            assert!(parse_size(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    /// Guards against half bytes that are dropped or padded in silence.
    #[test]
    fn hexadecimal_bytes_are_whole() {
        assert_eq!(parse_hex("0a0B"), Ok(vec![10, 11]));
        assert_eq!(parse_hex("0x de:ad_be ef"), Ok(vec![0xde, 0xad, 0xbe, 0xef]));
        assert!(parse_hex("abc").is_err());
        assert!(parse_hex("zz").is_err());
    }
}
