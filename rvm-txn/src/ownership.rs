//! From segments as a caller names them to places with the arbiter: checks that they are usable and of this store, counts each
//! once, and takes them.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::arbiter::{Mode, Refusal, Slots, Wait};
use crate::error::{Error, Result};
use crate::segment::{Segment, SegmentInner};
use crate::shared::Shared;

/// Segments that a transaction or a guard has.
pub(crate) type Inners = SmallVec<[Arc<SegmentInner>; 4]>;

/// Takes the segments, each once, in the order given.
///
/// # Errors
/// Misuse; [`Error::Busy`].
pub(crate) fn take_segments(
    shared: &Arc<Shared>,
    segments: &[&Segment],
    mode: Mode,
    wait: Wait,
) -> Result<Inners> {
    let mut inners = Inners::new();
    for segment in segments {
        if !Arc::ptr_eq(&segment.shared, shared) {
            return Err(Error::ForeignSegment { segment: segment.name().to_owned() });
        }
        segment.inner.check_usable()?;
        if !inners.iter().any(|inner| Arc::ptr_eq(inner, &segment.inner)) {
            inners.push(Arc::clone(&segment.inner));
        }
    }
    if inners.is_empty() {
        return Err(Error::NoSegments);
    }
    let slots: Slots = inners.iter().map(|inner| inner.slot).collect();
    match shared.arbiter.acquire(&slots, mode, wait) {
        Ok(()) => Ok(inners),
        Err(Refusal::Busy(error)) => Err(error),
        Err(Refusal::Gone(slot)) => {
            let gone = inners.iter().find(|inner| inner.slot == slot);
            let segment = gone.map_or_else(String::new, |inner| inner.name.to_string());
            Err(Error::NotMapped { segment })
        }
    }
}
