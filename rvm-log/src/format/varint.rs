//! Unsigned integers in as few bytes as they need: seven bits a byte, the lowest first, the top bit set on all but the
//! last (LEB128). At most ten bytes; a longer or a padded form is not valid.

use super::fields::{Put, Take};

/// Room for the longest form.
pub(super) const LEN_MAX: usize = 10;

/// Puts `value`, if there is room.
#[inline]
pub(super) fn put(out: &mut Put<'_>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        out.u8(low | 0x80);
        value >>= 7;
    }
    let [last, ..] = value.to_le_bytes();
    out.u8(last);
}

/// How many bytes `value` takes.
#[inline]
pub(super) fn len(value: u64) -> u64 {
    // A byte for each seven bits, without a division: exact for up to 64 bits.
    let bits = u64::from(u64::BITS - (value | 1).leading_zeros());
    (bits * 9 + 64) / 64
}

/// Takes one integer; `None` if there is no valid one.
#[inline]
pub(super) fn take(bytes: &mut Take<'_>) -> Option<u64> {
    // Most are small.
    if let [byte @ ..0x80, rest @ ..] = bytes.0 {
        bytes.0 = rest;
        return Some((*byte).into());
    }
    take_longer(bytes)
}

fn take_longer(bytes: &mut Take<'_>) -> Option<u64> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.0.iter().take(LEN_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let is_beyond_64_bits = index == LEN_MAX - 1 && bits > 1;
        // A zero behind others is padding.
        if is_beyond_64_bits || *byte == 0 {
            return None;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            bytes.0 = bytes.0.get(index + 1..)?;
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against an integer that has two forms, or that loses bits.
    #[test]
    fn every_size_round_trips_and_padding_is_refused() {
        for shift in 0..64 {
            for value in [(1_u64 << shift) - 1, 1 << shift, u64::MAX >> shift] {
                let mut out = [0; LEN_MAX];
                let mut rest = Put(&mut out);
                put(&mut rest, value);
                let n = LEN_MAX - rest.0.len();
                assert_eq!(u64::try_from(n).unwrap(), len(value), "{value}");
                let mut bytes = Take(&out[..n]);
                assert_eq!(take(&mut bytes), Some(value));
                assert!(bytes.0.is_empty());
                assert_eq!(take(&mut Take(&out[..n - 1])), None, "cut short");
            }
        }
        assert_eq!(take(&mut Take(&[0x80, 0])), None, "padded");
        assert_eq!(take(&mut Take(&[0xff; 11])), None, "endless");
        let mut too_big = [0xff; LEN_MAX];
        too_big[9] = 0x02;
        assert_eq!(take(&mut Take(&too_big)), None, "65 bits");
        let mut longer = [0x80; LEN_MAX + 1];
        (longer[LEN_MAX - 1], longer[LEN_MAX]) = (0x81, 0x01);
        assert_eq!(take(&mut Take(&longer)), None, "a byte more than 64 bits can take");
    }
}
