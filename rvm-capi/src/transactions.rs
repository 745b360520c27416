//! The open transactions, by the numbers that C knows them by: from 1 on, and none is used again before all others were.

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_storage::forks::keep_for_ever;
use rvm_core::rvm_storage::locks::{Mutex, MutexGuard};
use rvm_core::{CommitOutcome, Durability, Transaction};
use smallvec::SmallVec;

use crate::checked::{Following, Told, Undeclared};
use crate::directory::Directory;
use crate::fault::{Fault, Result};
use crate::mapped::Mapped;
use crate::registry;

/// How long a transaction waits for its segments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    No,
    AtMost(Duration),
    Forever,
}

/// The open transactions.
#[derive(Debug)]
pub(crate) struct Table {
    /// By their numbers, in order. They are few, as a rule, and the newest is the last.
    open: Vec<(c_int, Arc<Open>)>,
    /// The last number that was given.
    last: c_int,
    /// The last number that a parent process gave before it forked.
    last_of_parent: c_int,
}

#[derive(Debug)]
struct Open {
    directory: Arc<Directory>,
    segments: SmallVec<[Arc<Mapped>; 1]>,
    /// Held while a call works on it; nobody waits for that.
    work: Mutex<Work>,
}

#[derive(Debug)]
struct Work {
    /// `None` once it has ended.
    txn: Option<Transaction>,
    /// In checked mode, for each segment, the start and the end of what was declared.
    declared: Vec<Vec<(usize, usize)>>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { open: Vec::new(), last: 0, last_of_parent: 0 });

/// The table, held.
pub(crate) fn table() -> MutexGuard<'static, Table> {
    TABLE.lock()
}

impl Table {
    fn add(&mut self, open: Arc<Open>) -> Result<c_int> {
        if c_int::try_from(self.open.len()).map_or(true, |open| open == c_int::MAX) {
            return Err(Fault::misuse("too many transactions are open"));
        }
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if let Err(place) = self.place_of(self.last) {
                self.open.insert(place, (self.last, open));
                return Ok(self.last);
            }
        }
    }

    /// Where a number is, or belongs.
    fn place_of(&self, tid: c_int) -> std::result::Result<usize, usize> {
        match self.open.last() {
            Some((last, _)) if *last >= tid => {
                self.open.binary_search_by_key(&tid, |(tid, _)| *tid)
            }
            _ => Err(self.open.len()),
        }
    }

    fn remove(&mut self, tid: c_int) {
        if let Ok(place) = self.place_of(tid) {
            self.open.remove(place);
        }
    }

    fn find(&self, tid: c_int) -> Result<Arc<Open>> {
        let found = self.place_of(tid).ok().and_then(|place| self.open.get(place));
        found.map(|(_, open)| Arc::clone(open)).ok_or_else(|| {
            Fault::no_transaction(match tid {
                -1 => "-1 is no transaction: rvm_begin_trans did not succeed".to_owned(),
                _ if 0 < tid && tid <= self.last_of_parent => {
                    format!("transaction {tid} was begun before a fork, in the parent process")
                }
                _ if 0 < tid && tid <= self.last => format!("transaction {tid} has ended"),
                _ => format!("there is no transaction {tid}"),
            })
        })
    }

    /// Called in a child: its parent's transactions are not its own, and stay as they were.
    pub(crate) fn leave_to_parent(&mut self) {
        keep_for_ever(std::mem::take(&mut self.open));
        self.last_of_parent = self.last;
    }
}

impl Open {
    /// The right to work on it; one thread at a time.
    fn claim(&self, tid: c_int) -> Result<MutexGuard<'_, Work>> {
        self.work.try_lock().ok_or_else(|| {
            let text = format!("transaction {tid} is being used by another thread at this moment");
            Fault::in_use(text)
        })
    }

    fn place_of(&self, base: *mut c_void) -> Result<(usize, &Arc<Mapped>)> {
        let mut places = self.segments.iter().enumerate();
        if let Some(found) = places.find(|(_, mapped)| mapped.base() == base.addr()) {
            return Ok(found);
        }
        let other = self.directory.at(base)?;
        let name = other.segment.name();
        Err(Fault::misuse(format!("segment {name:?} is not part of this transaction")))
    }

    /// Tells of the changes of a segment in a range that was not declared, in checked mode; of the whole segment without a range.
    fn look(
        &self,
        work: &mut Work,
        place: usize,
        range: Option<(usize, usize)>,
        told: Told<'_>,
    ) -> Result<()> {
        let mapped =
            self.segments.get(place).and_then(|mapped| Some((mapped, mapped.shadow.as_ref()?)));
        let (Some((mapped, shadow)), Some(txn)) = (mapped, &work.txn) else { return Ok(()) };
        let Some(declared) = work.declared.get_mut(place) else { return Ok(()) };
        let listener = self.directory.listener.lock().clone();
        let bytes = txn.read(&mapped.segment)?;
        let range = range.unwrap_or((0, bytes.len()));
        let tell =
            |change: Undeclared<'_>| told.of(mapped.segment.name(), change, listener.as_ref());
        shadow.lock().take_undeclared(bytes, range, declared, tell);
        Ok(())
    }

    /// Tells of all changes outside of what was declared.
    fn look_at_all(&self, work: &mut Work, call: &str, tid: c_int) -> Result<()> {
        let told = Told { call, tid, early: false };
        (0..self.segments.len()).try_for_each(|place| self.look(work, place, None, told))
    }

    /// The shadows of the segments, in checked mode, as a commit is about to leave them.
    fn follow<'a>(
        &'a self,
        txn: &Transaction,
        declared: &'a [Vec<(usize, usize)>],
    ) -> Result<Vec<Following<'a>>> {
        let mut following = Vec::new();
        for (mapped, declared) in self.segments.iter().zip(declared) {
            if let Some(shadow) = &mapped.shadow {
                let bytes = txn.read(&mapped.segment)?;
                following.push(Following::new(shadow.lock(), bytes, declared));
            }
        }
        Ok(following)
    }
}

/// Begins a transaction over the segments at `bases`.
///
/// # Errors
/// There is none at one of them; they are busy.
pub(crate) fn begin(
    directory: &Arc<Directory>,
    bases: impl Iterator<Item = *mut c_void>,
    wait: Wait,
) -> Result<c_int> {
    let mut segments = SmallVec::<[Arc<Mapped>; 1]>::new();
    for base in bases {
        let mapped = directory.at(base).map_err(|fault| elsewhere(directory, base, fault))?;
        if !segments.iter().any(|other| Arc::ptr_eq(other, &mapped)) {
            segments.push(mapped);
        }
    }
    let txn = begin_over(&segments, wait)?;
    let is_checked = segments.iter().any(|mapped| mapped.shadow.is_some());
    let declared = if is_checked { vec![Vec::new(); segments.len()] } else { Vec::new() };
    let work = Mutex::new(Work { txn: Some(txn), declared });
    let open = Open { directory: Arc::clone(directory), segments, work };
    table().add(Arc::new(open))
}

fn begin_over(segments: &[Arc<Mapped>], wait: Wait) -> Result<Transaction> {
    let handles: SmallVec<[_; 4]> = segments.iter().map(|mapped| &mapped.segment).collect();
    let first = segments.first().ok_or_else(|| Fault::misuse("it names no segment"))?;
    let begun = match wait {
        Wait::No => first.rvm.try_begin(&handles),
        Wait::AtMost(limit) => first.rvm.begin_timeout(&handles, limit),
        Wait::Forever => first.rvm.begin(&handles),
    };
    Ok(begun?)
}

fn elsewhere(directory: &Arc<Directory>, base: *mut c_void, fault: Fault) -> Fault {
    match registry::elsewhere(directory, base) {
        None => fault,
        Some(other) => {
            let text =
                format!("the segment at {:#x} is of directory {}", base.addr(), other.shown());
            Fault::misuse(text)
        }
    }
}

/// Works on an open transaction.
fn with<T>(tid: c_int, work: impl FnOnce(&Open, &mut Work) -> Result<T>) -> Result<T> {
    let open = table().find(tid)?;
    let mut claimed = open.claim(tid)?;
    work(&open, &mut claimed)
}

fn ended(tid: c_int) -> Fault {
    Fault::no_transaction(format!("transaction {tid} has ended"))
}

/// Declares `len` bytes at `start` of the segment at `base`; tells its name.
///
/// # Errors
/// The segment is not of the transaction; the range reaches outside of it.
pub(crate) fn about_to_modify(
    call: &str,
    tid: c_int,
    base: *mut c_void,
    (start, len): (u64, u64),
) -> Result<()> {
    with(tid, |open, work| {
        let (place, mapped) = open.place_of(base)?;
        let txn = work.txn.as_mut().ok_or_else(|| ended(tid))?;
        let end = start
            .checked_add(len)
            .ok_or_else(|| Fault::misuse(format!("{len} bytes from {start} on have no end")))?;
        txn.about_to_modify(&mapped.segment, start..end)?;
        if work.declared.is_empty() {
            return Ok(());
        }
        let bound = |at| usize::try_from(at).unwrap_or(usize::MAX);
        let range = (bound(start), bound(end));
        open.look(work, place, Some(range), Told { call, tid, early: true })?;
        if let Some(declared) = work.declared.get_mut(place) {
            declared.push(range);
        }
        Ok(())
    })
}

/// # Errors
/// It is too long.
pub(crate) fn label(tid: c_int, label: &str) -> Result<()> {
    with(tid, |_, work| Ok(work.txn.as_mut().ok_or_else(|| ended(tid))?.label(label)?))
}

/// Commits. Whatever comes out, a transaction that was there has ended.
///
/// # Errors
/// As [`Transaction::commit_with`].
pub(crate) fn commit(call: &str, tid: c_int, durability: Durability) -> Result<Arc<Directory>> {
    end(tid, |open, work| {
        open.look_at_all(work, call, tid)?;
        let Work { txn, declared } = work;
        let txn = txn.take().ok_or_else(|| ended(tid))?;
        let following = open.follow(&txn, declared)?;
        let committed = txn.commit_with(durability);
        if let Err(error) = &committed
            && error.commit_outcome() == CommitOutcome::NotCommitted
        {
            following.into_iter().for_each(Following::take_back);
        }
        Ok(committed.map(drop)?)
    })
}

/// Aborts.
///
/// # Errors
/// As [`Transaction::abort`].
pub(crate) fn abort(call: &str, tid: c_int) -> Result<Arc<Directory>> {
    end(tid, |open, work| {
        open.look_at_all(work, call, tid)?;
        let txn = work.txn.take().ok_or_else(|| ended(tid))?;
        Ok(txn.abort()?)
    })
}

/// Ends a transaction, and forgets its number.
fn end(tid: c_int, work: impl FnOnce(&Open, &mut Work) -> Result<()>) -> Result<Arc<Directory>> {
    with(tid, |open, claimed| {
        let done = work(open, claimed);
        if claimed.txn.is_none() {
            table().remove(tid);
        }
        done.map(|()| Arc::clone(&open.directory))
    })
}
