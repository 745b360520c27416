//! What a comparison found out, as it is written down.

use std::time::Duration;

use serde::Serialize;

use crate::{Machine, STEADY, Spread};

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

    /// Whether the rounds were close enough to each other.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.spread().width() <= STEADY
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

/// How long single commits took, over all rounds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Latency {
    /// How many were timed.
    pub commits: u64,
    /// `[n, us]`: one commit in `n` took that many microseconds or longer. The last is the slowest of all.
    pub one_in: Vec<(u64, f64)>,
}

/// One commit in so many took as long as the 50th, 90th, 99th and 99.9th percentile, or longer.
const QUANTILES: [u64; 4] = [2, 10, 100, 1000];

impl Latency {
    /// Of at least one commit; `None` of none.
    pub(super) fn of(mut taken: Vec<Duration>) -> Option<Self> {
        taken.sort_unstable();
        let commits = u64::try_from(taken.len()).ok()?;
        let slowest = taken.last()?.as_secs_f64() * 1e6;
        let mut one_in = Vec::new();
        let mut part = 1;
        while part < commits {
            let index = usize::try_from(commits - commits / part).ok()?;
            one_in.push((part, taken.get(index)?.as_secs_f64() * 1e6));
            part = next_part(part);
        }
        one_in.push((commits, slowest));
        Some(Self { commits, one_in })
    }

    /// The 50th, 90th, 99th and 99.9th percentile in microseconds, each if there were commits enough to tell, and the slowest.
    #[must_use]
    pub fn quantiles(&self) -> [Option<f64>; 5] {
        let at = |part| self.one_in.iter().find(|(known, _)| *known == part).map(|(_, us)| *us);
        let [p50, p90, p99, p999] = QUANTILES.map(at);
        [p50, p90, p99, p999, self.one_in.last().map(|(_, us)| *us)]
    }
}

/// Close enough for a smooth curve; each power of ten is among them, and 2.
fn next_part(part: u64) -> u64 {
    let mut power = 1;
    while power <= part / 10 {
        power *= 10;
    }
    let steps = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100];
    steps.into_iter().map(|step| step * power / 10).find(|next| *next > part).unwrap_or(part + 1)
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
    pub latency: Option<Latency>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against percentiles of other commits than they say, and against some that nobody can know.
    #[test]
    fn percentiles_are_those_of_the_sorted_commits() {
        let taken = (1..=1000).rev().map(Duration::from_micros).collect();
        let latency = Latency::of(taken).unwrap();
        let us = latency.quantiles().map(|us| us.map(f64::round));
        assert_eq!(us, [Some(501.0), Some(901.0), Some(991.0), Some(1000.0), Some(1000.0)]);
        assert_eq!(latency.one_in.first().map(|(part, us)| (*part, us.round())), Some((1, 1.0)));
        let few = Latency::of(vec![Duration::from_micros(7); 20]).unwrap();
        assert_eq!(few.quantiles().map(|us| us.is_some()), [true, true, false, false, true]);
        assert_eq!(Latency::of(Vec::new()), None);
    }
}
