//! What is not known before the power is cut, and the ways it may come out.
//!
//! The unknowns are independent of each other, so the ways are their product: all of them where there are few, the telling
//! ones and random ones where there are many.

use std::fmt;
use std::sync::Arc;

use crate::random::Random;
use crate::widths::{narrow, wide};

use super::file::{File, Sequence, Unknown};
use super::names::{FileId, Names};
use super::pages::SECTOR_LEN;

/// Everything that a power cut at one moment may leave or take.
#[derive(Clone, Debug)]
pub struct Unknowns {
    /// Whose unsynced changes may be found or not.
    names: Arc<Names>,
    files: Vec<(FileId, Vec<Unknown>)>,
}

/// One way in which the unknowns come out: for each, 0 for the old, or the number of a version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cut(Vec<u16>);

impl Cut {
    /// Whether the change of a name at `index` is found.
    pub(super) fn keeps(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|choice| *choice > 0)
    }
}

impl Unknowns {
    pub(super) fn of(names: Arc<Names>, files: &[Arc<File>]) -> Self {
        let reachable = names.reachable().into_iter();
        let unknown = reachable.filter_map(|id| Some((id, files.get(id)?.unknowns())));
        let files = unknown.filter(|(_, unknowns)| !unknowns.is_empty()).collect();
        Self { names, files }
    }

    /// How many ways there are; `u64::MAX` if there are more.
    #[must_use]
    pub fn ways(&self) -> u64 {
        let ways = self.choices().try_fold(1, u64::checked_mul);
        ways.unwrap_or(u64::MAX)
    }

    /// Nothing that was not forced is found.
    #[must_use]
    pub fn nothing(&self) -> Cut {
        Cut(self.choices().map(|_| 0).collect())
    }

    /// Everything is found as it was last written.
    #[must_use]
    pub fn everything(&self) -> Cut {
        let names = self.names.unsynced().iter().map(|_| 1);
        let in_files = self.in_files().map(|unknown| choice_of(wide(unknown.newest())));
        Cut(names.chain(in_files).collect())
    }

    /// All ways if there are at most `limit`, else so many of them, the same ones each time.
    #[must_use]
    pub fn cuts_up_to(&self, limit: u64) -> Vec<Cut> {
        self.cuts(limit, narrow(limit), &mut Random::new(limit))
    }

    /// All ways, if there are at most `exhaustive_up_to`; else `samples` of them: nothing, everything, one unknown alone, all but
    /// one, all up to a moment, and random ones.
    pub(super) fn cuts(
        &self,
        exhaustive_up_to: u64,
        samples: usize,
        random: &mut Random,
    ) -> Vec<Cut> {
        if self.ways() <= exhaustive_up_to {
            return self.all();
        }
        let mut cuts = vec![self.nothing(), self.everything()];
        while cuts.len() < samples.max(2) {
            cuts.push(self.sample(random));
        }
        cuts
    }

    /// One way, drawn at random; telling ones are likely.
    pub(super) fn sample(&self, random: &mut Random) -> Cut {
        let count = self.choices().count();
        let one = narrow(random.below(wide(count)));
        let last = || self.choices().map(|choices| choice_of(choices.saturating_sub(1)));
        let last_of_one = last().nth(one).unwrap_or(0);
        match random.below(6) {
            0 => self.nothing().with(one, last_of_one),
            1 => {
                let everything = self.everything();
                let other = if everything.at(one) == 0 { last_of_one } else { 0 };
                everything.with(one, other)
            }
            2 => self.up_to(random),
            3 => Cut(last().map(|choice| choice * coin(random)).collect()),
            4 => self.nothing(),
            _ => Cut(self.choices().map(|choices| choice_of(random.below(choices))).collect()),
        }
    }

    /// All, in the order of a counter whose digits are the choices.
    fn all(&self) -> Vec<Cut> {
        let mut cuts = vec![self.nothing()];
        for (place, choices) in self.choices().enumerate() {
            let so_far = cuts.clone();
            for choice in 1..choices {
                cuts.extend(so_far.iter().map(|cut| cut.clone().with(place, choice_of(choice))));
            }
        }
        cuts
    }

    /// The device stopped writing at some moment: everything before is there, nothing behind.
    fn up_to(&self, random: &mut Random) -> Cut {
        let written = |unknown: &Unknown| match unknown {
            Unknown::Length(versions) => versions.iter().map(|(at, _)| *at).collect(),
            Unknown::Sector(_, versions) => versions.clone(),
            Unknown::Fresh { .. } => Vec::new(),
        };
        let mut times: Vec<Sequence> = self.names.unsynced().iter().map(|(at, _)| *at).collect();
        times.extend(self.in_files().flat_map(written));
        let at = narrow(random.below(wide(times.len())));
        let last = times.get(at).copied().unwrap_or(0);
        let names = self.names.unsynced().iter().map(|(at, _)| u16::from(*at <= last));
        let bytes = self.in_files().map(|unknown| choice_of(wide(unknown.choice_up_to(last))));
        Cut(names.chain(bytes).collect())
    }

    fn in_files(&self) -> impl Iterator<Item = &Unknown> {
        self.files.iter().flat_map(|(_, unknowns)| unknowns)
    }

    fn choices(&self) -> impl Iterator<Item = u64> {
        let names = self.names.unsynced().iter().map(|_| 2);
        names.chain(self.in_files().map(|unknown| wide(unknown.choices())))
    }

    /// The choices of `cut` for each file.
    pub(super) fn files<'a>(
        &'a self,
        cut: &'a Cut,
    ) -> impl Iterator<Item = (FileId, &'a [Unknown], &'a [u16])> {
        let mut rest = cut.0.get(self.names.unsynced().len()..).unwrap_or_default();
        self.files.iter().map(move |(id, unknowns)| {
            let (choices, behind) = rest.split_at(unknowns.len().min(rest.len()));
            rest = behind;
            (*id, unknowns.as_slice(), choices)
        })
    }

    /// `cut` in words: a line for each unknown that did not come out as it was last written.
    #[must_use]
    pub fn describe<'a>(&'a self, cut: &'a Cut) -> impl fmt::Display + 'a {
        Description { unknowns: self, cut }
    }
}

impl Cut {
    pub(super) fn with(mut self, place: usize, choice: u16) -> Self {
        if let Some(slot) = self.0.get_mut(place) {
            *slot = choice;
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn at(&self, place: usize) -> u16 {
        self.0.get(place).copied().unwrap_or(0)
    }
}

impl Unknown {
    /// What identifies the version that a choice picks.
    pub(super) fn identity(&self, choice: usize) -> (u64, Sequence, u64) {
        let version = choice.checked_sub(1);
        match self {
            Self::Length(versions) => {
                // One operation may pass several lengths.
                let found = version.and_then(|at| versions.get(at)).copied();
                let (at, len) = found.unwrap_or((0, 0));
                (u64::MAX, at, len)
            }
            Self::Sector(index, versions) => {
                (*index, version.and_then(|at| versions.get(at)).copied().unwrap_or(0), 0)
            }
            Self::Fresh { .. } => (u64::MAX - 1, 0, wide(choice)),
        }
    }
}

/// No sector is written so often between two forces that this makes a difference.
fn choice_of(choice: u64) -> u16 {
    u16::try_from(choice).unwrap_or(u16::MAX)
}

fn coin(random: &mut Random) -> u16 {
    u16::from(random.below(2) == 1)
}

struct Description<'a> {
    unknowns: &'a Unknowns,
    cut: &'a Cut,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = &self.unknowns.names;
        for (index, (_, change)) in names.unsynced().iter().enumerate() {
            if !self.cut.keeps(index) {
                writeln!(f, "      lost: {change}")?;
            }
        }
        for (id, unknowns, choices) in self.unknowns.files(self.cut) {
            let name = names.any_of(id).map_or_else(|| format!("file {id}"), ToString::to_string);
            for (unknown, choice) in unknowns.iter().zip(choices) {
                describe(f, &name, unknown, usize::from(*choice))?;
            }
        }
        writeln!(f, "      all else is found as it was last written")
    }
}

fn describe(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    unknown: &Unknown,
    choice: usize,
) -> fmt::Result {
    let newest = unknown.newest();
    match (unknown, choice.checked_sub(1)) {
        _ if choice == newest => Ok(()),
        (Unknown::Fresh { .. }, Some(1)) => {
            writeln!(f, "      found: stale bytes in every other sector of new space of {name}")
        }
        (Unknown::Fresh { .. }, _) => {
            writeln!(f, "      found: stale bytes in new space of {name}")
        }
        (Unknown::Length(_), None) => writeln!(f, "      lost: the new length of {name}"),
        (Unknown::Length(versions), Some(at)) => {
            let len = versions.get(at).map_or(0, |(_, len)| *len);
            writeln!(f, "      found: {name} at a length of {len} bytes, not the last")
        }
        (Unknown::Sector(index, _), None) => {
            writeln!(f, "      lost: {}", SectorOf(name, *index))
        }
        (Unknown::Sector(index, _), Some(at)) => {
            let sector = SectorOf(name, *index);
            writeln!(f, "      found: {sector} as written the {}. time of {newest}", at + 1)
        }
    }
}

struct SectorOf<'a>(&'a str, u64);

impl fmt::Display for SectorOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, index) = self;
        let start = index * wide(SECTOR_LEN);
        write!(f, "{name} {start}..{}", start + wide(SECTOR_LEN))
    }
}
