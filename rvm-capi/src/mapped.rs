//! A segment that C knows by the address of its first byte.

use std::ffi::c_void;
use std::sync::Arc;

use rvm_core::rvm_storage::locks::Mutex;
use rvm_core::{Rvm, Segment};

use crate::checked::Shadow;

/// A mapped segment.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) rvm: Arc<Rvm>,
    pub(crate) segment: Segment,
    /// In checked mode, what the segment was.
    pub(crate) shadow: Option<Mutex<Shadow>>,
}

impl Mapped {
    pub(crate) fn base(&self) -> usize {
        self.segment.base_ptr().addr()
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.segment.base_ptr().cast_mut().cast()
    }
}
