//! The exit codes, which scripts rely on.

use std::process::ExitCode;

/// How `rvmctl` ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// It did what was asked.
    Fine,
    /// It failed.
    Failure,
    /// What was asked makes no sense; nothing was done.
    Usage,
    /// The store was not shut down cleanly, and nobody has it open.
    RecoveryDue,
    /// A file is damaged.
    Corrupt,
    /// The store is open elsewhere.
    Locked,
    /// A file is of a format that this version does not know.
    Format,
    /// There is no such store, segment or file.
    NotFound,
    /// The user wanted an end.
    Interrupted,
}

/// The table of the exit codes, as help shows it.
pub(crate) const TABLE: &str = "\
Exit codes:
  0  fine
  1  failure
  2  usage: what was asked makes no sense; nothing was done
  3  recovery is due (`status`, `verify`, dry runs): the store was not shut down cleanly, and nobody has it open
  4  corrupt: a file is damaged; nothing was changed
  5  locked: the store is open elsewhere
  6  format: a file is of a format that this version does not know; nothing was changed
  7  not found: no such store, segment or file
130  interrupted";

impl Exit {
    /// The code that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::RecoveryDue => 3,
            Self::Corrupt => 4,
            Self::Locked => 5,
            Self::Format => 6,
            Self::NotFound => 7,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
