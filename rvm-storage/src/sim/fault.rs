//! Fault plans: which operation fails, and how.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::operation::{Operation, OperationKind};

/// How an operation fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// `EIO`, with nothing done.
    Error,
    /// `EIO`, with everything done: a force whose bytes are on the medium, though it says that it failed.
    ErrorWhenDone,
    /// `ENOSPC`, with nothing done.
    OutOfSpace,
    /// `ENOSPC` in the middle of a write: some of its first bytes are written. Other operations do nothing.
    ShortWrite,
    /// `EIO` of a force behind which the cache takes for clean what never reached the medium: later reads show it, later
    /// forces pass it over, a power cut loses it. Other operations do nothing.
    LostForce,
    /// As [`LostForce`](Self::LostForce), but some sectors did reach the medium.
    PartOfForce,
    /// The device is gone: this operation and all later ones fail.
    Dead,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Error,
        Self::ErrorWhenDone,
        Self::OutOfSpace,
        Self::ShortWrite,
        Self::LostForce,
        Self::PartOfForce,
        Self::Dead,
    ];

    pub(super) fn source(self) -> io::Error {
        match self {
            Self::OutOfSpace | Self::ShortWrite => io::ErrorKind::StorageFull.into(),
            Self::Error | Self::ErrorWhenDone | Self::LostForce | Self::PartOfForce => {
                io::Error::other("an injected fault")
            }
            Self::Dead => io::Error::other("an injected fault: the device is gone"),
        }
    }
}

/// Picks operations.
type Pick = dyn Fn(&Operation) -> bool + Send + Sync;

/// One operation, or all from one on, that fail.
///
/// ```
/// use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};
/// use rvm_storage::{FileName, FileRole, SegmentName, Storage};
///
/// let storage = SimStorage::new(1);
/// storage.inject(Fault::nth(0, Failure::LostForce).of(OperationKind::Force));
/// let blob = storage.create(&FileName::new(&SegmentName::new("a")?, FileRole::Segment))?;
/// blob.write_at(0, b"never on the medium")?;
/// assert!(blob.force().is_err());
/// assert!(blob.force().is_ok(), "the trap: a force that is tried again says yes");
/// assert_eq!(storage.faults_fired(), 1);
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Clone)]
pub struct Fault {
    left: u64,
    failure: Failure,
    lasting: bool,
    pick: Option<Arc<Pick>>,
    kind: Option<OperationKind>,
}

impl Fault {
    /// The operation behind the next `n` fails.
    #[must_use]
    pub fn nth(n: u64, failure: Failure) -> Self {
        Self { left: n, failure, lasting: failure == Failure::Dead, pick: None, kind: None }
    }

    /// Counts, and fails, operations of this kind only.
    #[must_use]
    pub fn of(self, kind: OperationKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Counts, and fails, only operations that `pick` picks. It is called with the device locked, and must not touch it.
    #[must_use]
    pub fn when(self, pick: impl Fn(&Operation) -> bool + Send + Sync + 'static) -> Self {
        Self { pick: Some(Arc::new(pick)), ..self }
    }

    /// All that are counted fail from then on, not only the first.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    /// What becomes of this operation.
    pub(super) fn meets(&mut self, operation: &Operation) -> Option<Failure> {
        let counts = self.kind.is_none_or(|kind| kind == operation.kind)
            && self.pick.as_ref().is_none_or(|pick| pick(operation));
        if !counts {
            return None;
        }
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        if !self.lasting {
            self.left = u64::MAX;
        }
        Some(self.failure)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("left", &self.left)
            .field("failure", &self.failure)
            .field("lasting", &self.lasting)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
