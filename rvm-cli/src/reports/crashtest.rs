//! What `rvmctl crashtest --json` prints.

use serde::Serialize;

/// `crashtest`.
#[derive(Debug, Serialize)]
pub(crate) struct CrashtestReport {
    /// Whether the kills asked for were made, and every check passed.
    pub(crate) ok: bool,
    /// The program, with its arguments.
    pub(crate) command: String,
    /// The check; null without one.
    pub(crate) check: Option<String>,
    pub(crate) store: Option<String>,
    /// The seed of all random choices.
    pub(crate) seed: u64,
    /// The shortest time before a kill, in milliseconds.
    pub(crate) min_millis: u64,
    /// The longest, in milliseconds.
    pub(crate) max_millis: u64,
    /// From which of the first lines that time counts; null: from the start.
    pub(crate) after_lines: Option<u64>,
    /// Whether the user ended it.
    pub(crate) interrupted: bool,
    /// How often the program was started.
    pub(crate) rounds: u64,
    /// Kills that hit a running program.
    pub(crate) kills: u64,
    /// Those of them that came before the program's first line.
    pub(crate) kills_before_first_line: u64,
    /// Starts that ended by themselves, with exit code 0, before their kill.
    pub(crate) ended_before_kill: u64,
    /// Lines that were acknowledged, in all rounds.
    pub(crate) acknowledged_lines: u64,
    /// From a start to a kill that hit; null if none did.
    pub(crate) shortest_life_nanos: Option<u64>,
    /// The longest.
    pub(crate) longest_life_nanos: Option<u64>,
    pub(crate) duration_nanos: u64,
    /// Kills in a second.
    pub(crate) kills_per_second: u64,
    /// The failure, unless there was none.
    pub(crate) finding: Option<FindingFacts>,
}

/// A failure that a crash test found.
#[derive(Debug, Serialize)]
pub(crate) struct FindingFacts {
    /// From 1; 0 if a check failed before the first start.
    pub(crate) round: u64,
    /// What failed.
    pub(crate) reason: String,
    /// How long after the start, or that line, the kill was to come; null in round 0.
    pub(crate) delay_nanos: Option<u64>,
    /// Null if the delay counts from the start.
    pub(crate) delay_after_line: Option<u64>,
    /// How long the program lived in that round.
    pub(crate) life_nanos: u64,
    /// Lines acknowledged in all rounds.
    pub(crate) acknowledged_lines: u64,
    /// The end of what the check, or the program, said.
    pub(crate) output: String,
    /// The command line that makes the same choices again.
    pub(crate) repeat: String,
    /// Where the lines and outputs are kept.
    pub(crate) evidence: Option<String>,
}
