//! What a kill may take: nothing that was acknowledged when commits are forced, and only the latest, none older than the interval, when
//! they are lazy.

use std::time::{Duration, Instant};

use super::super::faults::Faults;

/// The promise that the commits were made under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Promise {
    /// What was acknowledged is there.
    Force,
    /// What was acknowledged so long before the kill is there.
    Lazy(Duration),
}

/// What is known of a store between a kill and the next opening.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// What an opened store held: it is durable.
    pub(super) durable: u64,
    /// The last transaction that was acknowledged.
    pub(super) acknowledged: u64,
    /// Whether a transaction may have been under way since.
    pub(super) worked: bool,
    /// When the transactions behind `durable` were acknowledged, in order.
    pub(super) arrivals: Vec<Instant>,
    /// When the program was killed.
    pub(super) killed: Option<Instant>,
}

/// What is missing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Loss {
    /// How many acknowledged transactions.
    pub(super) transactions: u64,
    /// How old the oldest of them was when the program was killed, at least.
    pub(super) oldest: Option<Duration>,
}

impl Known {
    /// Compares it with what the store holds now.
    pub(super) fn judge(&self, promise: Promise, found: u64, faults: &mut Faults) -> Loss {
        let Self { durable, acknowledged, .. } = *self;
        if found < durable {
            faults.note(format!(
                "transactions {} to {durable} were there before, and are not now",
                found + 1
            ));
        }
        let latest = acknowledged.saturating_add(u64::from(self.worked));
        if found > latest {
            faults
                .note(format!("transactions up to {found} are there, made were at most {latest}"));
        }
        let missing = acknowledged.saturating_sub(found);
        if missing == 0 {
            return Loss::default();
        }
        let oldest = self.age_of(found.saturating_add(1));
        let loss = Loss { transactions: missing, oldest };
        match promise {
            Promise::Force => faults.note(format!(
                "transactions {} to {acknowledged} were acknowledged, and are missing",
                found + 1
            )),
            Promise::Lazy(window) => {
                if let Some(age) = oldest.filter(|age| *age > window) {
                    faults.note(format!(
                        "transaction {} was acknowledged {} ms before the kill, and is missing; at most {} ms may be",
                        found + 1,
                        age.as_millis(),
                        window.as_millis()
                    ));
                }
            }
        }
        loss
    }

    fn age_of(&self, number: u64) -> Option<Duration> {
        let position = number.checked_sub(self.durable)?.checked_sub(1)?;
        let arrival = self.arrivals.get(usize::try_from(position).ok()?)?;
        Some(self.killed?.saturating_duration_since(*arrival))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    /// Ten durable transactions, five acknowledged ones behind them, 40 ms apart, the last at the kill.
    fn known() -> Known {
        let start = Instant::now();
        let arrivals: Vec<Instant> =
            (0..5).map(|order| start + Duration::from_millis(40) * order).collect();
        let killed = arrivals.last().copied();
        Known { durable: 10, acknowledged: 15, worked: true, arrivals, killed }
    }

    fn faults(known: &Known, promise: Promise, found: u64) -> (u64, Loss) {
        let mut faults = Faults::default();
        let loss = known.judge(promise, found, &mut faults);
        (faults.count(), loss)
    }

    /// Guards against an acknowledged transaction that goes missing unnoticed, and a commit under way that counts as a fault.
    #[test]
    fn forced_commits_are_all_there() {
        let count = |known: &Known, found| faults(known, Promise::Force, found).0;
        assert_eq!([14, 15, 16, 17].map(|found| count(&known(), found)), [1, 0, 0, 1]);
        let idle = Known { worked: false, ..known() };
        assert_eq!(count(&idle, 16), 1, "nothing was under way");
    }

    /// Guards against a lazy commit that is lost after its interval, or after an opening that showed it.
    #[test]
    fn lazy_commits_are_missing_within_the_interval_only() {
        let faults = |found| faults(&known(), Promise::Lazy(INTERVAL), found);
        let oldest = |millis| Some(Duration::from_millis(millis));
        assert_eq!(faults(15), (0, Loss::default()));
        assert_eq!(faults(12), (0, Loss { transactions: 3, oldest: oldest(80) }));
        assert_eq!(faults(11), (1, Loss { transactions: 4, oldest: oldest(120) }));
        assert_eq!(faults(9).0, 1, "what was durable once is gone");
    }
}
