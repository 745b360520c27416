//! A line of a table: figures of several rounds, and the target they are held to.

use crate::spread::Spread;

/// What the figures of a row are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Seconds for so many bytes, shown as a rate.
    SecondsFor(u64),
    /// Bytes.
    Bytes,
}

/// The most that a row may show.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Target {
    /// Nothing is asked.
    None,
    /// Of the ratio, ours to the plain one.
    Ratio(f64),
    /// Of our figure, in the row's unit.
    Figure(f64),
}

/// What the rounds of one comparison say.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub name: String,
    /// What the figures are.
    pub unit: Unit,
    /// What is asked.
    pub target: Target,
    /// How many rounds there were.
    pub rounds: usize,
    /// The plain operation; `None` where there is none to compare with.
    pub plain: Option<Spread>,
    /// Ours.
    pub ours: Spread,
    /// Ours in parts of the plain one, of the same round.
    pub ratio: Option<Spread>,
}

impl Row {
    /// Of rounds that have a plain figure and ours each.
    #[must_use]
    pub fn of_pairs(name: String, unit: Unit, target: Target, rounds: &[(f64, f64)]) -> Self {
        let spread =
            |figure: fn(&(f64, f64)) -> f64| Spread::of(rounds.iter().map(figure).collect());
        Self {
            name,
            unit,
            target,
            rounds: rounds.len(),
            plain: Some(spread(|(plain, _)| *plain)),
            ours: spread(|(_, ours)| *ours),
            ratio: Some(spread(|(plain, ours)| ours / plain)),
        }
    }

    /// Of rounds with our figure alone.
    #[must_use]
    pub fn of_figures(name: String, unit: Unit, target: Target, figures: Vec<f64>) -> Self {
        let rounds = figures.len();
        Self { name, unit, target, rounds, plain: None, ours: Spread::of(figures), ratio: None }
    }

    /// Of what this machine does not tell.
    #[must_use]
    pub fn not_available(name: &str, unit: Unit, target: Target) -> Self {
        Self::of_figures(name.to_owned(), unit, target, vec![f64::NAN])
    }

    /// Whether the machine was quiet enough, as far as the plain rounds tell, or ours where there are none.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.plain.unwrap_or(self.ours).is_steady()
    }

    /// Whether more came out than the target allows, in the median.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        match self.target {
            Target::None => false,
            Target::Ratio(most) => self.ratio.is_some_and(|ratio| ratio.median > most),
            Target::Figure(most) => self.ours.median > most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against targets that are never missed.
    #[test]
    fn a_target_is_held_against_the_median() {
        let rounds = [(1.0, 2.0), (1.1, 2.2), (2.0, 9.0)];
        let row = |target| Row::of_pairs(String::new(), Unit::Seconds, target, &rounds);
        assert!(!row(Target::None).is_missed() && !row(Target::None).is_steady());
        assert!(!row(Target::Ratio(2.0)).is_missed() && row(Target::Ratio(1.9)).is_missed());
        assert!(!row(Target::Figure(2.2)).is_missed() && row(Target::Figure(2.1)).is_missed());
        let alone = Row::of_figures(String::new(), Unit::Bytes, Target::Figure(3.0), vec![4.0]);
        assert!(alone.is_missed() && alone.is_steady() && alone.rounds == 1);
    }
}
