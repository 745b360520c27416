//! Decides who may use a segment: one transaction, or any number of read guards.
//!
//! A request takes all of its segments or none, and holds nothing while it waits, first come first served. A thread that holds
//! something already overtakes those who wait and hold nothing, since they may be waiting for it. A wait that could never
//! end, because the thread waits for itself or for a thread that waits for it, is refused at once.
//!
//! A thread that is asleep takes several microseconds to wake, and a short transaction less than one; handed to sleepers, a segment in demand
//! would lie idle most of the time, and the queue would never become shorter. So whoever is next in line is woken when the one
//! before it gets the segment, and looks for a moment before it sleeps.
//!
//! A transaction leaves what it holds of a segment (`T`) with the segment's place, for the next one: so it need not be made again, which
//! would cost more than all the rest here. A reader, who shares the segment, throws it away.

mod deadlock;
mod state;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rvm_storage::SegmentName;
use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::sync::{Condvar, Mutex, Tally, atomic, spin_until, thread_local};
use state::State;

/// Names a segment to the arbiter, from when it is added until it is removed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Slot {
    index: usize,
    generation: u64,
}

/// Why a request was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The segment was removed.
    Gone(Slot),
    /// It is in use.
    Busy(Error),
}

/// Some slots; few, as a rule.
pub(crate) type Slots = SmallVec<[Slot; 1]>;

/// What an earlier transaction left in each of some slots.
pub(crate) type Left<T> = SmallVec<[Option<T>; 1]>;

/// A thread, cheaply.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ThreadKey(u64);

impl ThreadKey {
    pub(crate) fn current() -> Self {
        static NEXT: Tally = Tally::new(1);
        thread_local!(static KEY: u64 = NEXT.fetch_add(1, atomic::Ordering::Relaxed));
        KEY.try_with(|key| Self(*key)).unwrap_or(Self(0))
    }
}

/// How a segment is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Exclusive,
    Shared,
}

/// How long a request waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    No,
    AtMost(Duration),
    Forever,
}

/// A request that waits.
#[derive(Debug)]
struct Waiter {
    slots: Slots,
    mode: Mode,
    thread: ThreadKey,
    /// It holds something, so it overtakes those that do not.
    overtakes: bool,
    /// Set under the arbiter's lock, when it is not in the queue any more.
    granted: atomic::AtomicBool,
    /// It was granted, or is next in line.
    advanced: Condvar,
}

impl Waiter {
    fn is_granted(&self) -> bool {
        self.granted.load(atomic::Ordering::Acquire)
    }
}

#[derive(Debug)]
pub(crate) struct Arbiter<T> {
    state: Mutex<State<T>>,
}

impl<T> Default for Arbiter<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State::default()) }
    }
}

impl<T> Arbiter<T> {
    /// Adds a segment that nobody uses.
    pub(crate) fn add(&self, name: &SegmentName) -> Slot {
        self.state.lock().add(name)
    }

    /// Removes a segment.
    ///
    /// # Errors
    /// [`Error::Busy`] while it is used.
    pub(crate) fn remove(&self, slot: Slot) -> Result<()> {
        let mut state = self.state.lock();
        if state.is_used(slot, Mode::Exclusive) {
            return Err(busy(&state, slot, Duration::ZERO));
        }
        state.remove(slot);
        Ok(())
    }

    /// Does `work` at a moment when no transaction has a segment.
    ///
    /// # Errors
    /// [`Error::Busy`] if one has.
    pub(crate) fn between_transactions<R>(&self, work: impl FnOnce() -> R) -> Result<R> {
        let state = self.state.lock();
        match state.in_transaction() {
            Some(segment) => {
                Err(Error::Busy { segment: segment.to_string(), waited: Duration::ZERO })
            }
            None => Ok(work()),
        }
    }

    /// Takes all of `slots`, for the current thread. They are distinct. For a transaction it returns what was left in each.
    ///
    /// # Errors
    /// [`Refusal::Gone`], [`Error::Busy`], [`Error::WouldDeadlock`]; nothing is taken then.
    pub(crate) fn acquire(
        &self,
        slots: &[Slot],
        mode: Mode,
        wait: Wait,
    ) -> std::result::Result<Left<T>, Refusal> {
        let thread = ThreadKey::current();
        let mut state = self.state.lock();
        if let Some(gone) = slots.iter().find(|slot| !state.is_live(**slot)) {
            return Err(Refusal::Gone(*gone));
        }
        let Some(obstacle) = state.obstacle(slots, mode, thread) else {
            state.take(slots, mode, thread);
            return Ok(state.pick_up(slots, mode));
        };
        if wait == Wait::No {
            return Err(Refusal::Busy(busy(&state, obstacle, Duration::ZERO)));
        }
        if let Some(slot) = deadlock::would_never_end(&state, slots, mode, thread) {
            return Err(Refusal::Busy(Error::WouldDeadlock { segment: state.name(slot) }));
        }
        let waiter = Arc::new(Waiter {
            slots: slots.iter().copied().collect(),
            mode,
            thread,
            overtakes: state.holds_any(thread),
            granted: atomic::AtomicBool::new(false),
            advanced: Condvar::new(),
        });
        state.queue.push_back(Arc::clone(&waiter));
        let (start, mut has_looked) = (Instant::now(), false);
        while !waiter.is_granted() {
            if !has_looked && state.is_next(&waiter) {
                has_looked = true;
                (state, ()) = self.state.unlocked(state, || spin_until(|| waiter.is_granted()));
                continue;
            }
            let Wait::AtMost(limit) = wait else {
                state = waiter.advanced.wait(state);
                continue;
            };
            let left = limit.saturating_sub(start.elapsed());
            let (held, is_over) = waiter.advanced.wait_for(state, left);
            state = held;
            if is_over && !waiter.is_granted() {
                let blocked = state.obstacle(slots, mode, thread).unwrap_or(obstacle);
                state.queue.retain(|other| !Arc::ptr_eq(other, &waiter));
                state.grant_waiting();
                return Err(Refusal::Busy(busy(&state, blocked, limit)));
            }
        }
        Ok(state.pick_up(slots, mode))
    }

    /// Gives back what `thread` took, and leaves something in each slot, or in the first of them.
    pub(crate) fn release(
        &self,
        slots: &[Slot],
        mode: Mode,
        thread: ThreadKey,
        left: impl Iterator<Item = T>,
    ) {
        let mut state = self.state.lock();
        state.give_back(slots, mode, thread);
        state.put_down(slots, left);
        state.grant_waiting();
    }

    /// A transaction of `from` goes on in `to`.
    pub(crate) fn hand_over(&self, slots: &[Slot], to: ThreadKey) {
        self.state.lock().hand_over(slots, to);
    }
}

fn busy<T>(state: &State<T>, slot: Slot, waited: Duration) -> Error {
    Error::Busy { segment: state.name(slot), waited }
}

#[cfg(test)]
mod tests;
