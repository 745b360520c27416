//! The parts of a chunk that change, by pages: changes in the same page, or in pages side by side, are one stretch.

use super::overlay::CHUNK_LEN;

/// What lies between two changes of a page is written with them: the page is, in any case.
const PAGE_LEN: usize = 4 << 10;

const PAGES: usize = CHUNK_LEN / PAGE_LEN;

/// A part of a chunk from its first changed byte to its last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many ranges lie in it.
    pub(super) ranges: usize,
}

/// The stretches of `ranges`, each of which says where it starts in the chunk and how long it is.
pub(super) fn stretches(
    ranges: impl Iterator<Item = (usize, usize)>,
) -> impl Iterator<Item = Stretch> {
    // What is known of each page: the ranges that start in it, and the last that ends in it.
    let mut pages = [None::<Stretch>; PAGES];
    for (start, len) in ranges {
        let (end, last) = (start + len, (start + len).saturating_sub(1));
        let touched = pages.get_mut(start / PAGE_LEN..=last / PAGE_LEN).unwrap_or_default();
        let mut new = 1;
        for page in touched {
            let page = page.get_or_insert(Stretch { start, end, ranges: 0 });
            page.start = page.start.min(start);
            page.end = page.end.max(end);
            page.ranges += new;
            new = 0;
        }
    }
    let mut rest = pages.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut stretch = rest.find_map(|page| page)?;
        while let Some(Some(next)) = rest.next_if(Option::is_some) {
            stretch.end = stretch.end.max(next.end);
            stretch.ranges += next.ranges;
        }
        Some(stretch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranges: &[(usize, usize)]) -> Vec<(usize, usize, usize)> {
        let found = stretches(ranges.iter().copied());
        found.map(|stretch| (stretch.start, stretch.end, stretch.ranges)).collect()
    }

    /// Guards against a change outside every stretch, and against pages that are written though nothing in them changes.
    #[test]
    fn changes_in_pages_side_by_side_are_one_stretch() {
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[(10, 5)]), [(10, 15, 1)]);
        assert_eq!(of(&[(4000, 8), (10, 5), (12, 1)]), [(10, 4008, 3)], "a page");
        assert_eq!(of(&[(4095, 2)]), [(4095, 4097, 1)], "over an edge");
        assert_eq!(of(&[(8191, 1), (100, 1)]), [(100, 8192, 2)], "side by side");
        assert_eq!(of(&[(8192, 1), (100, 1)]), [(100, 101, 1), (8192, 8193, 1)], "apart");
        assert_eq!(of(&[(0, CHUNK_LEN), (5, 1)]), [(0, CHUNK_LEN, 2)], "all");
        let last = CHUNK_LEN - 1;
        assert_eq!(of(&[(last, 1), (0, 1)]), [(0, 1, 1), (last, CHUNK_LEN, 1)]);
    }
}
