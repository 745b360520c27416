//! The open transaction of a shell, with what it declared.

use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Durability, Error, Rvm, Segment, Transaction};

use crate::colours::{NEW, OLD};
use crate::failure::Failure;
use crate::output::Output;
use crate::sizes::to_hex;

/// How many bytes of a change are shown.
const SHOWN: usize = 16;

/// An open transaction.
#[derive(Debug)]
pub(super) struct Open {
    txn: Transaction,
    segments: Vec<Segment>,
    label: String,
    changes: Vec<Change>,
}

/// A declared range.
#[derive(Debug)]
struct Change {
    segment: Segment,
    offset: u64,
    len: u64,
    /// The first bytes that were there.
    old: Vec<u8>,
}

/// A transaction of this shell that was committed.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) id: u64,
    pub(super) lazy: bool,
    pub(super) segments: Vec<String>,
    pub(super) ranges: u64,
    pub(super) bytes: u64,
    pub(super) label: String,
}

impl Open {
    pub(super) fn begin(store: &Rvm, segments: Vec<Segment>) -> Result<Self, Failure> {
        let named: Vec<&Segment> = segments.iter().collect();
        // Nobody else in this process has one, so there is nothing to wait for.
        let txn = store.try_begin(&named)?;
        Ok(Self { txn, segments, label: String::new(), changes: Vec::new() })
    }

    /// The names of its segments.
    pub(super) fn names(&self) -> Vec<String> {
        self.segments.iter().map(|segment| segment.name().to_owned()).collect()
    }

    fn segment(&self, name: &str) -> Result<Segment, Failure> {
        let found = self.segments.iter().find(|segment| segment.name() == name);
        let refused = || Error::NotInTransaction { segment: name.to_owned() };
        Ok(found.cloned().ok_or_else(refused)?)
    }

    /// The bytes of a segment with its changes; `None` if it has none of that name.
    pub(super) fn bytes(&self, name: &str) -> Result<Option<&[u8]>, Failure> {
        match self.segments.iter().find(|segment| segment.name() == name) {
            None => Ok(None),
            Some(segment) => Ok(Some(self.txn.read(segment)?)),
        }
    }

    /// Declares a range and puts `pattern` there, again and again.
    pub(super) fn fill(
        &mut self,
        name: &str,
        offset: u64,
        len: u64,
        pattern: &[u8],
    ) -> Result<(), Failure> {
        let segment = self.segment(name)?;
        let end = offset.saturating_add(len);
        let shown = offset.saturating_add(len.min(wide(SHOWN)));
        let before = self.txn.read(&segment)?.get(narrow(offset)..narrow(shown));
        let old = before.unwrap_or_default().to_vec();
        let place = self.txn.about_to_modify(&segment, offset..end)?;
        for (to, from) in place.iter_mut().zip(pattern.iter().cycle()) {
            *to = *from;
        }
        self.changes.push(Change { segment, offset, len, old });
        Ok(())
    }

    pub(super) fn label(&mut self, text: &str) -> Result<(), Failure> {
        self.txn.label(text)?;
        text.clone_into(&mut self.label);
        Ok(())
    }

    /// Shows what it declared, in order.
    pub(super) fn show_changes(&self, output: &mut Output) -> Result<(), Failure> {
        if self.changes.is_empty() {
            return output.line("nothing is declared yet");
        }
        for Change { segment, offset, len, old } in &self.changes {
            let now = self.txn.read(segment)?;
            let start = narrow(*offset);
            let new = now.get(start..start.saturating_add(old.len())).unwrap_or_default();
            let rest = if wide(old.len()) < *len { "..." } else { "" };
            let old = output.painted(OLD, format!("{}{rest}", to_hex(old)));
            let new = output.painted(NEW, format!("{}{rest}", to_hex(new)));
            output
                .statement(format_args!("{} {offset:#x}+{len}: {old} -> {new}", segment.name()))?;
        }
        Ok(())
    }

    pub(super) fn commit(self, durability: Durability) -> Result<Done, Failure> {
        let segments = self.names();
        let Self { txn, label, changes, .. } = self;
        let commit = txn.commit_with(durability)?;
        Ok(Done {
            id: commit.transaction_id(),
            lazy: durability == Durability::Lazy,
            segments,
            ranges: wide(changes.len()),
            bytes: changes.iter().map(|change| change.len).fold(0, u64::saturating_add),
            label,
        })
    }

    pub(super) fn abort(self) -> Result<(), Failure> {
        Ok(self.txn.abort()?)
    }
}
