//! One file of the simulator: what reads see, what the medium holds, and what is on its way from the one to the other.
//!
//! A write that is not forced adds a *version* to each sector it touches: the sector as reads see it then. When the power
//! goes, each sector is found as the medium has it or in any version since, whatever became of the others: writeback
//! takes sectors in any order, at any time, and whole. The length has versions of its own.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::widths::wide;

use super::pages::{Pages, SECTOR_LEN, Sector, sectors_of};

/// Stale bytes that a grown file may show where it was never written.
const STALE: u8 = 0xd7;

/// The number of a change; later ones are higher.
pub(super) type Sequence = u64;

#[derive(Clone, Debug, Default)]
pub(super) struct File {
    live: Pages,
    medium: Pages,
    /// When the medium last changed.
    medium_changed: Sequence,
    versions: BTreeMap<u64, Vec<Version>>,
    lengths: Vec<(Sequence, u64)>,
    /// Where writes made the file longer since the last force: a device may have the length, and not the bytes.
    grown_by_writing: Range<u64>,
    /// Some sector is clean in the cache, but a failed force left the medium without it.
    cache_lies: bool,
}

#[derive(Clone, Debug)]
struct Version {
    written: Sequence,
    bytes: Arc<Sector>,
}

/// Something that is not known of a file before the power is cut: which of several things will be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unknown {
    /// The old length, or one of these.
    Length(Vec<(Sequence, u64)>),
    /// The old bytes of a sector, or one of so many versions, written then.
    Sector(u64, Vec<Sequence>),
    /// Zeros or stale bytes, where writes made the file longer and did not arrive.
    Fresh,
}

impl Unknown {
    /// How many things may be found.
    pub(super) fn choices(&self) -> usize {
        match self {
            Self::Length(versions) => versions.len() + 1,
            Self::Sector(_, versions) => versions.len() + 1,
            Self::Fresh => 2,
        }
    }

    /// The choice that a device makes that stops writing behind `last`.
    pub(super) fn choice_up_to(&self, last: Sequence) -> usize {
        match self {
            Self::Length(versions) => versions.iter().filter(|(at, _)| *at <= last).count(),
            Self::Sector(_, versions) => versions.iter().filter(|at| **at <= last).count(),
            Self::Fresh => 0,
        }
    }
}

impl File {
    /// A file that is on the medium as it is.
    pub(super) fn durable(content: Pages) -> Self {
        Self { live: content.clone(), medium: content, ..Self::default() }
    }

    pub(super) fn live(&self) -> &Pages {
        &self.live
    }

    /// Whether reads show what the medium lacks and no force will bring there.
    pub(super) fn cache_lies(&self) -> bool {
        self.cache_lies
    }

    pub(super) fn medium_changed(&self) -> Sequence {
        self.medium_changed
    }

    pub(super) fn write(&mut self, now: Sequence, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(wide(bytes.len())).ok_or(io::ErrorKind::InvalidInput)?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.grow_by_writing(now, end)?;
        self.live.write(offset, bytes)?;
        self.add_versions(now, sectors_of(offset, wide(bytes.len())));
        Ok(())
    }

    pub(super) fn set_len(&mut self, now: Sequence, len: u64) -> io::Result<()> {
        let old = self.live.len();
        if len == old {
            return Ok(());
        }
        self.live.set_len(len)?;
        self.lengths.push((now, len));
        // What lies behind a cut is zero when the file grows again, whatever the medium has there.
        let stale_end = self.medium.len().max(self.versions_end()).min(len);
        if stale_end > old {
            self.add_versions(now, sectors_of(old, stale_end - old));
        }
        Ok(())
    }

    /// Grows by zeros that are written, not reserved.
    pub(super) fn grow_by_writing(&mut self, now: Sequence, len: u64) -> io::Result<()> {
        let old = self.live.len();
        if len > old {
            self.set_len(now, len)?;
            let start =
                if self.grown_by_writing.is_empty() { old } else { self.grown_by_writing.start };
            self.grown_by_writing = start.min(old)..len;
        }
        Ok(())
    }

    /// Puts everything on the medium.
    pub(super) fn force(&mut self, now: Sequence) -> io::Result<()> {
        self.medium_changed = now;
        self.grown_by_writing = 0..0;
        self.lengths.clear();
        if !self.cache_lies {
            self.versions.clear();
            self.medium = self.live.clone();
            return Ok(());
        }
        self.medium.set_len(self.live.len())?;
        for (index, _) in std::mem::take(&mut self.versions) {
            self.medium.set_sector(index, &self.live.sector(index));
        }
        Ok(())
    }

    /// Puts the bytes of one write on the medium, and no others but those in the same sectors.
    pub(super) fn force_range(&mut self, now: Sequence, offset: u64, len: u64) -> io::Result<()> {
        self.medium_changed = now;
        let end = offset.saturating_add(len);
        if end > self.medium.len() {
            self.medium.set_len(end)?;
        }
        for index in sectors_of(offset, len) {
            self.versions.remove(&index);
            self.medium.set_sector(index, &self.live.sector(index));
        }
        Ok(())
    }

    /// A force fails: the sectors that `arrives` picks reach the medium, the cache takes all of them for clean, and no later force
    /// writes the others.
    pub(super) fn fail_force(&mut self, now: Sequence, mut arrives: impl FnMut() -> bool) {
        self.medium_changed = now;
        for (index, versions) in std::mem::take(&mut self.versions) {
            match versions.last() {
                Some(last) if arrives() => self.medium.set_sector(index, &last.bytes),
                _ => self.cache_lies = true,
            }
        }
    }

    /// Reads come from the medium again, but for what is still to be written.
    pub(super) fn drop_cache(&mut self) -> io::Result<()> {
        if !self.cache_lies {
            return Ok(());
        }
        let mut live = self.medium.clone();
        live.set_len(self.live.len())?;
        for (index, versions) in &self.versions {
            if let Some(last) = versions.last() {
                live.set_sector(*index, &last.bytes);
            }
        }
        self.live = live;
        self.cache_lies = false;
        Ok(())
    }

    /// Changes what is there already, in the cache and on the medium.
    pub(super) fn rot(&mut self, offset: u64, bytes: &[u8]) {
        self.live.overwrite(offset, bytes);
        self.medium.overwrite(offset, bytes);
    }

    /// What is not known of the file before the power is cut.
    pub(super) fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = Vec::new();
        if !self.lengths.is_empty() {
            unknowns.push(Unknown::Length(self.lengths.clone()));
        }
        for (index, versions) in &self.versions {
            let written = versions.iter().map(|version| version.written).collect();
            unknowns.push(Unknown::Sector(*index, written));
        }
        if !self.fresh_sectors().is_empty() {
            unknowns.push(Unknown::Fresh);
        }
        unknowns
    }

    /// The file as it is found after a power cut: `choices` has one for each of its `unknowns`, 0 for the old.
    pub(super) fn after_cut(&self, unknowns: &[Unknown], choices: &[u16]) -> Self {
        let mut content = self.medium.clone();
        let picks = || unknowns.iter().zip(choices.iter().map(|choice| usize::from(*choice)));
        // The length first, then what lay in new space, then what was written there.
        for (unknown, pick) in picks() {
            if let (Unknown::Length(versions), Some(at)) = (unknown, pick.checked_sub(1)) {
                let len = versions.get(at).map_or(content.len(), |(_, len)| *len);
                // Cannot fail: the file was as long before.
                drop(content.set_len(len));
            }
        }
        for (unknown, pick) in picks() {
            if matches!((unknown, pick), (Unknown::Fresh, 1)) {
                for index in self.fresh_sectors() {
                    content.set_sector(index, &[STALE; SECTOR_LEN]);
                }
            }
        }
        for (unknown, pick) in picks() {
            if let (Unknown::Sector(index, _), Some(at)) = (unknown, pick.checked_sub(1))
                && let Some(version) = self.versions.get(index).and_then(|all| all.get(at))
            {
                content.set_sector(*index, &version.bytes);
            }
        }
        Self::durable(content)
    }

    /// The whole sectors that the medium may have got without their bytes.
    fn fresh_sectors(&self) -> Range<u64> {
        let start =
            self.grown_by_writing.start.max(self.medium.len()).next_multiple_of(wide(SECTOR_LEN));
        sectors_of(start, self.grown_by_writing.end.saturating_sub(start))
    }

    fn versions_end(&self) -> u64 {
        self.versions.last_key_value().map_or(0, |(index, _)| (index + 1) * wide(SECTOR_LEN))
    }

    fn add_versions(&mut self, now: Sequence, sectors: Range<u64>) {
        for index in sectors {
            let version = Version { written: now, bytes: Arc::new(self.live.sector(index)) };
            let versions = self.versions.entry(index).or_default();
            match versions.last_mut() {
                Some(last) if last.written == now => *last = version,
                _ => versions.push(version),
            }
        }
    }
}
