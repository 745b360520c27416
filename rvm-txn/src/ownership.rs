//! From segments as a caller names them to places with the arbiter: checks that they are usable and of this store, counts each
//! once, and takes them.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::arbiter::{Mode, Refusal, Slots, Wait};
use crate::error::{Error, Result};
use crate::mapping::Mapping;
use crate::segment::Segment;
use crate::shared::Shared;

/// Segments that a transaction or a guard has.
pub(crate) type Mappings = SmallVec<[Arc<Mapping>; 1]>;

/// Segments that were taken, and their places with the arbiter.
pub(crate) struct Taken {
    pub(crate) mappings: Mappings,
    pub(crate) slots: Slots,
}

/// Takes the segments, each once, in the order given.
///
/// # Errors
/// Misuse; [`Error::Busy`].
pub(crate) fn take_segments(
    shared: &Arc<Shared>,
    segments: &[&Segment],
    mode: Mode,
    wait: Wait,
) -> Result<Taken> {
    let (mut mappings, mut slots) = (Mappings::new(), Slots::new());
    for segment in segments {
        if !Arc::ptr_eq(&segment.shared, shared) {
            return Err(Error::ForeignSegment { segment: segment.name().to_owned() });
        }
        segment.mapping.check_usable()?;
        if !mappings.iter().any(|mapping| Arc::ptr_eq(mapping, &segment.mapping)) {
            mappings.push(Arc::clone(&segment.mapping));
            slots.push(segment.mapping.slot);
        }
    }
    if mappings.is_empty() {
        return Err(Error::NoSegments);
    }
    match shared.arbiter.acquire(&slots, mode, wait) {
        Ok(()) => Ok(Taken { mappings, slots }),
        Err(Refusal::Busy(error)) => Err(error),
        Err(Refusal::Gone(slot)) => {
            let gone = mappings.iter().find(|mapping| mapping.slot == slot);
            let segment = gone.map_or_else(String::new, |mapping| mapping.name.to_string());
            Err(Error::NotMapped { segment })
        }
    }
}
