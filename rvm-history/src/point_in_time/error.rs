//! What a copy of a store as it was can fail with.

use rvm_log::{LogError, TxnId};
use rvm_storage::StorageError;
use rvm_txn::{Error, Family};

/// The result of a copy as of then.
pub type Result<T> = std::result::Result<T, PointInTimeError>;

/// A store could not be copied as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PointInTimeError {
    /// The store, or the destination, said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// What the store was then is not known any more.
    #[error("the history does not reach back to transaction {until}: {}", reasons(.segments))]
    OutOfReach {
        /// What was asked for.
        until: TxnId,
        /// The segments of which it is not known, and the first later transaction for which it is.
        segments: Vec<(String, Option<TxnId>)>,
    },
    /// There is no such transaction yet.
    #[error("there is no transaction {until} yet, the newest is {newest}")]
    BeyondNewest {
        /// What was asked for.
        until: TxnId,
        /// The newest one of the store.
        newest: TxnId,
    },
    /// A copy is written where nothing is.
    #[error("{path} holds a store already")]
    NotEmpty {
        /// The destination.
        path: String,
    },
    /// The segment's file was changed while it was read, again and again, and there is no archive to take it from.
    #[error(
        "segment {segment:?} has no archive, and its log was truncated while its file was read"
    )]
    Unsettled {
        /// The segment.
        segment: String,
    },
}

impl PointInTimeError {
    /// Whose turn it is to act.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Store(error) => error.family(),
            Self::BeyondNewest { .. } | Self::NotEmpty { .. } => Family::Misuse,
            Self::OutOfReach { .. } | Self::Unsettled { .. } => Family::State,
        }
    }
}

impl From<StorageError> for PointInTimeError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<LogError> for PointInTimeError {
    fn from(error: LogError) -> Self {
        Self::Store(error.into())
    }
}

fn reasons(segments: &[(String, Option<TxnId>)]) -> String {
    let reasons = segments.iter().map(|(segment, first)| match first {
        Some(first) => format!("{segment:?} is known from transaction {first} on"),
        None => format!("{segment:?} is not known from then on"),
    });
    reasons.collect::<Vec<_>>().join(", ")
}
