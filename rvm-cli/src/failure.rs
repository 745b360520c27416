//! What can go wrong, how it is told, and which exit code it has.

use std::error::Error as _;
use std::io;
use std::path::Path;

use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_log::LogError;
use rvm_core::rvm_storage::StorageError;
use rvm_core::{Error, Family};

use crate::exit::Exit;
use crate::reports::{ErrorFacts, ErrorReport};
use crate::schema::Versioned;

/// Why `rvmctl` could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// A copy of a store could not be made, read or put back.
    #[error(transparent)]
    Copy(CopyError),
    /// The directory holds no store.
    #[error("there is no store in {directory}{hint}")]
    NoStore {
        /// The directory.
        directory: String,
        /// What is there instead, or what would help.
        hint: &'static str,
    },
    /// No log has the transaction.
    #[error(
        "no log and no archive in {store} holds transaction {transaction}: it is folded into the segments, or there never was one"
    )]
    NoTransaction {
        /// The transaction.
        transaction: u64,
        /// The store's directory.
        store: String,
    },
    /// The arguments make no sense for this store.
    #[error("{0}")]
    Usage(String),
    /// A segment is to be made and is there already.
    #[error("segment {segment:?} exists already, with {len} bytes")]
    SegmentExists {
        /// The segment.
        segment: String,
        /// Its length.
        len: u64,
    },
    /// The user was asked and did not say yes.
    #[error("{0}: the answer was not yes")]
    NotConfirmed(String),
    /// A device was full; nothing is lost.
    #[error("the device is full: the logs of {} keep what could not be folded", .segments.join(", "))]
    OutOfSpace {
        /// The segments whose logs could not be folded.
        segments: Vec<String>,
    },
    /// A file that the user named cannot be used.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// The operation, as a verb.
        operation: &'static str,
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The flight records are not what the demo needs.
    #[error("{file}{}: {fault}", at_line(*.line))]
    Input {
        /// The file.
        file: String,
        /// The line, from 1.
        line: Option<u64>,
        /// What is wrong there.
        fault: String,
    },
    /// The demo could not go on.
    #[error("{0}")]
    Demo(String),
    /// The demo found what must not be.
    #[error(
        "the store broke its promise: {first}{}; it is in {directory}", and_more(*.faults)
    )]
    PromiseBroken {
        /// How many faults were found.
        faults: u64,
        /// The first of them.
        first: String,
        /// The store.
        directory: String,
    },
    /// The crash test found a failure, or could not go on.
    #[error("{0}")]
    Crashtest(String),
    /// The benchmark could not go on.
    #[error("{0}")]
    Bench(String),
    /// The user wanted an end. What was done until then is said.
    #[error("interrupted {0}")]
    Interrupted(String),
    /// A line of a script failed.
    #[error("line {line}: {source}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// Why.
        source: Box<Failure>,
    },
    /// The terminal cannot be read.
    #[error("cannot read the terminal: {0}")]
    Terminal(#[source] io::Error),
    /// Ctrl-C cannot be noticed.
    #[error("cannot listen to signals: {0}")]
    Signals(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

fn and_more(faults: u64) -> String {
    match faults.saturating_sub(1) {
        0 => String::new(),
        more => format!("; and {more} more"),
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Store(error) => Self::Store(error),
            CopyError::Output(error) => Self::Output(error),
            CopyError::Stopped => {
                Self::Interrupted("before it was done; nothing was left behind".to_owned())
            }
            error => Self::Copy(error),
        }
    }
}

impl Failure {
    /// A file that the user named cannot be used.
    pub(crate) fn file(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { operation, path: path.display().to_string(), source }
    }

    /// Whether whoever read the output left.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => exit_of(error),
            Self::Copy(error) => exit_of_copy(error),
            Self::NoStore { .. } | Self::NoTransaction { .. } => Exit::NotFound,
            Self::Usage(_) => Exit::Usage,
            Self::Interrupted(_) => Exit::Interrupted,
            Self::Line { source, .. } => source.exit(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::NotFound,
            Self::File { .. }
            | Self::SegmentExists { .. }
            | Self::NotConfirmed(_)
            | Self::OutOfSpace { .. }
            | Self::Input { .. }
            | Self::Demo(_)
            | Self::PromiseBroken { .. }
            | Self::Crashtest(_)
            | Self::Bench(_)
            | Self::Signals(_)
            | Self::Terminal(_)
            | Self::Output(_) => Exit::Failure,
        }
    }

    /// The word for its family that `--json` gives.
    fn family(&self) -> &'static str {
        match self {
            Self::Store(error) => word_of(error.family()),
            Self::Copy(error) => word_of(error.family()),
            Self::Usage(_) => "misuse",
            Self::Interrupted(_) => "interrupted",
            Self::Line { source, .. } => source.family(),
            Self::File { .. }
            | Self::Output(_)
            | Self::Signals(_)
            | Self::Terminal(_)
            | Self::OutOfSpace { .. } => "io",
            Self::NoStore { .. }
            | Self::NoTransaction { .. }
            | Self::SegmentExists { .. }
            | Self::NotConfirmed(_) => "state",
            Self::Input { .. } => "input",
            Self::Demo(_) | Self::PromiseBroken { .. } => "demo",
            Self::Crashtest(_) => "crashtest",
            Self::Bench(_) => "bench",
        }
    }

    /// The message with the causes that it does not mention yet, on one line.
    pub(crate) fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        // Names come from files, too.
        message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    /// One line for people.
    pub(crate) fn to_line(&self) -> String {
        format!("rvmctl: {}", self.message())
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> String {
        let place = match self {
            Self::Store(error) => damage_of(error).and_then(place_of),
            Self::Copy(CopyError::Damaged { file, offset, .. }) => Some((file.as_str(), *offset)),
            Self::Copy(CopyError::Unsupported { file, .. }) => Some((file.as_str(), None)),
            _ => None,
        };
        let error = ErrorFacts {
            family: self.family(),
            message: self.message(),
            exit_code: self.exit().code(),
            file: place.map(|(file, _)| file.to_owned()),
            offset: place.and_then(|(_, offset)| offset),
        };
        // A structure of texts and numbers always serialises.
        serde_json::to_string(&Versioned::new(&ErrorReport { error }))
            .unwrap_or_else(|_| self.to_line())
    }
}

fn word_of(family: Family) -> &'static str {
    match family {
        Family::Misuse => "misuse",
        Family::Io => "io",
        Family::Corruption => "corruption",
        _ => "state",
    }
}

fn exit_of_copy(error: &CopyError) -> Exit {
    match error {
        CopyError::Store(error) => exit_of(error),
        CopyError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Exit::NotFound
        }
        CopyError::NoBackup { .. }
        | CopyError::BaseMissing { .. }
        | CopyError::OutOfReach { .. }
        | CopyError::BeforeHistory { .. }
        | CopyError::BeyondNewest { .. } => Exit::NotFound,
        CopyError::Damaged { .. } | CopyError::BaseForeign { .. } | CopyError::Text { .. } => {
            Exit::Corrupt
        }
        CopyError::Unsupported { .. } => Exit::Format,
        CopyError::OtherStore { .. }
        | CopyError::Exists { .. }
        | CopyError::NotEmpty { .. }
        | CopyError::WouldShrink { .. } => Exit::Usage,
        CopyError::InProgress { .. } | CopyError::Unsettled { .. } => Exit::Locked,
        CopyError::Stopped => Exit::Interrupted,
        _ => Exit::Failure,
    }
}

fn exit_of(error: &Error) -> Exit {
    match damage_of(error) {
        Some(LogError::Corrupt { .. }) => return Exit::Corrupt,
        Some(LogError::Unsupported { .. }) => return Exit::Format,
        _ => {}
    }
    match error {
        Error::NotFound { .. } | Error::Io(StorageError::NotFound { .. }) => Exit::NotFound,
        Error::Locked { .. } | Error::LayoutBusy { .. } | Error::Busy { .. } => Exit::Locked,
        Error::Io(StorageError::ShortFile { .. }) | Error::NotStatistics { .. } => Exit::Corrupt,
        error if error.family() == Family::Misuse => Exit::Usage,
        _ => Exit::Failure,
    }
}

/// The failure of a log behind an error.
fn damage_of(error: &Error) -> Option<&LogError> {
    match error {
        Error::Corrupt(damage) => Some(damage),
        Error::Poisoned { cause } | Error::Indeterminate { cause, .. } => Some(cause),
        _ => None,
    }
}

/// The file, and where in it, that is damaged or of an unknown format.
fn place_of(error: &LogError) -> Option<(&str, Option<u64>)> {
    match error {
        LogError::Corrupt { file, offset, .. } => Some((file, Some(*offset))),
        LogError::Unsupported { file, .. } => Some((file, None)),
        _ => None,
    }
}
