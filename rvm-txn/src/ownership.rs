//! From segments as a caller names them to places with the arbiter: checks that they are usable and of this store, counts each
//! once, and takes them.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::arbiter::{Left, Mode, Refusal, Slots, Wait};
use crate::error::{Error, Result};
use crate::mapping::Mapping;
use crate::part::Part;
use crate::segment::Segment;
use crate::shared::Shared;

/// Segments that were taken, their places with the arbiter, and what an earlier transaction left there.
pub(crate) struct Taken<'a> {
    pub(crate) mappings: SmallVec<[&'a Arc<Mapping>; 1]>,
    pub(crate) slots: Slots,
    pub(crate) left: Left<Box<Part>>,
}

/// Takes the segments, each once, in the order given.
///
/// # Errors
/// Misuse; [`Error::Busy`].
pub(crate) fn take_segments<'a>(
    shared: &Arc<Shared>,
    segments: &[&'a Segment],
    mode: Mode,
    wait: Wait,
) -> Result<Taken<'a>> {
    let (mut mappings, mut slots) = (SmallVec::<[&Arc<Mapping>; 1]>::new(), Slots::new());
    for segment in segments {
        if !Arc::ptr_eq(&segment.shared, shared) {
            return Err(Error::ForeignSegment { segment: segment.name().to_owned() });
        }
        segment.mapping.check_usable()?;
        if !mappings.iter().any(|mapping| Arc::ptr_eq(mapping, &segment.mapping)) {
            mappings.push(&segment.mapping);
            slots.push(segment.mapping.slot);
        }
    }
    if mappings.is_empty() {
        return Err(Error::NoSegments);
    }
    match shared.arbiter.acquire(&slots, mode, wait) {
        Ok(left) => Ok(Taken { mappings, slots, left }),
        Err(Refusal::Busy(error)) => Err(error),
        Err(Refusal::Gone(slot)) => {
            let gone = mappings.iter().find(|mapping| mapping.slot == slot);
            let segment = gone.map_or_else(String::new, |mapping| mapping.name.to_string());
            Err(Error::NotMapped { segment })
        }
    }
}
