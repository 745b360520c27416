//! Values for the fields of a format: those near the edges of things far more often than chance would have it.

use arbitrary::{Arbitrary, Result, Unstructured};

/// A number to put into a field.
#[derive(Clone, Copy, Debug)]
pub struct Value(pub u64);

impl Arbitrary<'_> for Value {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self(match u.arbitrary::<u8>()? % 8 {
            0..=2 => u.arbitrary::<u8>()?.into(),
            3 => u64::from(u.arbitrary::<u8>()?) * 8,
            4 => u64::from(u.arbitrary::<u8>()?) * 4096,
            5 | 6 => {
                // A power of two, and a little more or less.
                let (power, more) = (u.arbitrary::<u8>()? % 64, u.arbitrary::<i8>()?);
                (1_u64 << power).wrapping_add_signed(more.into())
            }
            _ => u.arbitrary()?,
        }))
    }
}

/// Overwrites a part of `bytes`, as far as it is there.
pub fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    let places = bytes.iter_mut().skip(at);
    places.zip(with).for_each(|(place, byte)| *place = *byte);
}
