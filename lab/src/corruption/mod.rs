//! Damage to any byte or block of any file of a store whose history is known: what is found must be exactly what was acknowledged, or an
//! error that names a file and a place.
//!
//! Two things the format cannot tell, and docs/format.md says so: whether the very last force of a log was ever acknowledged, and whether
//! bytes of a segment's file rotted that no record covers. Both are counted apart, and each must be exactly that: the state
//! without the last force and what the same damage took before it, or the damaged bytes and no other.

mod damage;
mod judge;
mod specimen;

pub use damage::{Damage, blocks, every_bit, every_byte};
pub use judge::{Tally, damage_all};
pub use specimen::{Specimen, State};
