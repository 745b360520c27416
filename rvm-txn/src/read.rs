//! Read guards: consistent views of segments, without a copy.

use std::fmt;
use std::iter;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use rvm_storage::memory::Region;

use crate::arbiter::{Mode, Slots, ThreadKey, Wait};
use crate::error::{Error, Result};
use crate::mapping::Mapping;
use crate::ownership::take_segments;
use crate::segment::Segment;
use crate::shared::Shared;
use crate::sync::{ArcRwLockReadGuard, RawRwLock, RwLock};

/// The bytes of a segment, unchanging as long as the guard lives. No transaction gets the segment meanwhile.
///
/// It belongs to its thread (`!Send`), so that the store knows which thread must not wait for it.
pub struct ReadGuard {
    shared: Arc<Shared>,
    segment: Arc<Mapping>,
    /// `None` only while being dropped.
    memory: Option<ArcRwLockReadGuard<RawRwLock, Region>>,
    thread: ThreadKey,
    stays_on_its_thread: PhantomData<*const ()>,
}

/// Takes the segments, shared, all at once.
pub(crate) fn take(shared: &Arc<Shared>, segments: &[&Segment]) -> Result<Vec<ReadGuard>> {
    shared.check_usable()?;
    let thread = ThreadKey::current();
    let taken = take_segments(shared, segments, Mode::Shared, Wait::Forever)?;
    // Each guard gives its own place back, so they are made before anything else can fail.
    let guards: Vec<ReadGuard> = taken
        .mappings
        .into_iter()
        .map(|segment| ReadGuard {
            memory: RwLock::try_read_arc(&segment.memory),
            shared: Arc::clone(shared),
            segment: Arc::clone(segment),
            thread,
            stays_on_its_thread: PhantomData,
        })
        .collect();
    for guard in &guards {
        guard.segment.check_usable()?;
        if guard.memory.is_none() {
            return Err(Error::NotMapped { segment: guard.segment.name.to_string() });
        }
    }
    Ok(guards)
}

impl Segment {
    /// A view of the committed bytes that no crash can take back: waits until no transaction has the segment, and then until
    /// every `Force` commit it shows is durable. Lazy commits are shown at once.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`] if this thread's own transaction has the segment; [`Error::Poisoned`] if a crash could
    /// take back what it would show; [`Error::NotMapped`], [`Error::Closed`], [`Error::Forked`].
    pub fn read(&self) -> Result<ReadGuard> {
        let guard = self.read_latest()?;
        guard.wait_decided()?;
        Ok(guard)
    }

    /// A view of the committed bytes, some of which may not be durable yet. Works on a poisoned store.
    ///
    /// # Errors
    /// [`Error::WouldDeadlock`] if this thread's own transaction has the segment; [`Error::NotMapped`],
    /// [`Error::Closed`], [`Error::Forked`].
    pub fn read_latest(&self) -> Result<ReadGuard> {
        let mut guards = take(&self.shared, &[self])?;
        guards.pop().ok_or(Error::NoSegments)
    }
}

impl ReadGuard {
    /// Waits until no crash can take back a `Force` commit that the guard shows.
    pub(crate) fn wait_decided(&self) -> Result<()> {
        let Some(log) = &self.segment.log else { return Ok(()) };
        let mut state = log.latch.lock();
        let target = state.force_end;
        while state.decided < target {
            self.shared.logs.health.check()?;
            state = log.changed.wait(state);
        }
        // Nothing will be decided any more on a poisoned store, so what is not may be lost.
        if state.decided < state.tail.end() { self.shared.logs.health.check() } else { Ok(()) }
    }

    /// The name of the segment.
    #[must_use]
    pub fn segment_name(&self) -> &str {
        self.segment.name.as_str()
    }
}

impl Deref for ReadGuard {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], |memory| memory)
    }
}

impl Drop for ReadGuard {
    fn drop(&mut self) {
        self.memory = None;
        if !self.shared.in_child() {
            let slots: Slots = iter::once(self.segment.slot).collect();
            self.shared.arbiter.release(&slots, Mode::Shared, self.thread, iter::empty());
        }
    }
}

impl fmt::Debug for ReadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadGuard").field("segment", &self.segment.name).finish_non_exhaustive()
    }
}

/// A consistent view of several segments: no transaction over them is shown in part.
#[derive(Debug)]
pub struct ReadGuards(Vec<ReadGuard>);

impl ReadGuards {
    pub(crate) fn take(shared: &Arc<Shared>, segments: &[&Segment]) -> Result<Self> {
        let guards = take(shared, segments)?;
        for guard in &guards {
            guard.wait_decided()?;
        }
        Ok(Self(guards))
    }

    /// The bytes of one of the segments.
    ///
    /// # Errors
    /// [`Error::NotInTransaction`] if it is not one of those that the view was made of.
    pub fn get(&self, segment: &Segment) -> Result<&[u8]> {
        let guard = self.0.iter().find(|guard| Arc::ptr_eq(&guard.segment, &segment.mapping));
        match guard {
            Some(guard) => Ok(guard),
            None => Err(Error::NotInTransaction { segment: segment.name().to_owned() }),
        }
    }
}
