//! What was done between two looks at a store. A store that publishes nothing tells it, too: positions in its logs and the numbers of its
//! transactions never go back.

use std::time::Duration;

use rvm_core::Stats;
use rvm_core::rvm_history::statistics::{LogStatistics, Statistics};

use crate::quantities::nanos;
use crate::reports::RateFacts;

pub(super) fn between(before: &Statistics, after: &Statistics, elapsed: Duration) -> RateFacts {
    let per_second = |before: u64, after: u64| rate(after.saturating_sub(before), elapsed);
    // Only of one and the same process can figures be compared.
    let same = before.published.as_ref().zip(after.published.as_ref()).filter(|(before, after)| {
        (before.process, before.opened) == (after.process, after.opened) && !after.stale
    });
    let counted = |of: fn(&Stats) -> u64| {
        same.map(|(before, after)| per_second(of(&before.stats), of(&after.stats)))
    };
    RateFacts {
        elapsed_nanos: nanos(elapsed),
        transactions_per_second: per_second(
            before.logs.last_transaction,
            after.logs.last_transaction,
        ),
        log_bytes_per_second: rate(appended(&before.logs, &after.logs), elapsed),
        commits_per_second: counted(|stats| stats.commits_forced + stats.commits_lazy),
        forces_per_second: counted(|stats| stats.log_forces),
    }
}

/// How far the ends of the logs moved that were there both times.
fn appended(before: &LogStatistics, after: &LogStatistics) -> u64 {
    let moved = |after: &rvm_core::rvm_history::statistics::SegmentStatistics| {
        let before = before.segments.iter().find(|before| before.name == after.name);
        before.map_or(0, |before| after.end.saturating_sub(before.end))
    };
    after.segments.iter().map(moved).fold(0, u64::saturating_add)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}
