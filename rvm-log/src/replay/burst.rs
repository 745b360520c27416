//! Ranges as they were written, whose bytes are still in the scanner's window.
//!
//! They are gathered, so that the stores to a segment's memory, which mostly wait for memory, follow each other closely and wait
//! together.

use std::collections::TryReserveError;

use rvm_storage::widths::wide;

use super::{Range, ReplaySink};
use crate::error::Result;
use crate::ids::Lsn;
use crate::scan::Scanner;

/// How many ranges are gathered.
const COUNT: usize = 1024;

pub(super) struct Burst(Vec<Place>);

/// Where a range goes, and where its bytes are.
struct Place {
    offset: u64,
    lsn: Lsn,
    len: usize,
}

impl Default for Burst {
    fn default() -> Self {
        Self(Vec::with_capacity(COUNT))
    }
}

impl Burst {
    /// # Errors
    /// There is no memory: one record may have any number of ranges.
    pub(super) fn push(&mut self, range: &Range<'_>) -> std::result::Result<(), TryReserveError> {
        if !range.bytes.is_empty() {
            self.0.try_reserve(1)?;
            self.0.push(Place { offset: range.offset, lsn: range.lsn, len: range.bytes.len() });
        }
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= COUNT
    }

    /// Gives all to the sink, and is empty then; or stops at the first error. The scanner has read nothing new since they came.
    pub(super) fn drain(&mut self, scanner: &Scanner<'_>, sink: &mut dyn ReplaySink) -> Result<()> {
        for place in self.0.drain(..) {
            let bytes = scanner.held(place.lsn, wide(place.len));
            debug_assert_eq!(bytes.len(), place.len, "the window has moved");
            sink.apply(place.offset, bytes)?;
        }
        // One record may have had many.
        self.0.shrink_to(COUNT);
        Ok(())
    }
}
