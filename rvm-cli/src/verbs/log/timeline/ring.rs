//! What lies where in a log's ring.

use rvm_core::rvm_history::history::LogLayout;

/// What a part of a ring is. What matters more is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// It was never used.
    Free,
    /// It was applied to the segment, and may be written over.
    Applied,
    /// The header vouches for it, so that it may be applied already.
    Vouched,
    /// It is not applied.
    Unapplied,
    /// Recovery drops it, or it is under way.
    Dropped,
    /// A torn tail.
    Torn,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Free, Self::Applied, Self::Vouched, Self::Unapplied, Self::Dropped, Self::Torn];

    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Applied => "applied",
            Self::Vouched => "vouched",
            Self::Unapplied => "unapplied",
            Self::Dropped => "dropped",
            Self::Torn => "torn",
        }
    }
}

/// The parts of a ring, which cover it: what each is, where it starts and where it ends, in bytes of the ring, in order.
pub(super) fn pieces(log: &LogLayout) -> Vec<(Kind, u64, u64)> {
    let torn_end = log.end.saturating_add(log.torn);
    let vouched = log.synced.clamp(log.head, log.cut);
    let lap = |from: u64| from.max(torn_end.saturating_sub(log.capacity));
    let stretches = [
        (Kind::Applied, lap(0).min(log.head), log.head),
        (Kind::Vouched, log.head, vouched),
        (Kind::Unapplied, vouched, log.cut),
        (Kind::Dropped, log.cut, log.end),
        (Kind::Torn, log.end, torn_end),
        (Kind::Free, torn_end, log.capacity.max(torn_end)),
    ];
    let mut pieces = Vec::new();
    for (kind, from, to) in stretches {
        let len = to.saturating_sub(from).min(log.capacity);
        let Some(start) = from.checked_rem(log.capacity).filter(|_| len > 0) else { continue };
        let before_wrap = len.min(log.capacity - start);
        pieces.push((kind, start, start + before_wrap));
        if before_wrap < len {
            pieces.push((kind, 0, len - before_wrap));
        }
    }
    pieces.sort_unstable_by_key(|(_, start, _)| *start);
    pieces
}

/// What each of so many columns shows: of what lies in it, what matters most.
pub(super) fn columns(log: &LogLayout, count: usize) -> Vec<Kind> {
    let mut columns = vec![Kind::Free; count];
    for (kind, start, end) in pieces(log) {
        let (first, last) = (column(log, start, count), column(log, end.saturating_sub(1), count));
        let shown = columns.get_mut(first..=last).unwrap_or_default();
        for column in shown {
            *column = (*column).max(kind);
        }
    }
    columns
}

/// The column of a place in the ring.
pub(super) fn column(log: &LogLayout, place: u64, count: usize) -> usize {
    let wide = u128::try_from(count).unwrap_or(0);
    let column = u128::from(place) * wide / u128::from(log.capacity.max(1));
    usize::try_from(column).unwrap_or(0).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(capacity: u64, [head, synced, cut, end, torn]: [u64; 5]) -> LogLayout {
        let mut log = LogLayout::default();
        (log.capacity, log.head, log.synced) = (capacity, head, synced);
        (log.cut, log.end, log.torn) = (cut, end, torn);
        log
    }

    /// Guards against parts that lie over each other or leave gaps, in a ring that was never full, and in one that went around.
    #[test]
    fn the_parts_of_a_ring_cover_it_once() {
        let new = log(100, [0, 0, 0, 0, 0]);
        assert_eq!(pieces(&new), [(Kind::Free, 0, 100)]);
        let young = log(100, [10, 20, 40, 50, 8]);
        assert_eq!(
            pieces(&young),
            [
                (Kind::Applied, 0, 10),
                (Kind::Vouched, 10, 20),
                (Kind::Unapplied, 20, 40),
                (Kind::Dropped, 40, 50),
                (Kind::Torn, 50, 58),
                (Kind::Free, 58, 100),
            ]
        );
        for old in [
            [390, 390, 430, 430, 0],
            [350, 360, 420, 425, 5],
            [400, 400, 400, 400, 0],
            [399, 450, 499, 499, 0],
        ] {
            let old = log(100, old);
            let found = pieces(&old);
            let mut at = 0;
            for (kind, start, end) in &found {
                assert!(*start == at && start < end && *kind != Kind::Free, "{found:?}");
                at = *end;
            }
            assert_eq!(at, 100);
        }
    }

    /// Guards against little that matters and that nobody sees, where a column has much else.
    #[test]
    fn a_column_shows_what_matters_most() {
        let young = log(1000, [500, 500, 501, 501, 0]);
        let shown = columns(&young, 10);
        assert_eq!((shown[4], shown[5], shown[6]), (Kind::Applied, Kind::Unapplied, Kind::Free));
        assert_eq!(columns(&young, 0), []);
    }
}
