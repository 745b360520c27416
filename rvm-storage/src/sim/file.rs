//! One file of the simulator: what reads see, what the medium holds, and what is on its way from the one to the other.
//!
//! A write that is not forced adds a *version* to each sector it touches: the sector as reads see it then. When the power
//! goes, each sector is found as the medium has it or in any version since, whatever became of the others: writeback
//! takes sectors in any order, at any time, and whole. The length has versions of its own: only those are found that reach as far
//! as what was forced since.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::widths::{narrow, wide};

use super::fresh::Fresh;
use super::pages::{Pages, SECTOR_LEN, Sector, sectors_of};

/// Stale bytes that a grown file may show where it was never written.
const STALE: u8 = 0xd7;

/// The number of a change; later ones are higher.
pub(super) type Sequence = u64;

#[derive(Clone, Debug, Default)]
pub(super) struct File {
    live: Pages,
    medium: Pages,
    /// The sector in which the medium's length ends, as it was forced: what lies behind the end is found with a longer length.
    medium_tail: Option<(u64, Arc<Sector>)>,
    /// When the medium last changed.
    medium_changed: Sequence,
    versions: BTreeMap<u64, Vec<Version>>,
    lengths: Vec<(Sequence, u64)>,
    /// Where writes made the file longer, and were not forced.
    fresh: Fresh,
    /// Where they did, and a failed force lost them.
    lost: Fresh,
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
    /// Zeros or stale bytes, where writes made the file longer and did not arrive: zeros, stale bytes everywhere, or in every other
    /// sector if there are several.
    Fresh { many: bool },
}

impl Unknown {
    /// How many things may be found.
    pub(super) fn choices(&self) -> usize {
        match self {
            Self::Length(versions) => versions.len() + 1,
            Self::Sector(_, versions) => versions.len() + 1,
            Self::Fresh { many } => 2 + usize::from(*many),
        }
    }

    /// The choice of what was last written.
    pub(super) fn newest(&self) -> usize {
        match self {
            Self::Length(_) | Self::Sector(..) => self.choices() - 1,
            Self::Fresh { .. } => 0,
        }
    }

    /// The choice that a device makes that stops writing behind `last`.
    pub(super) fn choice_up_to(&self, last: Sequence) -> usize {
        match self {
            Self::Length(versions) => versions.iter().filter(|(at, _)| *at <= last).count(),
            Self::Sector(_, versions) => versions.iter().filter(|at| **at <= last).count(),
            Self::Fresh { .. } => 0,
        }
    }
}

impl File {
    /// A file that is on the medium as it is, since then.
    pub(super) fn durable(content: Pages, medium_changed: Sequence) -> Self {
        Self { live: content.clone(), medium: content, medium_changed, ..Self::default() }
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
        let stale_end = self.medium_end().max(self.versions_end()).min(len);
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
            self.fresh.add(old.max(self.medium.len())..len);
        }
        Ok(())
    }

    /// Puts everything on the medium.
    pub(super) fn force(&mut self, now: Sequence) -> io::Result<()> {
        self.medium_changed = now;
        self.fresh.clear();
        self.lengths.clear();
        if !self.cache_lies {
            self.versions.clear();
            self.medium = self.live.clone();
            self.medium_tail = None;
            return Ok(());
        }
        self.set_medium_len(self.live.len())?;
        for index in std::mem::take(&mut self.versions).into_keys() {
            self.put_on_medium(index, &self.live.sector(index));
        }
        Ok(())
    }

    /// Puts the bytes of one write on the medium, and no others but those in the same sectors. No length is found any more that
    /// does not reach as far.
    pub(super) fn force_range(&mut self, now: Sequence, offset: u64, len: u64) -> io::Result<()> {
        self.medium_changed = now;
        let end = offset.saturating_add(len).min(self.live.len());
        self.lengths.retain(|(_, len)| *len >= end);
        if end > self.medium.len() {
            self.set_medium_len(end)?;
        }
        let sectors = sectors_of(offset, end.saturating_sub(offset));
        self.fresh.remove(&sectors);
        for index in sectors {
            self.versions.remove(&index);
            self.put_on_medium(index, &self.live.sector(index));
        }
        Ok(())
    }

    /// A force fails: the sectors that `arrives` picks reach the medium, the cache takes all of them for clean, and no later force
    /// writes the others.
    pub(super) fn fail_force(&mut self, now: Sequence, mut arrives: impl FnMut() -> bool) {
        self.medium_changed = now;
        self.cache_lies |= !self.fresh.is_empty();
        self.lost.append(&mut self.fresh);
        for (index, versions) in std::mem::take(&mut self.versions) {
            match versions.last() {
                Some(last) if arrives() => self.put_on_medium(index, &last.bytes),
                _ => self.cache_lies = true,
            }
        }
    }

    /// Reads come from the medium again, but for what is still to be written.
    pub(super) fn drop_cache(&mut self, now: Sequence) -> io::Result<()> {
        if !self.cache_lies {
            return Ok(());
        }
        // What is read now stays so: stale bytes, where the medium may have them.
        self.medium_changed = now;
        for index in std::mem::take(&mut self.lost).sectors() {
            self.medium.set_sector(index, &[STALE; SECTOR_LEN]);
        }
        let mut live = self.medium.clone();
        live.set_len(self.live.len())?;
        if let Some((index, sector)) = &self.medium_tail {
            live.set_sector(*index, sector);
        }
        for (index, versions) in &self.versions {
            if let Some(last) = versions.last() {
                live.set_sector(*index, &last.bytes);
            }
        }
        self.live = live;
        self.cache_lies = false;
        Ok(())
    }

    /// Changes what is there already: in the cache, on the medium, and on its way from the one to the other.
    pub(super) fn rot(&mut self, now: Sequence, offset: u64, bytes: &[u8]) {
        self.medium_changed = now;
        self.live.overwrite(offset, bytes);
        self.medium.overwrite(offset, bytes);
        let inside = narrow(self.live.len().saturating_sub(offset)).min(bytes.len());
        let bytes = bytes.get(..inside).unwrap_or_default();
        let on_their_way = self.versions.range_mut(sectors_of(offset, wide(inside)));
        for (index, versions) in on_their_way {
            for version in versions {
                rot_sector(*index, Arc::make_mut(&mut version.bytes), offset, bytes);
            }
        }
        if let Some((index, sector)) = &mut self.medium_tail {
            rot_sector(*index, Arc::make_mut(sector), offset, bytes);
        }
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
        if !(self.fresh.is_empty() && self.lost.is_empty()) {
            let many = self.fresh.are_many() || self.lost.are_many();
            unknowns.push(Unknown::Fresh { many });
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
        if let Some((index, sector)) = &self.medium_tail {
            content.set_sector(*index, sector);
        }
        for (unknown, pick) in picks() {
            let step = match (unknown, pick) {
                (Unknown::Fresh { .. }, 1) => 1,
                (Unknown::Fresh { .. }, 2) => 2,
                _ => continue,
            };
            for index in self.fresh.sectors().chain(self.lost.sectors()) {
                if index % step == 0 {
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
        Self::durable(content, 0)
    }

    fn set_medium_len(&mut self, len: u64) -> io::Result<()> {
        let grows = len > self.medium.len();
        self.medium.set_len(len)?;
        if let Some((index, sector)) = self.medium_tail.take()
            && grows
        {
            self.put_on_medium(index, &sector);
        }
        Ok(())
    }

    /// Forces a sector that begins before the medium's end.
    fn put_on_medium(&mut self, index: u64, sector: &Sector) {
        self.medium.set_sector(index, sector);
        self.lost.remove(&(index..index + 1));
        let (start, len) = (index * wide(SECTOR_LEN), self.medium.len());
        if start < len && len < start + wide(SECTOR_LEN) {
            self.medium_tail = Some((index, Arc::new(*sector)));
        }
    }

    /// Where the medium has bytes that no length shows, too.
    fn medium_end(&self) -> u64 {
        let tail = self.medium_tail.as_ref().map_or(0, |(index, _)| (index + 1) * wide(SECTOR_LEN));
        self.medium.len().max(tail)
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

/// Puts those of the `bytes` from `offset` on into the sector at `index` that lie there.
fn rot_sector(index: u64, sector: &mut Sector, offset: u64, bytes: &[u8]) {
    for (place, byte) in (index * wide(SECTOR_LEN)..).zip(sector) {
        let at = place.checked_sub(offset).map(narrow);
        if let Some(rotten) = at.and_then(|at| bytes.get(at)) {
            *byte = *rotten;
        }
    }
}
