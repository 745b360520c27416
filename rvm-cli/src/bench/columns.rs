//! A histogram that people can read: latencies counted between round numbers, twelve for each power of ten.

use hdrhistogram::Histogram;

use crate::reports::ColumnFacts;

/// Between 100 and 1000, each about a fifth more than the one before.
const LIMITS: [u64; 12] = [100, 120, 150, 180, 220, 270, 330, 390, 470, 560, 680, 820];

/// All latencies, from the first column that has some to the last.
pub(super) fn columns(latencies: &Histogram<u64>) -> Vec<ColumnFacts> {
    let mut counts = latencies.iter_recorded().peekable();
    let mut columns = Vec::new();
    let mut from = 0;
    for below in limits() {
        let mut count = 0;
        while let Some(found) = counts.next_if(|found| found.value_iterated_to() < below) {
            count += found.count_at_value();
        }
        if count > 0 || !columns.is_empty() {
            columns.push(ColumnFacts { from_nanos: from, below_nanos: below, count });
        }
        from = below;
        if counts.peek().is_none() {
            break;
        }
    }
    columns
}

/// Round numbers without end.
fn limits() -> impl Iterator<Item = u64> {
    let powers = (0..).map_while(|power| 10_u64.checked_pow(power));
    let all = powers.flat_map(|power| LIMITS.map(|limit| limit.saturating_mul(power)));
    all.chain([u64::MAX])
}

/// At most so many columns, at least two. The lowest thousandth goes to the first of them and the highest hundredth to the last, which costs
/// the others no place; neighbours go together until they fit.
pub(super) fn fewer(columns: &[ColumnFacts], most: usize) -> Vec<ColumnFacts> {
    let all: u64 = columns.iter().map(|column| column.count).sum();
    // How many columns it takes until there are more than so many thousandths.
    let until = |thousandths: u64| {
        let mut below = 0;
        let few = columns.iter().take_while(|column| {
            below += column.count;
            below.saturating_mul(1_000) <= all.saturating_mul(thousandths)
        });
        few.count() + 1
    };
    let (near, far) = columns.split_at_checked(until(990)).unwrap_or((columns, &[]));
    let (lowest, near) = near.split_at_checked(until(1)).unwrap_or((near, &[]));
    let mut fewer: Vec<_> = together(lowest).into_iter().chain(near.iter().copied()).collect();
    while fewer.len() >= most.max(2) {
        fewer = fewer.chunks(2).filter_map(together).collect();
    }
    fewer.extend(together(far));
    fewer
}

/// Neighbours as one column; nothing for none.
fn together(columns: &[ColumnFacts]) -> Option<ColumnFacts> {
    let (first, last) = (columns.first()?, columns.last()?);
    let count = columns.iter().map(|column| column.count).sum();
    Some(ColumnFacts { from_nanos: first.from_nanos, below_nanos: last.below_nanos, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(from_nanos: u64, below_nanos: u64, count: u64) -> ColumnFacts {
        ColumnFacts { from_nanos, below_nanos, count }
    }

    fn of(latencies: &[u64]) -> Vec<ColumnFacts> {
        let mut histogram = Histogram::new_with_bounds(1, u64::MAX / 2, 3).unwrap();
        for latency in latencies {
            histogram.record(*latency).unwrap();
        }
        columns(&histogram)
    }

    /// Guards against latencies that no column counts, or two do, and against columns that leave a gap.
    #[test]
    fn each_latency_is_in_one_column() {
        let columns = of(&[1, 99, 101, 80_000, 81_000, 83_000, 5_000_000_000, u64::MAX / 2]);
        assert_eq!(columns[0], column(0, 100, 2));
        assert_eq!(columns[1], column(100, 120, 1));
        assert!(columns.windows(2).all(|pair| pair[0].below_nanos == pair[1].from_nanos));
        assert!(columns.contains(&column(68_000, 82_000, 2)));
        assert!(columns.contains(&column(82_000, 100_000, 1)));
        assert_eq!(columns.iter().map(|column| column.count).sum::<u64>(), 8);
        assert!(of(&[]).is_empty());
    }

    /// Guards against latencies that are cut off, and against more lines than a screen has.
    #[test]
    fn what_is_far_goes_together_and_is_kept() {
        let many = (0..1_000).map(|number| 1_000 + number * 10);
        let all = of(&[vec![101], many.collect(), vec![100_100, 100_100_000]].concat());
        for (most, len) in [(99, 14), (14, 14), (13, 8), (7, 5), (0, 2)] {
            let fewer = fewer(&all, most);
            assert_eq!(fewer.len(), len, "{most}");
            assert!(fewer.windows(2).all(|pair| pair[0].below_nanos == pair[1].from_nanos));
            assert_eq!(fewer.iter().map(|column| column.count).sum::<u64>(), 1_003);
            assert_eq!(fewer[0].from_nanos, 100);
            assert_eq!(fewer[len - 1], column(12_000, 120_000_000, 2));
        }
        assert!(fewer(&[], 9).is_empty());
    }
}
