//! Small sets as bits: campaigns judge millions of crashes, and a history has some dozens of transactions in a few segments.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The number that a campaign gives a transaction. Numbers are small and used once: sets of them are as long as the highest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TxnNo(pub u32);

impl fmt::Display for TxnNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transaction {}", self.0)
    }
}

/// A set of transactions.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "Vec<TxnNo>", from = "Vec<TxnNo>")]
pub struct TxnSet {
    /// The last word is never zero, so that equal sets have equal words.
    words: SmallVec<[u64; 2]>,
}

impl TxnSet {
    /// The set without a member.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a transaction.
    pub fn insert(&mut self, txn: TxnNo) {
        let (word, bit) = place(txn);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    /// Whether the transaction is a member.
    #[must_use]
    pub fn contains(&self, txn: TxnNo) -> bool {
        let (word, bit) = place(txn);
        self.words.get(word).is_some_and(|found| found & bit != 0)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = TxnNo> {
        (0..)
            .zip(&self.words)
            .flat_map(|(word, bits)| ones(*bits).map(move |bit| word * 64 + bit))
            .map(TxnNo)
    }

    /// The first transaction that is a member of both.
    #[must_use]
    pub fn first_common(&self, other: &Self) -> Option<TxnNo> {
        let common = self.words.iter().zip(&other.words).map(|(mine, theirs)| mine & theirs);
        (0..)
            .zip(common)
            .find(|(_, bits)| *bits != 0)
            .map(|(word, bits)| TxnNo(word * 64 + bits.trailing_zeros()))
    }
}

impl FromIterator<TxnNo> for TxnSet {
    fn from_iter<I: IntoIterator<Item = TxnNo>>(members: I) -> Self {
        let mut set = Self::new();
        members.into_iter().for_each(|txn| set.insert(txn));
        set
    }
}

impl From<Vec<TxnNo>> for TxnSet {
    fn from(members: Vec<TxnNo>) -> Self {
        members.into_iter().collect()
    }
}

impl From<TxnSet> for Vec<TxnNo> {
    fn from(set: TxnSet) -> Self {
        set.iter().collect()
    }
}

/// A set of segments, which a campaign numbers from 0 to 63.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentSet(u64);

impl SegmentSet {
    /// The set without a member.
    pub const NONE: Self = Self(0);

    /// Adds a segment.
    ///
    /// # Panics
    /// The number is 64 or more.
    pub fn insert(&mut self, segment: usize) {
        assert!(segment < 64, "segment {segment}, and a campaign has 64 at most");
        self.0 |= 1 << segment;
    }

    /// Whether the segment is a member.
    #[must_use]
    pub fn contains(self, segment: usize) -> bool {
        segment < 64 && self.0 & (1 << segment) != 0
    }

    /// How many members there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        ones(self.0).map(|bit| bit as usize)
    }

    /// The members of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The members of both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<usize> for SegmentSet {
    fn from_iter<I: IntoIterator<Item = usize>>(members: I) -> Self {
        let mut set = Self::NONE;
        members.into_iter().for_each(|segment| set.insert(segment));
        set
    }
}

impl<const N: usize> From<[usize; N]> for SegmentSet {
    fn from(members: [usize; N]) -> Self {
        members.into_iter().collect()
    }
}

fn place(txn: TxnNo) -> (usize, u64) {
    ((txn.0 / 64) as usize, 1 << (txn.0 % 64))
}

/// The places of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (lowest < 64).then_some(lowest)
    })
}
