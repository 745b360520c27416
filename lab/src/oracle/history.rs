//! What happened to a store so far, and the judgement of what a recovery made of it.

use smallvec::{SmallVec, smallvec};

use super::event::{Event, Found, Kept, SegmentFound};
use super::sets::{SegmentSet, TxnNo, TxnSet};
use super::violation::Violation;

/// What happened to a store up to some moment.
#[derive(Clone, Default, Debug)]
pub struct History {
    /// In an order that agrees with that of every segment's log.
    commits: Vec<Commit>,
    acknowledged: TxnSet,
    aborted: TxnSet,
    /// Those on which a recovery has decided: whatever was committed before it.
    settled: TxnSet,
    /// Those of them that it kept.
    kept: TxnSet,
}

#[derive(Clone, Debug)]
struct Commit {
    txn: TxnNo,
    wrote: SegmentSet,
    /// Whose bytes it saw in segments that it did not write.
    built_on: SmallVec<[TxnNo; 2]>,
}

/// Judges what was found after a crash that came behind the last of these events.
///
/// # Errors
/// The first promise that was found broken.
pub fn judge(events: &[Event], found: &Found) -> Result<Kept, Violation> {
    let mut history = History::new();
    for event in events {
        history.advance(event);
    }
    history.judge(found)
}

impl History {
    /// Nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more event.
    pub fn advance(&mut self, event: &Event) {
        match event {
            Event::Committing { txn, wrote, read } => self.commit(*txn, *wrote, *read),
            Event::Acknowledged(txn) => self.acknowledge(*txn),
            Event::AcknowledgedAll => self.acknowledge_all(),
            Event::Aborted(txn) => self.abort(*txn),
            Event::Recovered(kept) => self.settle(kept),
        }
    }

    /// See [`Event::Committing`].
    pub fn commit(&mut self, txn: TxnNo, wrote: SegmentSet, read: SegmentSet) {
        let built_on = read.iter().filter_map(|segment| self.last_writer(segment)).collect();
        self.commits.push(Commit { txn, wrote, built_on });
    }

    /// See [`Event::Acknowledged`].
    pub fn acknowledge(&mut self, txn: TxnNo) {
        self.acknowledged.insert(txn);
    }

    /// See [`Event::AcknowledgedAll`].
    pub fn acknowledge_all(&mut self) {
        for commit in self.commits.iter().rev() {
            if self.settled.contains(commit.txn) {
                break;
            }
            if !self.aborted.contains(commit.txn) {
                self.acknowledged.insert(commit.txn);
            }
        }
    }

    /// See [`Event::Aborted`].
    pub fn abort(&mut self, txn: TxnNo) {
        self.aborted.insert(txn);
    }

    /// See [`Event::Recovered`].
    pub fn settle(&mut self, kept: &Kept) {
        self.commits.iter().for_each(|commit| self.settled.insert(commit.txn));
        self.kept = kept.0.clone();
    }

    /// Judges what was found after a crash that came now.
    ///
    /// # Errors
    /// The first promise that was found broken.
    pub fn judge(&self, found: &Found) -> Result<Kept, Violation> {
        self.check_marks(found)?;
        let kept = self.check_each_alone(found)?;
        self.check_reads(&kept)?;
        self.check_prefixes(&kept)?;
        self.check_order(&kept, found)?;
        Ok(Kept(kept))
    }

    /// Whose bytes somebody sees who is given the segment now.
    fn last_writer(&self, segment: usize) -> Option<TxnNo> {
        let writers = self.commits.iter().rev().filter(|commit| commit.wrote.contains(segment));
        writers.map(|commit| commit.txn).find(|txn| !self.is_gone(*txn))
    }

    /// Whether later transactions cannot have met it: it was aborted, or an earlier recovery dropped it.
    fn is_gone(&self, txn: TxnNo) -> bool {
        self.aborted.contains(txn) || (self.settled.contains(txn) && !self.kept.contains(txn))
    }

    /// Every mark is one that a commit left.
    fn check_marks(&self, found: &Found) -> Result<(), Violation> {
        for (segment, SegmentFound { present, .. }) in found.segments.iter().enumerate() {
            if let Some(txn) = present.first_common(&self.aborted) {
                return Err(Violation::AbortedAppeared { txn, segment });
            }
            let left = |commit: &&Commit| commit.wrote.contains(segment);
            let known = self.commits.iter().filter(left).map(|commit| commit.txn);
            if known.clone().filter(|txn| present.contains(*txn)).count() != present.len() {
                let stranger = present.iter().find(|txn| !known.clone().any(|left| left == *txn));
                if let Some(txn) = stranger {
                    return Err(Violation::Phantom { txn, segment });
                }
            }
        }
        Ok(())
    }

    /// What can be said of each transaction without the others; says which are there.
    fn check_each_alone(&self, found: &Found) -> Result<TxnSet, Violation> {
        let has_mark = |segment: usize, txn| {
            found.segments.get(segment).is_some_and(|found| found.present.contains(txn))
        };
        let mut kept = TxnSet::new();
        for Commit { txn, wrote, .. } in &self.commits {
            let txn = *txn;
            if wrote.is_empty() {
                if self.acknowledged.contains(txn) {
                    kept.insert(txn);
                }
                continue;
            }
            let found = wrote.iter().filter(|segment| has_mark(*segment, txn)).count();
            let here = found > 0;
            if here && found < wrote.len() {
                return Err(Violation::Atomicity { txn, found, wrote: wrote.len() });
            }
            if !here && self.acknowledged.contains(txn) {
                return Err(Violation::AcknowledgedLost { txn });
            }
            if self.settled.contains(txn) && self.kept.contains(txn) != here {
                return Err(Violation::Flip { txn, before: !here });
            }
            if here {
                kept.insert(txn);
            }
        }
        Ok(kept)
    }

    /// Whoever is there, so is what it read.
    fn check_reads(&self, kept: &TxnSet) -> Result<(), Violation> {
        for Commit { txn, built_on, .. } in &self.commits {
            let lost = built_on.iter().find(|read| !kept.contains(**read));
            if let (Some(lost), true) = (lost, kept.contains(*txn)) {
                return Err(Violation::ReadDependency { txn: *txn, lost: *lost });
            }
        }
        Ok(())
    }

    /// Whoever is there, so is what came before it in any of its segments. What earlier recoveries dropped did not come before anybody.
    fn check_prefixes(&self, kept: &TxnSet) -> Result<(), Violation> {
        let mut torn = SegmentSet::NONE;
        for (at, Commit { txn, wrote, .. }) in self.commits.iter().enumerate() {
            if self.is_gone(*txn) {
                continue;
            }
            if !kept.contains(*txn) {
                torn = torn.union(*wrote);
            } else if let Some(segment) = wrote.intersection(torn).iter().next() {
                let before =
                    self.commits[..at].iter().filter(|commit| commit.wrote.contains(segment));
                let mut lost = before.map(|commit| commit.txn).filter(|txn| !kept.contains(*txn));
                if let Some(lost) = lost.find(|txn| !self.is_gone(*txn)) {
                    return Err(Violation::Prefix { txn: *txn, segment, lost });
                }
            }
        }
        Ok(())
    }

    /// Each segment's shared cell holds the last of those that are there.
    fn check_order(&self, kept: &TxnSet, found: &Found) -> Result<(), Violation> {
        let mut last: SmallVec<[Option<TxnNo>; 8]> = smallvec![None; found.segments.len()];
        for Commit { txn, wrote, .. } in
            self.commits.iter().filter(|commit| kept.contains(commit.txn))
        {
            for segment in wrote.iter() {
                last[segment] = Some(*txn);
            }
        }
        for (segment, (expected, found)) in last.into_iter().zip(&found.segments).enumerate() {
            if found.last != expected {
                return Err(Violation::Order { segment, found: found.last, expected });
            }
        }
        Ok(())
    }
}
