//! When the power goes, and what becomes of the program then.

use super::device::DeviceMoment;

/// What happens before a change of the disk is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// The power goes; the program lives on with a disk that answers nothing but `EIO`, until it ends by itself.
    Cut,
    /// The power goes, and the program is killed before it hears of it.
    CutAndKill,
    /// The program is killed; the disk goes on, and does this change too.
    Kill,
}

impl How {
    pub(super) fn cuts(self) -> bool {
        matches!(self, Self::Cut | Self::CutAndKill)
    }

    pub(super) fn kills(self) -> bool {
        matches!(self, Self::CutAndKill | Self::Kill)
    }
}

/// A change of the disk, counted from 0, and what happens there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stop {
    pub(super) at: u64,
    pub(super) how: How,
}

/// How far the disk has come.
#[derive(Debug, Default)]
pub(super) struct Power {
    /// So many changes were asked for and done, or failed.
    pub(super) changes: u64,
    pub(super) stop: Option<Stop>,
    /// The stop was reached.
    pub(super) stopped: bool,
    /// The change that was stopped at waits until the program was killed.
    pub(super) holds: bool,
    /// Set when the power is off: what the disk was like then.
    pub(super) gone: Option<DeviceMoment>,
}
