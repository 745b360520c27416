//! What a backend can fail with.

use std::io;

/// The result of a storage operation.
pub type Result<T> = std::result::Result<T, StorageError>;

/// An operation of a backend failed. Every variant names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The operating system refused an operation or failed at it.
    #[error("cannot {operation} {path}{}: {source}", at(*.offset))]
    Io {
        /// The operation, as a verb: `"read"`, `"force"`, `"rename"`.
        operation: &'static str,
        /// The file or directory.
        path: String,
        /// Where in the file, in bytes, where that makes sense.
        offset: Option<u64>,
        /// The cause.
        source: io::Error,
    },
    /// A segment's name breaks the rules.
    #[error("{name:?} is no segment name: {reason}")]
    InvalidName {
        /// The name as given.
        name: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The store is open already, in this process or another.
    #[error("{path} is locked: the store is open already")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// A lock was not to be had in the time given.
    #[error("{path} stayed locked for {waited_ms} ms")]
    Busy {
        /// The file or directory whose lock was wanted.
        path: String,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// A file or directory is not there.
    #[error("{path} does not exist")]
    NotFound {
        /// The file or directory.
        path: String,
    },
    /// A file is there that should not be.
    #[error("{path} exists already")]
    AlreadyExists {
        /// The file.
        path: String,
    },
    /// A file is a link, a device, or has several names, and is left alone.
    #[error("{path} is not a plain file of its own: {found}")]
    NotPlain {
        /// The file.
        path: String,
        /// What it is instead.
        found: String,
    },
    /// The file ends before the bytes that were asked for.
    #[error("{path} ends at byte {file_len}, before byte {offset} + {wanted}")]
    ShortFile {
        /// The file.
        path: String,
        /// The first byte asked for.
        offset: u64,
        /// How many bytes were asked for.
        wanted: u64,
        /// The length of the file.
        file_len: u64,
    },
    /// The backend cannot do this at all.
    #[error("{path}: this storage backend cannot {operation}")]
    Unsupported {
        /// The operation, as a verb.
        operation: &'static str,
        /// The file.
        path: String,
    },
}

fn at(offset: Option<u64>) -> String {
    offset.map_or_else(String::new, |offset| format!(" at byte {offset}"))
}

impl StorageError {
    /// An error of the operating system, at no position in particular.
    pub(crate) fn io(
        operation: &'static str,
        path: impl Into<String>,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::Io { operation, path: path.into(), offset: None, source: source.into() }
    }

    /// An error of the operating system at a position in a file.
    pub(crate) fn io_at(
        operation: &'static str,
        path: impl Into<String>,
        offset: u64,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::Io { operation, path: path.into(), offset: Some(offset), source: source.into() }
    }

    /// True if the device or a quota is full.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }

    /// True if a file or directory was not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
