//! Why a call did not do what it was asked: a code, an `errno`, and a sentence.

use libc::c_int;
use rvm_core::rvm_storage::StorageError;
use rvm_core::{Error, Family};

use crate::codes;

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Fault {
    /// One of [`codes`].
    pub(crate) code: c_int,
    pub(crate) errno: c_int,
    pub(crate) text: String,
}

impl Fault {
    fn new(code: c_int, errno: c_int, text: impl Into<String>) -> Self {
        Self { code, errno, text: text.into() }
    }

    /// An argument that makes no sense.
    pub(crate) fn misuse(text: impl Into<String>) -> Self {
        Self::new(codes::RVMX_MISUSE, libc::EINVAL, text)
    }

    /// No transaction of this number is open.
    pub(crate) fn no_transaction(text: impl Into<String>) -> Self {
        Self::new(codes::RVMX_NO_TRANSACTION, libc::EINVAL, text)
    }

    /// Another thread is using the transaction at this moment.
    pub(crate) fn in_use(text: impl Into<String>) -> Self {
        Self::new(codes::RVMX_IN_USE, libc::EBUSY, text)
    }

    /// There is no such segment.
    pub(crate) fn not_found(name: &str) -> Self {
        Self::new(codes::RVMX_NOT_FOUND, libc::ENOENT, format!("there is no segment {name:?}"))
    }

    /// A segment that is to be destroyed is mapped.
    pub(crate) fn still_mapped(name: &str) -> Self {
        Self::new(codes::RVMX_MISUSE, libc::EBUSY, format!("segment {name:?} is mapped"))
    }

    /// The memory that was needed is not there.
    pub(crate) fn no_memory(text: impl Into<String>) -> Self {
        Self::new(codes::RVMX_IO, libc::ENOMEM, text)
    }

    /// The device is full.
    pub(crate) fn no_space(text: impl Into<String>) -> Self {
        Self::new(codes::RVMX_NO_SPACE, libc::ENOSPC, text)
    }

    /// The operating system refused.
    pub(crate) fn system(what: &str, source: &std::io::Error) -> Self {
        let errno = source.raw_os_error().unwrap_or(libc::EIO);
        Self::new(codes::RVMX_IO, errno, format!("cannot {what}: {source}"))
    }

    /// A mistake of this library.
    pub(crate) fn panicked(text: &str) -> Self {
        let text = format!("a mistake of this library, please report it: {text}");
        Self::new(codes::RVMX_BUG, libc::ENOTRECOVERABLE, text)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, errno) = code_and_errno(&error);
        Self::new(code, errno, error.to_string())
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Error::from(error).into()
    }
}

fn code_and_errno(error: &Error) -> (c_int, c_int) {
    if error.is_out_of_space() {
        return (codes::RVMX_NO_SPACE, libc::ENOSPC);
    }
    match error {
        Error::AlreadyMapped { .. } => (codes::RVMX_MISUSE, libc::EEXIST),
        Error::TransactionTooLarge { .. } | Error::TooManySegments { .. } => {
            (codes::RVMX_TOO_LARGE, libc::E2BIG)
        }
        Error::WouldDeadlock { .. } => (codes::RVMX_DEADLOCK, libc::EDEADLK),
        Error::ReadOnly { .. } => (codes::RVMX_MISUSE, libc::EROFS),
        Error::Busy { .. } => (codes::RVMX_BUSY, libc::EBUSY),
        Error::NotFound { .. } => (codes::RVMX_NOT_FOUND, libc::ENOENT),
        Error::Locked { .. } | Error::LayoutBusy { .. } => (codes::RVMX_LOCKED, libc::EAGAIN),
        Error::Forked => (codes::RVMX_FORKED, libc::EPERM),
        Error::Poisoned { .. } => (codes::RVMX_POISONED, libc::EIO),
        Error::Indeterminate { .. } => (codes::RVMX_INDETERMINATE, libc::EIO),
        Error::Io(error) => (codes::RVMX_IO, errno_of(error)),
        error => match error.family() {
            Family::Misuse => (codes::RVMX_MISUSE, libc::EINVAL),
            Family::Corruption => (codes::RVMX_CORRUPT, libc::EBADMSG),
            _ => (codes::RVMX_STATE, libc::EIO),
        },
    }
}

fn errno_of(error: &StorageError) -> c_int {
    match error {
        StorageError::Io { source, .. } if source.kind() == std::io::ErrorKind::OutOfMemory => {
            libc::ENOMEM
        }
        StorageError::Io { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
        StorageError::NotFound { .. } => libc::ENOENT,
        _ => libc::EIO,
    }
}
