//! What may go wrong with a system call, as the kernel may let it go wrong.
//!
//! strace does not execute a call that it answers itself. So a made-up answer must be true of a call that did nothing: an error, or a
//! write of nothing. A write that says that it wrote something must have, and is made in `short.rs` with the kernel's help.

use std::fmt;

use super::trace::Call;

/// A fault of one system call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It fails with this error.
    Error(&'static str, Lasting),
    /// A write writes nothing, and says so.
    Nothing,
    /// The process is killed in its place.
    Kill,
    /// A write ends behind so many bytes.
    Short(u64, Lasting),
}

/// Whether the same fault meets all later calls of this name, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lasting {
    Once,
    ForGood,
}

use Lasting::{ForGood, Once};

/// The errors of a call: those that meet it once, and those that stay.
type Errors = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Every system call by which a store reaches its files. A full file system may refuse a force, since space is found when pages are written,
/// and one that copies may refuse to remove a name.
const ERRORS: &[Errors] = &[
    ("pwrite64", &["EIO", "ENOSPC", "EINTR"], &["EIO", "ENOSPC"]),
    ("pwritev", &["EIO", "ENOSPC", "EINTR"], &["EIO", "ENOSPC"]),
    ("fdatasync", &["EIO", "ENOSPC", "EINTR"], &["EIO", "ENOSPC"]),
    ("fsync", &["EIO", "ENOSPC", "EINTR"], &["EIO", "ENOSPC"]),
    ("ftruncate", &["EIO", "ENOSPC", "EINTR"], &["EIO", "ENOSPC"]),
    ("fallocate", &["EIO", "ENOSPC", "EINTR", "EOPNOTSUPP"], &["ENOSPC", "EOPNOTSUPP"]),
    ("openat", &["EIO", "ENOSPC", "EINTR", "EMFILE"], &["EIO", "EMFILE"]),
    ("renameat", &["EIO", "ENOSPC"], &["EIO"]),
    ("renameat2", &["EIO", "ENOSPC", "EINVAL"], &["ENOSPC", "EINVAL"]),
    ("unlinkat", &["EIO", "ENOSPC"], &["EIO"]),
    ("pread64", &["EIO", "EINTR"], &["EIO"]),
    ("mkdirat", &["EIO", "ENOSPC"], &[]),
    ("fstat", &["EIO"], &[]),
    ("statx", &["EIO"], &[]),
    ("getdents64", &["EIO"], &[]),
    ("flock", &["ENOLCK"], &[]),
    ("fadvise64", &["EIO"], &[]),
];

/// The names of all calls that faults are made for, as strace wants them.
pub(super) fn names() -> String {
    ERRORS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(",")
}

/// Every fault that this call may have.
pub(super) fn faults_of(call: &Call) -> Vec<Fault> {
    let errors = ERRORS.iter().find(|(name, ..)| *name == call.name);
    let (_, once, for_good) = errors.copied().unwrap_or(("", &[], &[]));
    let mut faults = vec![Fault::Kill];
    faults.extend(once.iter().map(|errno| Fault::Error(errno, Once)));
    faults.extend(for_good.iter().map(|errno| Fault::Error(errno, ForGood)));
    if call.name == "pwrite64" {
        faults.push(Fault::Nothing);
        let (len, _) = call.extent().unwrap_or((0, 0));
        // Sectors for a direct write, any number of bytes for one through the page cache.
        let part = if len > 512 { (len / 2).next_multiple_of(512) } else { len / 2 };
        if part > 0 && part < len {
            faults.extend([Once, ForGood].map(|lasting| Fault::Short(part, lasting)));
        }
    }
    faults
}

impl Fault {
    /// What strace is to do at this call; nothing for a short write, which it cannot make.
    pub(super) fn injection(self, call: &Call) -> Option<String> {
        let Call { name, nth, .. } = call;
        Some(match self {
            Self::Error(errno, Once) => format!("inject={name}:error={errno}:when={nth}"),
            Self::Error(errno, ForGood) => format!("inject={name}:error={errno}:when={nth}+"),
            Self::Nothing => format!("inject={name}:retval=0:when={nth}"),
            Self::Kill => format!("inject={name}:signal=KILL:when={nth}"),
            Self::Short(..) => return None,
        })
    }

    /// Whether it is none for a store that knows its system: another try, or another way, does the same.
    pub(super) fn is_harmless_to(self, call: &Call) -> bool {
        match self {
            Self::Error("EINTR", Once) => {
                ["pwrite64", "pread64", "openat", "fallocate", "ftruncate"].contains(&&*call.name)
            }
            Self::Error("EOPNOTSUPP", _) => call.name == "fallocate",
            Self::Error("EINVAL", _) => call.name == "renameat2",
            _ => false,
        }
    }

    /// Whether the force of a log that meets it has failed. One that was interrupted has not: the standard library asks again, and
    /// the kernel has told of no write that went wrong.
    pub(super) fn fails_a_force(self) -> bool {
        !matches!(self, Self::Kill | Self::Error("EINTR", _))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = |lasting: &Lasting| if *lasting == ForGood { " and from then on" } else { "" };
        match self {
            Self::Error(errno, lasting) => write!(f, "{errno}{}", lasts(lasting)),
            Self::Nothing => write!(f, "nothing written"),
            Self::Kill => write!(f, "a kill"),
            Self::Short(len, lasting) => write!(f, "only {len} bytes written{}", lasts(lasting)),
        }
    }
}
