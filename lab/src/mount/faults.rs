//! Which change of a life fails, and how.

use fastrand::Rng;
use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};

/// A fault, drawn for a life that is as long as one that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    nth: u64,
    failure: Failure,
    lasting: bool,
}

impl Plan {
    /// `seen` had the same life, without a fault. Half of the faults are failed forces, since there a cache may lie.
    pub(super) fn draw(rng: &mut Rng, seen: &SimStorage) -> Self {
        let forces = [Failure::LostForce, Failure::PartOfForce];
        let failure =
            if rng.bool() { forces[rng.usize(..2)] } else { Failure::ALL[rng.usize(..7)] };
        let suited = OperationKind::ALL.into_iter().filter(|kind| suits(failure, *kind));
        let changes: u64 = suited.map(|kind| seen.count(kind)).sum();
        Self { nth: rng.u64(..changes.max(1)), failure, lasting: rng.bool() }
    }

    pub(super) fn inject(self, storage: &SimStorage) {
        let Self { nth, failure, lasting } = self;
        let fault = Fault::nth(nth, failure).when(move |operation| suits(failure, operation.kind));
        storage.inject(if lasting { fault.lasting() } else { fault });
    }

    /// Whether the device answers nothing behind it, reads included.
    pub(super) fn is_death(self) -> bool {
        self.failure == Failure::Dead
    }

    pub(super) fn tell(self) -> String {
        let which = if self.lasting { "and all later ones" } else { "alone" };
        format!("{:?} of change {} of its kind {which}", self.failure, self.nth)
    }
}

/// Only changes fail, since a read that fails ends a program with mapped segments, as it must. Each kind fails in the ways that differ
/// from those of other kinds.
fn suits(failure: Failure, kind: OperationKind) -> bool {
    match failure {
        Failure::ShortWrite => matches!(kind, OperationKind::Write | OperationKind::WriteAndForce),
        Failure::LostForce | Failure::PartOfForce => kind.forces(),
        _ => kind.changes(),
    }
}
