//! The latencies of single commits as a curve: few points for all of them, from the quickest to the slowest.

use std::time::Duration;

use serde::Serialize;

/// How long single commits took, over all rounds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LatencyCurve {
    /// How many were timed.
    pub commits: u64,
    /// `[n, us]`: one commit in `n` took that many microseconds or longer. The last is the slowest of all.
    pub one_in: Vec<(u64, f64)>,
}

/// One commit in so many took as long as the 50th, 90th, 99th and 99.9th percentile, or longer.
const QUANTILES: [u64; 4] = [2, 10, 100, 1000];

impl LatencyCurve {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against percentiles of other commits than they say, and against some that nobody can know.
    #[test]
    fn percentiles_are_those_of_the_sorted_commits() {
        let taken = (1..=1000).rev().map(Duration::from_micros).collect();
        let latency = LatencyCurve::of(taken).unwrap();
        let us = latency.quantiles().map(|us| us.map(f64::round));
        assert_eq!(us, [Some(501.0), Some(901.0), Some(991.0), Some(1000.0), Some(1000.0)]);
        assert_eq!(latency.one_in.first().map(|(part, us)| (*part, us.round())), Some((1, 1.0)));
        let few = LatencyCurve::of(vec![Duration::from_micros(7); 20]).unwrap();
        assert_eq!(few.quantiles().map(|us| us.is_some()), [true, true, false, false, true]);
        assert_eq!(LatencyCurve::of(Vec::new()), None);
    }
}
