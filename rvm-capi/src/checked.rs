//! Checked mode: finds changes that no transaction declared, which are in memory now and gone after a crash.
//!
//! A shadow is a copy of the segment as its transactions left it. When one ends, the bytes outside of what it declared are compared with
//! the shadow, so it does not matter when they were changed, and each change is told once. What is declared is compared, too, when it is:
//! it should not have been changed before.

use std::ffi::c_int;
use std::fmt::Write;
use std::sync::Arc;

use rvm_core::rvm_storage::locks::MutexGuard;

use crate::call;
use crate::fault::{Fault, Result};

/// What lies between two changes and is not longer than this is told with them, in bytes: a number rarely changes in each of its bytes.
const GAP_MAX: usize = 7;

/// What is compared at once, in bytes.
const BLOCK_LEN: usize = 4096;

/// Calls a program's function with each undeclared change, and the segment's name.
#[derive(Clone)]
pub(crate) struct Listener(pub(crate) Arc<Tell>);

type Tell = dyn Fn(Told<'_>, &str, Undeclared<'_>) + Send + Sync;

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

/// In which call a change was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) call: &'a str,
    pub(crate) tid: c_int,
    /// It was changed first and is declared now, so that an abort would leave it.
    pub(crate) early: bool,
}

/// How many bytes of a change are shown.
const SHOWN_LEN: usize = 16;

impl Told<'_> {
    /// Tells of a change: the listener, or stderr.
    pub(crate) fn of(self, segment: &str, change: Undeclared<'_>, listener: Option<&Listener>) {
        match listener {
            Some(Listener(tell)) => tell(self, segment, change),
            None => call::report(self.call, &Fault::misuse(self.sentence(segment, change))),
        }
    }

    fn sentence(self, segment: &str, change: Undeclared<'_>) -> String {
        let what = if self.early { "change before it was declared" } else { "undeclared change" };
        format!(
            "{what} in transaction {}: segment {segment:?}, offset {}, length {}, old{}, new{}",
            self.tid,
            change.offset,
            change.new.len(),
            hex(change.old),
            hex(change.new)
        )
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for byte in bytes.iter().take(SHOWN_LEN) {
        write!(shown, " {byte:02x}").ok();
    }
    if bytes.len() > SHOWN_LEN { shown + " ..." } else { shown }
}

/// A copy of a segment.
#[derive(Debug)]
pub(crate) struct Shadow {
    bytes: Vec<u8>,
}

/// Bytes that were changed and not declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Undeclared<'a> {
    pub(crate) offset: usize,
    pub(crate) old: &'a [u8],
    pub(crate) new: &'a [u8],
}

impl Shadow {
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn of(segment: &[u8]) -> Result<Self> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(segment.len()).map_err(|_| {
            Fault::no_memory(format!("checked mode has no {} bytes of memory", segment.len()))
        })?;
        bytes.extend_from_slice(segment);
        Ok(Self { bytes })
    }

    /// Tells of the changes of `segment` from `start` to `end` that lie outside of the `declared` ranges (start and end of each), and takes
    /// them over.
    pub(crate) fn take_undeclared(
        &mut self,
        segment: &[u8],
        (start, end): (usize, usize),
        declared: &mut [(usize, usize)],
        mut tell: impl FnMut(Undeclared<'_>),
    ) {
        if self.bytes.get(start..end) == segment.get(start..end) {
            return;
        }
        declared.sort_unstable();
        let mut position = start;
        for &(low, high) in declared.iter().chain([&(end, end)]) {
            let low = low.min(end);
            let (old, new) = (self.bytes.get_mut(position..low), segment.get(position..low));
            if let (Some(old), Some(new)) = (old, new) {
                each_change(old, new, |start, end| {
                    let old = old.get(start..end).unwrap_or_default();
                    let new = new.get(start..end).unwrap_or_default();
                    tell(Undeclared { offset: position + start, old, new });
                });
                old.copy_from_slice(new);
            }
            position = position.max(high);
        }
    }
}

/// A shadow that has taken over what a transaction is about to leave in the ranges that it declared. It is held until the commit is through:
/// whoever gets the segment next finds it as the commit left it.
pub(crate) struct Following<'a> {
    shadow: MutexGuard<'a, Shadow>,
    declared: &'a [(usize, usize)],
    before: Vec<Vec<u8>>,
}

impl<'a> Following<'a> {
    pub(crate) fn new(
        mut shadow: MutexGuard<'a, Shadow>,
        segment: &[u8],
        declared: &'a [(usize, usize)],
    ) -> Self {
        let mut before = Vec::with_capacity(declared.len());
        for &(start, end) in declared {
            let (to, from) = (shadow.bytes.get_mut(start..end), segment.get(start..end));
            if let (Some(to), Some(from)) = (to, from) {
                before.push(to.to_vec());
                to.copy_from_slice(from);
            }
        }
        Self { shadow, declared, before }
    }

    /// The transaction was undone instead.
    pub(crate) fn take_back(mut self) {
        for (&(start, end), bytes) in self.declared.iter().zip(&self.before).rev() {
            if let Some(to) = self.shadow.bytes.get_mut(start..end) {
                to.copy_from_slice(bytes);
            }
        }
    }
}

/// The start and the end of each change.
fn each_change(old: &[u8], new: &[u8], mut each: impl FnMut(usize, usize)) {
    let mut last: Option<(usize, usize)> = None;
    for (block, (old, new)) in old.chunks(BLOCK_LEN).zip(new.chunks(BLOCK_LEN)).enumerate() {
        if old == new {
            continue;
        }
        let differs = old.iter().zip(new).enumerate().filter(|(_, (was, is))| was != is);
        for at in differs.map(|(at, _)| block * BLOCK_LEN + at) {
            last = match last {
                Some((start, end)) if at - end <= GAP_MAX => Some((start, at + 1)),
                told => {
                    if let Some((start, end)) = told {
                        each(start, end);
                    }
                    Some((at, at + 1))
                }
            };
        }
    }
    if let Some((start, end)) = last {
        each(start, end);
    }
}

#[cfg(test)]
mod tests {
    use rvm_core::rvm_storage::locks::Mutex;

    use super::*;

    fn undeclared(old: &[u8], new: &[u8], declared: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let (mut shadow, mut found) = (Shadow::of(old).unwrap(), Vec::new());
        let whole = (0, new.len());
        shadow.take_undeclared(new, whole, &mut declared.to_vec(), |change| {
            let range = change.offset..change.offset + change.old.len();
            assert_eq!((change.old, change.new), (&old[range.clone()], &new[range.clone()]));
            found.push((range.start, range.end));
        });
        shadow.take_undeclared(new, whole, &mut declared.to_vec(), |change| {
            panic!("twice: {change:?}");
        });
        found
    }

    fn changed(len: usize, at: &[usize]) -> Vec<u8> {
        let mut bytes = vec![0; len];
        for at in at {
            bytes[*at] = 1;
        }
        bytes
    }

    /// Guards against changes that are missed at the edges of declared ranges, of blocks, and of the segment, or told where there are none.
    #[test]
    fn what_changed_outside_of_declared_ranges_is_told_once() {
        let old = vec![0; 9000];
        assert!(undeclared(&old, &changed(9000, &[5, 4096]), &[(4096, 4097), (5, 6)]).is_empty());
        let new = changed(9000, &[0, 9, 10, 19, 4095, 4096, 8999]);
        let found = undeclared(&old, &new, &[(10, 19), (12, 14), (30, 30)]);
        assert_eq!(found, [(0, 1), (9, 10), (19, 20), (4095, 4097), (8999, 9000)]);
    }

    /// Guards against changes that are told where nobody asked, or missed where a range that is about to be declared begins or ends.
    #[test]
    fn a_part_of_a_segment_is_looked_at_alone() {
        let (old, new) = (vec![0; 100], changed(100, &[9, 10, 20, 39, 40]));
        let (mut shadow, mut found) = (Shadow::of(&old).unwrap(), Vec::new());
        let mut declared = [(0, 15), (30, 39), (39, 39), (60, 70)];
        shadow.take_undeclared(&new, (10, 40), &mut declared, |change| found.push(change.offset));
        assert_eq!(found, [20, 39]);
    }

    /// Guards against a commit that was refused, and undone, of which the next one is accused.
    #[test]
    fn a_commit_that_was_undone_leaves_the_shadow_as_it_was() {
        let old: Vec<u8> = (0..100).collect();
        let (shadow, declared) =
            (Mutex::new(Shadow::of(&old).unwrap()), [(0, 10), (5, 20), (5, 20)]);
        let following = Following::new(shadow.lock(), &[7; 100], &declared);
        assert_eq!(following.shadow.bytes[..21], [[7; 20].as_slice(), &[20]].concat());
        following.take_back();
        assert_eq!(shadow.lock().bytes, old);
    }

    /// Guards against a number of which only some bytes changed that is told as several changes, and against two that are told as one.
    #[test]
    fn bytes_that_lie_close_are_one_change() {
        let old = vec![0; 64];
        assert_eq!(undeclared(&old, &changed(64, &[8, 16]), &[]), [(8, 17)]);
        assert_eq!(undeclared(&old, &changed(64, &[8, 17]), &[]), [(8, 9), (17, 18)]);
    }
}
