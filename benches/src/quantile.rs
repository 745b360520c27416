//! Exact quantiles: of all times, not of a histogram.

use std::time::Duration;

/// Times in order.
#[derive(Clone, Debug)]
pub struct Sorted(Vec<Duration>);

impl Sorted {
    /// Puts them in order.
    #[must_use]
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }

    /// The seconds that so many of a hundred did not exceed; 100 for the longest; 0 of none.
    #[must_use]
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        let rank = (self.0.len() * of_hundred).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(0.0, Duration::as_secs_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a rank beside the right one.
    #[test]
    fn percentiles_are_ranks() {
        let times = Sorted::of((1..=200).rev().map(Duration::from_secs));
        let expected = [(0, 1.0), (1, 2.0), (50, 100.0), (99, 198.0), (100, 200.0)];
        for (of_hundred, seconds) in expected {
            assert_eq!(times.percentile(of_hundred).to_bits(), f64::to_bits(seconds));
        }
        assert_eq!(Sorted::of([]).percentile(50).to_bits(), 0.0_f64.to_bits());
    }
}
