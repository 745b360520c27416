//! CRC-32C, seeded so that only a record of this epoch at this position can match.

use crate::ids::{Lsn, Salt};

/// The checksums of one epoch of one log.
#[derive(Clone, Copy, Debug)]
pub struct Checksums {
    salt_crc: u32,
}

impl Checksums {
    /// Checksums seeded with `salt`.
    #[must_use]
    pub fn new(salt: Salt) -> Self {
        Self { salt_crc: crc32c::crc32c(&salt.0) }
    }

    /// A checksum of a part of the record that starts at `lsn`.
    #[must_use]
    pub fn at(self, lsn: Lsn) -> Running {
        self.salted().over(&Self::position(lsn))
    }

    /// A checksum that goes on with a [position](Self::position).
    pub(crate) const fn salted(self) -> Running {
        Running(self.salt_crc)
    }

    /// The bytes by which a record's position seeds its checksums.
    pub(crate) const fn position(lsn: Lsn) -> [u8; 8] {
        lsn.0.to_le_bytes()
    }
}

/// A checksum that grows with the bytes it is given.
#[derive(Clone, Copy, Debug)]
pub struct Running(u32);

impl Running {
    /// A checksum without a seed.
    pub(crate) const UNSEEDED: Self = Self(0);

    /// The checksum of what came before and `bytes`.
    #[must_use]
    pub fn over(self, bytes: &[u8]) -> Self {
        Self(crc32c::crc32c_append(self.0, bytes))
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}
