//! Whoever watches a long piece of work, and may end it.

use std::fmt::Debug;

use crate::copy_error::{CopyError, Result};

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// The segments are read beside whoever writes to them.
    Copying,
    /// The store's files are held still, and what changed meanwhile is read again.
    Holding,
    /// What the logs have is laid over what was read.
    Settling,
    /// A copy is read and compared with its hashes.
    Checking,
    /// Segments are written.
    Writing,
    /// Two things are compared.
    Comparing,
}

/// Watches a long piece of work.
pub trait Observer: Debug {
    /// So many bytes of so many were gone through at this stage; a total of 0 is not known. False ends the work, which leaves nothing half done
    /// that could pass for whole.
    fn advanced(&mut self, stage: Stage, done: u64, total: u64) -> bool;
}

/// Watches nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn advanced(&mut self, _stage: Stage, _done: u64, _total: u64) -> bool {
        true
    }
}

/// Tells the observer, and ends the work if it says so.
pub(crate) fn advance(
    observer: &mut dyn Observer,
    stage: Stage,
    done: u64,
    total: u64,
) -> Result<()> {
    if observer.advanced(stage, done, total) { Ok(()) } else { Err(CopyError::Stopped) }
}
