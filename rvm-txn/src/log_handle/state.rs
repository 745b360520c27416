//! What a log's latch guards.

use std::collections::VecDeque;

use rvm_log::{BLOCK_LEN, Lsn, Ring, Tail};

use super::{Link, Named};
use crate::stats::Appends;

/// How many bytes of records may wait in memory to be forced, unless a single record is larger. With the block that they begin in and the one
/// that they end in they fill 1 MiB.
const TAIL_ROOM: u64 = (1 << 20) - 2 * BLOCK_LEN;

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent conditions, each documented")]
pub(crate) struct LogState {
    pub(crate) tail: Tail,
    pub(crate) ring: Ring,
    /// Everything below is in the segment's file.
    pub(crate) head: Lsn,
    /// Everything below can be taken back by no crash.
    pub(crate) decided: Lsn,
    /// Everything below is on stable storage.
    pub(crate) durable: Lsn,
    /// The end of the newest commit that is, or will be, acknowledged as durable.
    pub(crate) force_end: Lsn,
    /// The undecided records that name other logs, in order.
    pub(crate) links: VecDeque<Link>,
    /// What decided records name that no truncation has taken.
    pub(crate) named: Named,
    pub(crate) appends: Appends,
    /// A leader is writing.
    pub(crate) forcing: bool,
    /// The ring is about to be resized; nothing may be appended.
    pub(crate) draining: bool,
    /// The header on disk says that the log is in use: records may be appended.
    pub(crate) open: bool,
    /// Some record since the head names another log.
    pub(crate) entangled: bool,
    /// The maintenance thread has been asked to truncate.
    pub(crate) truncation_asked: bool,
    /// The maintenance thread knows of lazy commits here.
    pub(crate) lazy_noted: bool,
}

impl LogState {
    pub(super) fn empty_at(end: Lsn, ring: Ring) -> Self {
        Self {
            tail: Tail::new(end),
            ring,
            head: end,
            decided: end,
            durable: end,
            force_end: end,
            links: VecDeque::new(),
            named: Named::default(),
            appends: Appends::default(),
            forcing: false,
            draining: false,
            open: false,
            entangled: false,
            truncation_asked: false,
            lazy_noted: false,
        }
    }

    /// Whether a record of `len` bytes can be appended now.
    pub(crate) fn has_room(&self, len: u64) -> bool {
        self.open && !self.draining && self.ring_has_room(len) && self.tail_has_room(len)
    }

    /// Whether the ring has space for it.
    pub(crate) fn ring_has_room(&self, len: u64) -> bool {
        self.ring.fits(self.head, self.tail.end().plus(len))
    }

    fn tail_has_room(&self, len: u64) -> bool {
        let waiting = self.tail.unsealed_len();
        waiting == 0 || waiting + len <= TAIL_ROOM
    }

    /// The bytes that truncation would free, were all of them decided.
    pub(crate) fn live_len(&self) -> u64 {
        self.tail.end().since(self.head)
    }

    /// Takes note that everything below `durable` is on stable storage.
    pub(super) fn raise_durable(&mut self, durable: Lsn) {
        self.durable = self.durable.max(durable);
        self.raise_decided(self.decided);
    }

    /// Takes note that everything below `decided` is decided, and with it what follows and names no other log. True if that is news.
    pub(crate) fn raise_decided(&mut self, decided: Lsn) -> bool {
        let before = self.decided;
        self.decided = self.decided.max(decided);
        let passed = self.links.partition_point(|link| link.lsn < self.decided);
        for link in self.links.drain(..passed) {
            self.named.add(link);
        }
        let next_link = self.links.front().map_or(self.durable, |link| link.lsn);
        self.decided = self.decided.max(next_link.min(self.durable));
        self.decided > before
    }

    /// Takes note that everything below `head` is in the segment's file.
    pub(crate) fn raise_head(&mut self, head: Lsn) {
        self.head = head;
        if head == self.tail.end() {
            self.entangled = false;
        }
    }
}
