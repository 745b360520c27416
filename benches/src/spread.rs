//! The least, the middle and the greatest of what some rounds gave.

/// Rounds that lie further apart than this, in parts of their median, are not steady: the machine was not quiet.
pub const STEADY: f64 = 0.3;

/// The least, the middle and the greatest of some figures.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one; of an even number the lower of the two.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of at least one figure; zeros for none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or_default();
        let last = figures.len().saturating_sub(1);
        Self { min: at(0), median: at(last / 2), max: at(last) }
    }

    /// From the least to the greatest, in parts of the median.
    fn width(&self) -> f64 {
        if self.median > 0.0 { (self.max - self.min) / self.median } else { 0.0 }
    }

    /// Whether the rounds are close enough to each other to be believed.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.width() <= STEADY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a table without figures that divides by nothing, and against a mean, which one slow round would move.
    #[test]
    fn the_middle_is_a_round_of_its_own() {
        let spread = Spread::of(vec![90.0, 1000.0, 100.0]);
        assert_eq!(spread, Spread { min: 90.0, median: 100.0, max: 1000.0 });
        assert!(!spread.is_steady() && Spread::of(vec![90.0, 100.0, 119.0]).is_steady());
        assert_eq!(Spread::of(vec![7.0, 5.0]).median.to_bits(), 5.0_f64.to_bits());
        assert_eq!(Spread::of(Vec::new()), Spread { min: 0.0, median: 0.0, max: 0.0 });
        assert!(Spread::of(Vec::new()).is_steady());
    }
}
