//! Which states a crash may leave: those of the sets of commits that hold every durable one, and with each commit all
//! that it was built on, which is what was committed before to the segments that it was begun with.

use std::collections::{BTreeMap, BTreeSet};

/// How many segments there are.
pub const SEGMENTS: usize = 3;
/// The length of each.
pub const LEN: usize = 96;

/// The bytes of a segment.
pub type Bytes = [u8; LEN];
/// The bytes of every segment.
pub type State = [Bytes; SEGMENTS];

/// A committed transaction.
#[derive(Debug)]
pub struct Committed {
    begun: Vec<usize>,
    /// The segments in which it declared ranges, before and after.
    before: BTreeMap<usize, Bytes>,
    after: BTreeMap<usize, Bytes>,
    /// Whether its caller was told that it is durable.
    pub durable: bool,
}

impl Committed {
    /// A transaction over the segments `begun` that wrote to `written`.
    #[must_use]
    pub fn new(
        begun: &[usize],
        written: &BTreeSet<usize>,
        before: &State,
        after: &State,
        durable: bool,
    ) -> Self {
        let of = |state: &State| written.iter().map(|index| (*index, state[*index])).collect();
        Self { begun: begun.to_vec(), before: of(before), after: of(after), durable }
    }
}

/// Whether `found` is a state that a crash may leave, `since` being the commits since all was durable and `now` the state with
/// all of them.
#[must_use]
pub fn is_legal(since: &[Committed], now: &State, found: &State) -> bool {
    // A set is given by how many of its commits each segment kept.
    let mut candidates: Vec<Vec<usize>> = vec![Vec::new()];
    for (index, bytes) in found.iter().enumerate() {
        let writers: Vec<&Committed> =
            since.iter().filter(|commit| commit.after.contains_key(&index)).collect();
        let result_of = |kept: usize| match kept.checked_sub(1) {
            Some(last) => writers[last].after[&index],
            None => writers.first().map_or(now[index], |first| first.before[&index]),
        };
        let matching: Vec<usize> =
            (0..=writers.len()).filter(|kept| result_of(*kept) == *bytes).collect();
        candidates = candidates
            .into_iter()
            .flat_map(|kept| {
                let with = |more: &usize| [kept.as_slice(), &[*more]].concat();
                matching.iter().map(with).collect::<Vec<_>>()
            })
            .collect();
    }
    candidates.iter().any(|kept| is_closed(since, kept))
}

/// Whether the set that keeps the first `kept[i]` commits of each segment holds whole transactions, every durable one, and with each
/// what it was built on.
fn is_closed(since: &[Committed], kept: &[usize]) -> bool {
    let mut seen = vec![0; kept.len()];
    since.iter().all(|commit| {
        let inside: Vec<bool> =
            commit.after.keys().map(|index| seen[*index] < kept[*index]).collect();
        let survives = if inside.is_empty() { commit.durable } else { inside[0] };
        let built_on = commit.begun.iter().all(|index| seen[*index] <= kept[*index]);
        for index in commit.after.keys() {
            seen[*index] += 1;
        }
        inside.iter().all(|is_inside| *is_inside == survives)
            && (survives || !commit.durable)
            && (built_on || !survives)
    })
}
