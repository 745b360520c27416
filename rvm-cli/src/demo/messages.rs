//! What the child tells its parent through a pipe, a line each: the bare number of a transaction once it is committed, everything else
//! as JSON. A line is shorter than a pipe's atomic write, so a kill leaves none in halves.

use rvm_core::RecoveryReport;
use serde::{Deserialize, Serialize};

use crate::quantities::nanos;

/// What the parent says to have the child begin.
pub(super) const GO: &str = "go\n";

/// A line from the child.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// The store is open and recovered; the child waits for [`GO`].
    Opened(Opened),
    /// This transaction is committed.
    #[serde(skip)]
    Acknowledged(u64),
    /// The last transaction is made, and the store is closed.
    Closed,
    /// The child ends, because of this.
    Failed(String),
}

/// What opening the store found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    /// The number of the last transaction that is in the store.
    pub(super) found: u64,
    pub(super) recovered: bool,
    pub(super) records: u64,
    pub(super) range_bytes: u64,
    pub(super) applied_bytes: u64,
    pub(super) dropped_records: u64,
    pub(super) torn_bytes: u64,
    pub(super) recovery_nanos: u64,
}

impl Opened {
    /// What the store and its report say.
    pub(super) fn new(found: u64, report: &RecoveryReport) -> Self {
        let logs = &report.logs;
        Self {
            found,
            recovered: report.recovered,
            records: logs.iter().map(|log| log.records).sum(),
            range_bytes: logs.iter().map(|log| log.range_bytes).sum(),
            applied_bytes: logs.iter().map(|log| log.applied_bytes).sum(),
            dropped_records: logs.iter().map(|log| log.dropped_records).sum(),
            torn_bytes: logs.iter().map(|log| log.torn_bytes).sum(),
            recovery_nanos: nanos(report.duration),
        }
    }
}

impl Message {
    /// The line, with its end.
    pub(super) fn to_line(&self) -> String {
        match self {
            Self::Acknowledged(number) => format!("{number}\n"),
            // Texts and numbers always serialise; an empty line would be an error at the other end.
            message => serde_json::to_string(message).unwrap_or_default() + "\n",
        }
    }

    /// The message of a line; `None` if it is none.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\n')?;
        match line.parse() {
            Ok(number) => Some(Self::Acknowledged(number)),
            Err(_) => serde_json::from_str(line).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against parent and child that speak differently, and against half a line that passes for a smaller number.
    #[test]
    fn every_message_is_understood_and_half_a_line_is_not() {
        let opened = Opened::new(7, &RecoveryReport::default());
        let failed = Message::Failed("a \"quoted\"\nline".to_owned());
        for message in [Message::Opened(opened), Message::Acknowledged(12), Message::Closed, failed]
        {
            let line = message.to_line();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(Message::parse(&line), Some(message));
        }
        assert_eq!(Message::parse("12"), None);
        assert_eq!(Message::parse("\n"), None);
    }
}
