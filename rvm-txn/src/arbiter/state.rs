//! Who holds what, who waits, and who is next. Pure bookkeeping under the arbiter's lock.

use std::collections::VecDeque;
use std::sync::Arc;

use rvm_storage::SegmentName;
use smallvec::SmallVec;

use super::{Left, Mode, Slot, Slots, ThreadKey, Waiter};
use crate::sync::atomic::Ordering;

/// Who holds one segment.
#[derive(Debug)]
pub(super) struct Hold<T> {
    /// `None` in a place that waits to be used again.
    name: Option<SegmentName>,
    /// Counts the segments that had this place.
    generation: u64,
    pub(super) writer: Option<ThreadKey>,
    pub(super) readers: SmallVec<[ThreadKey; 2]>,
    /// What the last transaction left.
    left: Option<T>,
}

impl<T> Hold<T> {
    fn of_nobody(name: Option<SegmentName>, generation: u64) -> Self {
        Self { name, generation, writer: None, readers: SmallVec::new(), left: None }
    }

    fn allows(&self, mode: Mode) -> bool {
        self.writer.is_none() && (mode == Mode::Shared || self.readers.is_empty())
    }

    fn holders(&self) -> impl Iterator<Item = ThreadKey> {
        self.writer.iter().chain(&self.readers).copied()
    }
}

#[derive(Debug)]
pub(super) struct State<T> {
    holds: Vec<Hold<T>>,
    /// Places that can be used again.
    free: Vec<usize>,
    /// In order of arrival.
    pub(super) queue: VecDeque<Arc<Waiter>>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { holds: Vec::new(), free: Vec::new(), queue: VecDeque::new() }
    }
}

impl<T> State<T> {
    pub(super) fn add(&mut self, name: &SegmentName) -> Slot {
        let index = self.free.pop().unwrap_or_else(|| {
            self.holds.push(Hold::of_nobody(None, 0));
            self.holds.len() - 1
        });
        let mut generation = 0;
        if let Some(hold) = self.holds.get_mut(index) {
            hold.name = Some(name.clone());
            generation = hold.generation;
        }
        Slot { index, generation }
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(hold) = self.hold_mut(slot) {
            *hold = Hold::of_nobody(None, slot.generation + 1);
            self.free.push(slot.index);
        }
    }

    pub(super) fn is_live(&self, slot: Slot) -> bool {
        self.hold(slot).is_some_and(|hold| hold.name.is_some())
    }

    fn hold(&self, slot: Slot) -> Option<&Hold<T>> {
        self.holds.get(slot.index).filter(|hold| hold.generation == slot.generation)
    }

    fn hold_mut(&mut self, slot: Slot) -> Option<&mut Hold<T>> {
        self.holds.get_mut(slot.index).filter(|hold| hold.generation == slot.generation)
    }

    pub(super) fn is_used(&self, slot: Slot, mode: Mode) -> bool {
        self.hold(slot).is_some_and(|hold| !hold.allows(mode))
    }

    pub(super) fn name(&self, slot: Slot) -> String {
        let name = self.hold(slot).and_then(|hold| hold.name.as_ref());
        name.map_or_else(String::new, ToString::to_string)
    }

    pub(super) fn in_transaction(&self) -> Option<SegmentName> {
        self.holds.iter().find(|hold| hold.writer.is_some())?.name.clone()
    }

    pub(super) fn holds_any(&self, thread: ThreadKey) -> bool {
        self.holds.iter().any(|hold| hold.holders().any(|holder| holder == thread))
    }

    /// The threads that hold one of `slots` so that a request in `mode` must wait, and where.
    pub(super) fn conflicts(
        &self,
        slots: &[Slot],
        mode: Mode,
    ) -> impl Iterator<Item = (Slot, ThreadKey)> {
        slots.iter().flat_map(move |slot| {
            let hold = self.hold(*slot).filter(|hold| !hold.allows(mode));
            hold.into_iter().flat_map(Hold::<T>::holders).map(|holder| (*slot, holder))
        })
    }

    /// A slot because of which a new request must wait, if it must.
    pub(super) fn obstacle(&self, slots: &[Slot], mode: Mode, thread: ThreadKey) -> Option<Slot> {
        if let Some(used) = slots.iter().copied().find(|slot| self.is_used(*slot, mode)) {
            return Some(used);
        }
        if self.queue.is_empty() || self.holds_any(thread) {
            return None;
        }
        slots
            .iter()
            .copied()
            .find(|slot| self.queue.iter().any(|earlier| blocks(earlier, *slot, mode)))
    }

    pub(super) fn take(&mut self, slots: &[Slot], mode: Mode, thread: ThreadKey) {
        for slot in slots {
            let Some(hold) = self.hold_mut(*slot) else { continue };
            match mode {
                Mode::Exclusive => hold.writer = Some(thread),
                Mode::Shared => {
                    hold.left = None;
                    hold.readers.push(thread);
                }
            }
        }
    }

    /// What was left in slots that a transaction took.
    pub(super) fn pick_up(&mut self, slots: &[Slot], mode: Mode) -> Left<T> {
        let mut left = Left::new();
        if mode == Mode::Exclusive {
            for slot in slots {
                left.push(self.hold_mut(*slot).and_then(|hold| hold.left.take()));
            }
        }
        left
    }

    /// Leaves something in slots that were given back.
    pub(super) fn put_down(&mut self, slots: &[Slot], left: impl Iterator<Item = T>) {
        for (slot, left) in slots.iter().zip(left) {
            if let Some(hold) = self.hold_mut(*slot) {
                hold.left = Some(left);
            }
        }
    }

    pub(super) fn give_back(&mut self, slots: &[Slot], mode: Mode, thread: ThreadKey) {
        for slot in slots {
            let Some(hold) = self.hold_mut(*slot) else { continue };
            match mode {
                Mode::Exclusive => hold.writer = None,
                Mode::Shared => {
                    if let Some(at) = hold.readers.iter().position(|reader| *reader == thread) {
                        hold.readers.swap_remove(at);
                    }
                }
            }
        }
    }

    pub(super) fn hand_over(&mut self, slots: &[Slot], to: ThreadKey) {
        for slot in slots {
            if let Some(hold) = self.hold_mut(*slot) {
                hold.writer = Some(to);
            }
        }
    }

    /// Grants every waiting request that can be, in order.
    pub(super) fn grant_waiting(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let mut still_waiting: VecDeque<Arc<Waiter>> = VecDeque::new();
        let mut granted = SmallVec::<[Arc<Waiter>; 2]>::new();
        for waiter in std::mem::take(&mut self.queue) {
            let free = !waiter.slots.iter().any(|slot| self.is_used(*slot, waiter.mode));
            let behind = |slot: &Slot| {
                still_waiting.iter().any(|earlier| blocks(earlier, *slot, waiter.mode))
            };
            if free && (waiter.overtakes || !waiter.slots.iter().any(behind)) {
                let slots: Slots = waiter.slots.clone();
                self.take(&slots, waiter.mode, waiter.thread);
                waiter.granted.store(true, Ordering::Release);
                waiter.advanced.notify_one();
                granted.push(waiter);
            } else {
                still_waiting.push_back(waiter);
            }
        }
        self.queue = still_waiting;
        // Who is next will be needed soon, and takes longer to wake than a short transaction.
        for slot in granted.iter().flat_map(|waiter| &waiter.slots) {
            if let Some(next) = self.queue.iter().find(|waiter| waiter.slots.contains(slot)) {
                next.advanced.notify_one();
            }
        }
    }

    /// True if nobody in the queue wants a slot of this waiter's before it.
    pub(super) fn is_next(&self, waiter: &Arc<Waiter>) -> bool {
        let mut earlier = self.queue.iter().take_while(|other| !Arc::ptr_eq(other, waiter));
        !earlier.any(|earlier| waiter.slots.iter().any(|slot| earlier.slots.contains(slot)))
    }
}

/// True if a request for `slot` in `mode` must stay behind the earlier one.
fn blocks(earlier: &Waiter, slot: Slot, mode: Mode) -> bool {
    let both_shared = earlier.mode == Mode::Shared && mode == Mode::Shared;
    !both_shared && earlier.slots.contains(&slot)
}
