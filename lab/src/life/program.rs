//! A script, run on a store in any storage.
//!
//! A failure of the device ends the run with an error, or leaves the store usable, and then it goes on; a promise that is broken while
//! the store is open is a panic.

use std::sync::Arc;

use rvm_core::rvm_storage::Storage;
use rvm_core::{Commit, CommitOutcome, Durability, Error, Result, Rvm, Segment, Transaction};

use crate::oracle::{Event, SegmentSet, TxnNo};

use super::check::look;
use super::layout::{EXTENSION, LEN, last_writer, leave_mark};
use super::script::Script;
use super::step::{Part, Step};

/// Runs `steps` by the script's options on an empty store, and notes what the oracle must know.
///
/// # Errors
/// What the store said when it could not go on.
pub fn run(
    script: &Script,
    storage: &Arc<dyn Storage>,
    steps: &[Step],
    note: &dyn Fn(Event),
) -> std::result::Result<(), String> {
    let mut program = Program::start(script, storage, note).map_err(|error| error.to_string())?;
    let mut survived = None;
    for step in steps {
        match program.step(step) {
            Ok(()) => program.check_memory(),
            // A failure that changed nothing leaves a store that works.
            Err(error) if !spoils(&error) => survived = Some(error),
            Err(error) => {
                program.expect_poison(&error);
                return Err(told(&error, survived.as_ref()));
            }
        }
    }
    program.rvm.close().map_err(|error| told(&error, survived.as_ref()))
}

/// An error, with the one before it: a segment that could not be mapped again is missing later.
fn told(error: &Error, survived: Option<&Error>) -> String {
    survived.map_or_else(|| error.to_string(), |before| format!("{error}; before that: {before}"))
}

/// Whether no commit can follow.
fn spoils(error: &Error) -> bool {
    error.is_poisoned()
        || error.commit_outcome() == CommitOutcome::Indeterminate
        || matches!(error, Error::Closed | Error::NotMapped { .. })
}

struct Program<'a> {
    script: &'a Script,
    storage: &'a Arc<dyn Storage>,
    note: &'a dyn Fn(Event),
    rvm: Rvm,
    segments: Vec<Segment>,
    lens: Vec<u64>,
    /// Who wrote each segment last.
    last: Vec<Option<TxnNo>>,
    lazy: Vec<(TxnNo, Commit)>,
    next: u32,
}

impl<'a> Program<'a> {
    fn start(
        script: &'a Script,
        storage: &'a Arc<dyn Storage>,
        note: &'a dyn Fn(Event),
    ) -> Result<Self> {
        let rvm = script.open(Arc::clone(storage))?;
        let lens = vec![LEN; script.segments];
        let segments = map_all(script, &rvm, &lens)?;
        let last = vec![None; script.segments];
        Ok(Self { script, storage, note, rvm, segments, lens, last, lazy: Vec::new(), next: 1 })
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Commit { part, durability, bulk } => self.commit(*part, *durability, *bulk),
            Step::Abort(part) => self.abort(*part),
            Step::Flush => {
                self.rvm.flush()?;
                self.all_durable();
                Ok(())
            }
            Step::WaitDurable(which) => self.wait_durable(*which),
            Step::Truncate => {
                let report = self.rvm.truncate_log()?;
                if report.out_of_space.is_empty() {
                    self.all_durable();
                }
                Ok(())
            }
            Step::Reopen => self.reopen(),
            Step::Remap { segment, longer } => self.remap(*segment, *longer),
            Step::ShortLived { beside } => self.short_lived(*beside),
            Step::ReadBeside => self.read_beside(),
        }
    }

    fn begin(&self, part: Part) -> Result<Transaction> {
        let begun = part.wrote.union(part.read);
        let handles: Vec<&Segment> = begun.iter().map(|index| &self.segments[index]).collect();
        self.rvm.begin(&handles)
    }

    fn write(&self, txn: &mut Transaction, no: TxnNo, wrote: SegmentSet, bulk: u8) -> Result<()> {
        wrote.iter().try_for_each(|index| leave_mark(txn, &self.segments[index], no, bulk))
    }

    fn commit(&mut self, part: Part, durability: Durability, bulk: u8) -> Result<()> {
        let mut txn = self.begin(part)?;
        let no = self.take_number();
        self.write(&mut txn, no, part.wrote, bulk)?;
        self.end(txn, no, part, durability)
    }

    fn end(
        &mut self,
        txn: Transaction,
        no: TxnNo,
        part: Part,
        durability: Durability,
    ) -> Result<()> {
        (self.note)(Event::Committing { txn: no, wrote: part.wrote, read: part.read });
        match txn.commit_with(durability) {
            Ok(commit) => {
                for index in part.wrote.iter() {
                    self.last[index] = Some(no);
                }
                if durability == Durability::Force {
                    (self.note)(Event::Acknowledged(no));
                } else {
                    self.lazy.push((no, commit));
                }
                Ok(())
            }
            Err(error) => {
                if error.commit_outcome() == CommitOutcome::NotCommitted {
                    (self.note)(Event::Aborted(no));
                }
                Err(error)
            }
        }
    }

    fn abort(&mut self, part: Part) -> Result<()> {
        let mut txn = self.begin(part)?;
        let no = self.take_number();
        self.write(&mut txn, no, part.wrote, 1)?;
        (self.note)(Event::Aborted(no));
        txn.abort()
    }

    fn wait_durable(&mut self, which: u8) -> Result<()> {
        let Some(at) = usize::from(which).checked_rem(self.lazy.len()) else { return Ok(()) };
        let (no, commit) = &self.lazy[at];
        commit.wait_durable()?;
        (self.note)(Event::Acknowledged(*no));
        Ok(())
    }

    fn reopen(&mut self) -> Result<()> {
        self.rvm.close()?;
        self.all_durable();
        self.rvm = self.script.open(Arc::clone(self.storage))?;
        self.segments = map_all(self.script, &self.rvm, &self.lens)?;
        Ok(())
    }

    fn remap(&mut self, index: usize, longer: bool) -> Result<()> {
        self.rvm.unmap(&self.segments[index])?;
        let len = self.lens[index] + if longer { EXTENSION } else { 0 };
        self.segments[index] = self.rvm.map(self.script.names()[index], len)?;
        self.lens[index] = len;
        Ok(())
    }

    fn short_lived(&mut self, beside: usize) -> Result<()> {
        let name = format!("short-lived-{}", self.next);
        let segment = self.rvm.map(&name, 100)?;
        let no = self.take_number();
        let mut txn = self.rvm.begin(&[&segment, &self.segments[beside]])?;
        txn.write(&segment, 0, b"x")?;
        let part = Part { wrote: SegmentSet::from_iter([beside]), read: SegmentSet::NONE };
        self.write(&mut txn, no, part.wrote, 0)?;
        self.end(txn, no, part, Durability::Lazy)?;
        self.rvm.unmap(&segment)?;
        self.rvm.destroy(&name)
    }

    /// What a reader beside us has seen, no crash may take back.
    fn read_beside(&mut self) -> Result<()> {
        let reader = Rvm::options().read_only(true).open_with(Arc::clone(self.storage))?;
        let found = look(self.script, &reader)?.unwrap_or_else(|fault| panic!("a reader: {fault}"));
        for (index, last) in self.last.iter().enumerate() {
            let seen = found.segments[index].present.iter().last();
            assert!(seen <= *last, "a reader saw {seen:?} in segment {index}, behind {last:?}");
        }
        for found in found.segments {
            found.present.iter().for_each(|txn| (self.note)(Event::Acknowledged(txn)));
        }
        Ok(())
    }

    fn take_number(&mut self) -> TxnNo {
        self.next += 1;
        TxnNo(self.next - 1)
    }

    fn all_durable(&mut self) {
        (self.note)(Event::AcknowledgedAll);
        self.lazy.clear();
    }

    /// What a program sees is what it committed.
    fn check_memory(&self) {
        for (segment, last) in self.segments.iter().zip(&self.last) {
            let Ok(view) = segment.read_latest() else { continue };
            assert_eq!(last_writer(&view), Ok(*last), "segment {} in memory", segment.name());
        }
    }

    /// A store is intact or poisoned: behind a failure that may have lost a commit, none is acknowledged.
    fn expect_poison(&self, error: &Error) {
        if matches!(error, Error::Closed | Error::NotMapped { .. }) {
            return;
        }
        let part = Part { wrote: SegmentSet::from_iter([0]), read: SegmentSet::NONE };
        let later = self.begin(part).and_then(|mut txn| {
            txn.write(&self.segments[0], 4, &[1])?;
            txn.commit()
        });
        assert!(later.is_err(), "a commit was acknowledged behind: {error}");
    }
}

pub(super) fn map_all(script: &Script, rvm: &Rvm, lens: &[u64]) -> Result<Vec<Segment>> {
    script.names().iter().zip(lens).map(|(name, len)| rvm.map(name, *len)).collect()
}
