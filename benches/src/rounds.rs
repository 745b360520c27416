//! Ours and the plain operation in turn, round by round, and what that says.

use std::time::Duration;

use crate::Result;
use crate::figure::figure;
use crate::row::{Row, Target, Unit};

type Timer<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Two operations to be compared. Each timer runs its own some times and says how many seconds one
/// took, or how much of another unit.
pub struct Pair<'a> {
    name: String,
    unit: Unit,
    target: Target,
    plain: Timer<'a>,
    ours: Timer<'a>,
}

impl<'a> Pair<'a> {
    /// Timers of the plain operation and of ours.
    pub fn of(
        name: impl Into<String>,
        plain: impl FnMut() -> Result<f64> + 'a,
        ours: impl FnMut() -> Result<f64> + 'a,
    ) -> Self {
        let (plain, ours) = (Box::new(plain), Box::new(ours));
        Self { name: name.into(), unit: Unit::Seconds, target: Target::None, plain, ours }
    }

    /// Timers that do the operation so many times.
    pub fn of_many(
        name: impl Into<String>,
        times: u64,
        mut plain: impl FnMut() -> Result<Duration> + 'a,
        mut ours: impl FnMut() -> Result<Duration> + 'a,
    ) -> Self {
        Self::of(name, move || Ok(each(plain()?, times)), move || Ok(each(ours()?, times)))
    }

    /// In another unit than seconds.
    #[must_use]
    pub fn in_unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    /// Ours may take so many times as much.
    #[must_use]
    pub fn at_most(self, ratio: f64) -> Self {
        Self { target: Target::Ratio(ratio), ..self }
    }

    /// Ours may take so much, whatever the plain one takes.
    #[must_use]
    pub fn at_most_figure(self, figure: f64) -> Self {
        Self { target: Target::Figure(figure), ..self }
    }
}

impl std::fmt::Debug for Pair<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The seconds that one took, of so many.
#[must_use]
pub fn each(taken: Duration, times: u64) -> f64 {
    taken.as_secs_f64() / figure(times)
}

/// Runs so many rounds over all pairs, after one that does not count. Which one of a pair goes first changes from round to
/// round.
///
/// # Errors
/// What a timer fails with.
pub fn measure(pairs: &mut [Pair<'_>], rounds: usize) -> Result<Vec<Row>> {
    let mut seen = vec![Vec::with_capacity(rounds); pairs.len()];
    for round in 0..=rounds {
        for (pair, seen) in pairs.iter_mut().zip(&mut seen) {
            let (plain, ours) = if round % 2 == 0 {
                let plain = (pair.plain)()?;
                (plain, (pair.ours)()?)
            } else {
                let ours = (pair.ours)()?;
                ((pair.plain)()?, ours)
            };
            if round > 0 {
                seen.push((plain, ours));
            }
        }
    }
    let rows = pairs
        .iter()
        .zip(&seen)
        .map(|(pair, seen)| Row::of_pairs(pair.name.clone(), pair.unit, pair.target, seen));
    Ok(rows.collect())
}

/// Runs so many rounds over several contenders, after one that does not count, and says what each of them gave. Who begins
/// changes from round to round.
///
/// # Errors
/// What `run` fails with.
#[cfg(feature = "peers")]
pub(crate) fn in_turn<C, T>(
    contenders: &[C],
    rounds: usize,
    mut run: impl FnMut(&C) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let mut seen: Vec<Vec<T>> = contenders.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..=rounds {
        let mut order: Vec<_> = contenders.iter().zip(&mut seen).collect();
        let first = round % order.len().max(1);
        order.rotate_left(first);
        for (contender, seen) in order {
            let found = run(contender)?;
            if round > 0 {
                seen.push(found);
            }
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::spread::Spread;

    /// Guards against ratios of rounds that do not belong together, and against a first round that counts.
    #[test]
    fn ratios_are_of_the_same_round() {
        let calls = RefCell::new(Vec::new());
        let timer = |name: char, seconds: [f64; 4]| -> Timer<'_> {
            let mut seconds = seconds.into_iter();
            let calls = &calls;
            Box::new(move || {
                calls.borrow_mut().push(name);
                Ok(seconds.next().ok_or("one round too many")?)
            })
        };
        let (plain, ours) = (timer('p', [99.0, 1.0, 2.0, 4.0]), timer('o', [1.0, 2.0, 8.0, 12.0]));
        let rows = measure(&mut [Pair::of("x", plain, ours)], 3).unwrap();
        assert_eq!(rows[0].ratio, Some(Spread { min: 2.0, median: 3.0, max: 4.0 }));
        assert_eq!(rows[0].plain, Some(Spread { min: 1.0, median: 2.0, max: 4.0 }));
        assert!(!rows[0].is_steady());
        assert_eq!(calls.into_inner().iter().collect::<String>(), "pooppoop");
    }

    /// Guards against a contender that always runs behind the same one.
    #[cfg(feature = "peers")]
    #[test]
    fn who_begins_changes_and_figures_stay_with_theirs() {
        let mut calls = String::new();
        let seen = in_turn(&['a', 'b', 'c'], 2, |name| {
            calls.push(*name);
            Ok(*name)
        });
        assert_eq!(calls, "abcbcacab");
        assert_eq!(seen.unwrap(), [['a', 'a'], ['b', 'b'], ['c', 'c']]);
        assert!(in_turn(&[(); 0], 2, |()| Ok(())).unwrap().is_empty());
    }
}
