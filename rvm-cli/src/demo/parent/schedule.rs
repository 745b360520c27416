//! When to kill: at random moments, spread over the work, some of them while the store is being opened.

use std::time::Duration;

use crate::random::Random;

/// One kill in so many is aimed at the opening of the store instead of the work.
const ONE_IN_OPENING: u64 = 5;

/// How long after the last acknowledgement a kill may come, so that it hits every part of a transaction.
const PAUSE_MAX: Duration = Duration::from_micros(1500);

/// How many intervals a program lives whose commits are lazy, at most.
const INTERVALS_MAX: u32 = 4;

/// When a program is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// So long after its start, most likely while it opens the store.
    Opening(Duration),
    /// So long after it acknowledged so many transactions.
    Acknowledged {
        /// How many.
        transactions: u64,
        /// How long after the last of them.
        pause: Duration,
    },
    /// So long after it began to work.
    Working(Duration),
}

/// The choice of moments.
#[derive(Debug)]
pub(super) struct Schedule {
    random: Random,
    kills_left: u64,
    /// The flights of one lap.
    lap: u64,
    /// Where the work ends, in whole laps.
    goal: u64,
    /// Lazy commits are killed by the clock, since what matters is how old they are.
    lazy_interval: Option<Duration>,
    first: bool,
}

impl Schedule {
    /// A schedule of `kills` kills.
    pub(super) fn new(
        random: Random,
        kills: u64,
        lap: u64,
        lazy_interval: Option<Duration>,
    ) -> Self {
        Self { random, kills_left: kills, lap, goal: lap, lazy_interval, first: true }
    }

    /// The next moment, when `acknowledged` transactions are known and opening the store took `opening` last time. `None` when all kills
    /// are done.
    pub(super) fn next(&mut self, acknowledged: u64, opening: Duration) -> Option<Moment> {
        let others_left = self.kills_left.checked_sub(1)?;
        self.kills_left = others_left;
        let at_opening = !self.first && self.random.below(ONE_IN_OPENING) == 0;
        self.first = false;
        if at_opening {
            return Some(Moment::Opening(self.random.shorter_than(opening.saturating_mul(5) / 4)));
        }
        if let Some(interval) = self.lazy_interval {
            let longest = interval.saturating_mul(INTERVALS_MAX);
            return Some(Moment::Working(self.random.shorter_than(longest)));
        }
        // A fair share of what is left for this kill, the others, and the program that ends the work.
        let share = loop {
            let share = self.goal.saturating_sub(acknowledged) / (others_left + 2);
            if share > 1 {
                break share;
            }
            self.goal = self.goal.saturating_add(self.lap);
        };
        let transactions = 1 + self.random.below(2 * share - 1);
        Some(Moment::Acknowledged { transactions, pause: self.random.shorter_than(PAUSE_MAX) })
    }

    /// Where the work ends once all kills are done: with the lap.
    pub(super) fn goal(&self, found: u64) -> u64 {
        found.max(1).div_ceil(self.lap.max(1)).saturating_mul(self.lap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: Duration = Duration::from_millis(10);

    fn moments(kills: u64, lap: u64) -> Vec<Moment> {
        let mut schedule = Schedule::new(Random::new(7), kills, lap, None);
        let mut acknowledged = 0;
        std::iter::from_fn(|| {
            let moment = schedule.next(acknowledged, OPENING)?;
            if let Moment::Acknowledged { transactions, .. } = moment {
                acknowledged += transactions;
            }
            Some(moment)
        })
        .collect()
    }

    /// Guards against kills that come after the work is done, or all at its beginning.
    #[test]
    fn kills_are_spread_over_one_lap() {
        let moments = moments(20, 27_004);
        let work = moments.iter().filter_map(|moment| match moment {
            Moment::Acknowledged { transactions, .. } => Some(*transactions),
            _ => None,
        });
        let work: Vec<u64> = work.collect();
        assert_eq!(moments.len(), 20);
        assert!(work.len() > 10, "most kills hit the work");
        let total: u64 = work.iter().sum();
        assert!((13_502..27_004).contains(&total), "{total}");
    }

    /// Guards against a loop without end, or fewer kills, when there are more kills than flights.
    #[test]
    fn more_kills_than_flights_make_more_laps() {
        assert_eq!(moments(200, 3).len(), 200);
    }

    /// Guards against random choices that a seed does not make again.
    #[test]
    fn a_seed_repeats_the_choices() {
        assert_eq!(moments(50, 1000), moments(50, 1000));
    }

    /// Guards against work that ends within a lap, or not at all.
    #[test]
    fn work_ends_with_a_lap() {
        let schedule = Schedule::new(Random::new(7), 0, 10, None);
        let goals: Vec<u64> = [0, 1, 10, 11].map(|found| schedule.goal(found)).into();
        assert_eq!(goals, [10, 10, 10, 20]);
    }
}
