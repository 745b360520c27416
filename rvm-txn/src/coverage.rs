//! A set of byte ranges of a segment, kept sorted and apart: ranges that overlap or touch become one.

/// The set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    /// Start and end of each range; sorted, with gaps between them.
    ranges: Vec<(usize, usize)>,
}

/// Room for more ranges than this is given back.
const SPARE_COUNT_MAX: usize = 4096;

impl Coverage {
    /// The ranges, in order.
    pub(crate) fn ranges(&self) -> &[(usize, usize)] {
        &self.ranges
    }

    /// Forgets them, and keeps the memory, unless it is much.
    pub(crate) fn clear(&mut self) {
        if self.ranges.capacity() > SPARE_COUNT_MAX {
            self.ranges = Vec::new();
        }
        self.ranges.clear();
    }

    /// True if `start..end` lies wholly within.
    pub(crate) fn contains(&self, start: usize, end: usize) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < end);
        self.ranges.get(at).is_some_and(|range| range.0 <= start && end <= range.1)
    }

    /// Adds `start..end`; calls `fresh` with each piece that was not within before.
    pub(crate) fn add(&mut self, start: usize, end: usize, mut fresh: impl FnMut(usize, usize)) {
        let first = self.ranges.partition_point(|range| range.1 < start);
        let behind = self.ranges.partition_point(|range| range.0 <= end);
        let touched = self.ranges.get(first..behind).unwrap_or_default();
        let mut position = start;
        for &(low, high) in touched {
            if position < low {
                fresh(position, low);
            }
            position = position.max(high);
        }
        if position < end {
            fresh(position, end);
        }
        let low = touched.first().map_or(start, |range| range.0.min(start));
        let high = touched.last().map_or(end, |range| range.1.max(end));
        self.ranges.splice(first..behind, [(low, high)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Guards against a byte that is saved twice, or declared and not covered.
        #[test]
        fn each_byte_is_fresh_once_and_covered_from_then_on(
            calls in prop::collection::vec((0_usize..50, 0_usize..12), 1..20),
        ) {
            let (mut coverage, mut covered) = (Coverage::default(), [false; 64]);
            for (start, len) in calls {
                coverage.add(start, start + len, |low, high| {
                    for byte in &mut covered[low..high] {
                        assert!(!*byte, "saved twice");
                        *byte = true;
                    }
                });
                prop_assert!(covered[start..start + len].iter().all(|byte| *byte));
                prop_assert!(coverage.contains(start, start + len));
                let ranges = coverage.ranges();
                prop_assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:?}");
            }
            for start in 0..64 {
                prop_assert_eq!(coverage.contains(start, start + 1), covered.get(start) == Some(&true));
            }
        }
    }
}
