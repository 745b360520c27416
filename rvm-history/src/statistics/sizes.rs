//! How many things had which size, by powers of two.

/// Counts sizes by powers of two of bytes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sizes {
    /// Those of 0 bytes first, then those of 1, 2 to 3, 4 to 7, and so on, up to the largest there was.
    counts: Vec<u64>,
}

impl Sizes {
    /// The smallest size of each bucket, with how many there were; the last is not empty.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let from = |bucket: u32| bucket.checked_sub(1).map_or(0, |power| 1_u64 << power.min(63));
        (0..).map(from).zip(self.counts.iter().copied())
    }

    /// How many there were.
    #[must_use]
    pub fn count_all(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn count(&mut self, size: u64) {
        let bucket = size.checked_ilog2().map_or(0, |power| power + 1);
        let bucket = usize::try_from(bucket).unwrap_or(64);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    pub(super) fn add(&mut self, more: &Self) {
        if self.counts.len() < more.counts.len() {
            self.counts.resize(more.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&more.counts) {
            *count += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against sizes in the bucket beside theirs, and an index outside at the largest.
    #[test]
    fn a_size_lies_between_its_bucket_and_the_next() {
        let mut sizes = Sizes::default();
        for size in [0, 1, 2, 3, 4, 1023, 1024] {
            sizes.count(size);
        }
        let found: Vec<_> = sizes.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(found, [(0, 1), (1, 1), (2, 2), (4, 1), (512, 1), (1024, 1)]);
        sizes.count(u64::MAX);
        assert_eq!(sizes.buckets().last(), Some((1 << 63, 1)));
    }
}
