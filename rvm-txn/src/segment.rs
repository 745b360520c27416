//! A handle of a mapped segment.

use std::sync::Arc;

use crate::mapping::Mapping;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;

/// A mapped segment: a run of bytes that never loses a committed change.
///
/// A handle is cheap to clone. Dropping the last one does not unmap the segment; [`Store::unmap`](crate::Store::unmap) does.
#[derive(Clone, Debug)]
pub struct Segment {
    pub(crate) shared: Arc<Shared>,
    pub(crate) mapping: Arc<Mapping>,
}

impl Segment {
    /// The segment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.mapping.name.as_str()
    }

    /// The segment's length in bytes; at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a segment is never empty")]
    pub fn len(&self) -> u64 {
        self.mapping.len
    }

    /// The address of the segment's first byte: of a page, and the same as long as the segment is mapped. It is for programs in other
    /// languages, which write through it what a transaction has declared; nothing guards them from each other.
    #[must_use]
    pub fn base_ptr(&self) -> *const u8 {
        self.mapping.base.load(Ordering::Relaxed)
    }
}
