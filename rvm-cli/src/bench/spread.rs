//! The least, the middle and the greatest of what some rounds gave.

/// How far the disk's own rounds may lie apart, in parts of a hundred of their median, while the machine counts as quiet.
pub(super) const STEADY_PERCENT: u64 = 30;

/// Figures of rounds, in order of size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spread {
    pub(super) least: u64,
    /// The middle one; of an even number the lower of the two.
    pub(super) median: u64,
    pub(super) greatest: u64,
}

impl Spread {
    /// Of at least one figure; zeros for none.
    pub(super) fn of(figures: impl IntoIterator<Item = u64>) -> Self {
        let mut figures: Vec<u64> = figures.into_iter().collect();
        figures.sort_unstable();
        let at = |index: usize| figures.get(index).copied().unwrap_or_default();
        let last = figures.len().saturating_sub(1);
        Self { least: at(0), median: at(last / 2), greatest: at(last) }
    }

    /// From the least to the greatest, in parts of a hundred of the median.
    pub(super) fn width_percent(self) -> u64 {
        (self.greatest - self.least).saturating_mul(100) / self.median.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a mean, which one slow round would move, and a division by zero.
    #[test]
    fn the_middle_is_a_round_of_its_own() {
        let spread = Spread::of([90, 1_000, 100]);
        assert_eq!(spread, Spread { least: 90, median: 100, greatest: 1_000 });
        assert_eq!(spread.width_percent(), 910);
        assert_eq!(Spread::of([7, 5]).median, 5);
        assert_eq!(Spread::of([]).width_percent(), 0);
    }
}
