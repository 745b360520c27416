//! Ours and the plain operation in turn, round by round, and what that says.

use crate::Result;

/// Plain rounds that spread more than this, from the least to the greatest over the median, make a row unsteady.
pub const STEADY: f64 = 0.3;

type Timer<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Two operations to be compared. Each timer runs its own some times and says how many seconds one
/// took.
pub struct Pair<'a> {
    /// What is compared to what.
    pub name: &'static str,
    /// The bytes that one operation handles, where a rate says more than a time.
    pub bytes: Option<u64>,
    /// The plain operation.
    pub plain: Timer<'a>,
    /// Ours.
    pub ours: Timer<'a>,
}

impl std::fmt::Debug for Pair<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("name", &self.name).finish_non_exhaustive()
    }
}

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
    #[must_use]
    pub fn width(&self) -> f64 {
        if self.median > 0.0 { (self.max - self.min) / self.median } else { 0.0 }
    }
}

/// What the rounds of a pair say.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is compared to what.
    pub name: &'static str,
    /// See [`Pair::bytes`].
    pub bytes: Option<u64>,
    /// Seconds for one plain operation.
    pub plain: Spread,
    /// Seconds for one of ours.
    pub ours: Spread,
    /// Ours in parts of the plain one, of the same round.
    pub ratio: Spread,
}

impl Row {
    /// Whether the machine was quiet enough.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.plain.width() <= STEADY
    }
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
    let rows = pairs.iter().zip(&seen).map(|(pair, seen)| Row {
        name: pair.name,
        bytes: pair.bytes,
        plain: Spread::of(seen.iter().map(|(plain, _)| *plain).collect()),
        ours: Spread::of(seen.iter().map(|(_, ours)| *ours).collect()),
        ratio: Spread::of(seen.iter().map(|(plain, ours)| ours / plain).collect()),
    });
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
        let rows = measure(&mut [Pair { name: "x", bytes: None, plain, ours }], 3).unwrap();
        assert_eq!(rows[0].ratio, Spread { min: 2.0, median: 3.0, max: 4.0 });
        assert_eq!(rows[0].plain, Spread { min: 1.0, median: 2.0, max: 4.0 });
        assert!(!rows[0].is_steady());
        assert_eq!(calls.into_inner().iter().collect::<String>(), "pooppoop");
        let nothing = Spread { min: 0.0, median: 0.0, max: 0.0 };
        assert_eq!(Spread::of(Vec::new()), nothing);
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
