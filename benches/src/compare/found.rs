//! What a comparison found out, as it is written down.

use serde::Serialize;

use super::LatencyCurve;
use crate::{Machine, Spread};

/// How stores are compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Plan {
    /// The bytes of accounts and audit records in each store.
    pub data_len: u64,
    /// The rounds that count, of each measurement.
    pub rounds: usize,
    /// How long a store runs in a round, in milliseconds.
    pub round_ms: u64,
    /// How many threads commit at the same time.
    pub threads: Vec<usize>,
    /// The durable commits before a store is opened again.
    pub commits_before_opening: u64,
}

impl Plan {
    /// Takes some minutes.
    #[must_use]
    pub fn thorough() -> Self {
        Self {
            data_len: 32 << 20,
            rounds: 7,
            round_ms: 500,
            threads: vec![1, 2, 4, 8, 16, 32, 64],
            commits_before_opening: 5_000,
        }
    }

    /// Takes less than a minute: enough to see that everything runs.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            data_len: 4 << 20,
            rounds: 3,
            round_ms: 80,
            threads: vec![1, 4, 16, 64],
            commits_before_opening: 500,
        }
    }
}

/// A measurement, round by round.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(transparent)]
pub struct Figures(pub Vec<f64>);

impl Figures {
    /// The least, the middle and the greatest.
    #[must_use]
    pub fn spread(&self) -> Spread {
        Spread::of(self.0.clone())
    }
}

/// Durable commits of so many threads.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ByThreads {
    /// How many threads there were.
    pub threads: usize,
    /// All of their commits, in a second.
    pub commits_per_second: Figures,
}

/// What was found out about a store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Found {
    /// What it is called.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// Durable commits by threads; none if its commits cannot be made to reach the device.
    pub durable: Vec<ByThreads>,
    /// How long durable commits of one thread took.
    pub latency: Option<LatencyCurve>,
    /// Commits in a second by one thread, of which none is asked to be durable.
    pub lazy_per_second: Option<Figures>,
    /// The same with a flush after every 64, counted in.
    pub grouped_per_second: Option<Figures>,
    /// Bytes that the device wrote for a durable commit of one thread.
    pub device_bytes: Option<Figures>,
    /// Bytes of log for such a commit, where the store counts them.
    pub log_bytes: Option<Figures>,
    /// Milliseconds until the first read of a store that was not closed.
    pub open_ms: Option<Figures>,
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// Where it was measured.
    pub machine: Machine,
    /// How.
    pub plan: Plan,
    /// The stores, in the order of the tables.
    pub stores: Vec<Found>,
}
