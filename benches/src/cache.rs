//! Files that are in the page cache, and files that are not.

use std::fs::File;

use rustix::fs::{Advice, fadvise};

use crate::Result;

/// Whether a file is in the page cache when it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Temperature {
    /// It is.
    Warm,
    /// It comes from the device.
    Cold,
}

/// Takes the pages of a file that was forced out of the cache.
pub(crate) fn drop_cache(file: &File) -> Result<()> {
    Ok(fadvise(file, 0, None, Advice::DontNeed)?)
}
