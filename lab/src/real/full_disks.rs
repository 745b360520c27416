//! Lives on small disks that are full but for so many blocks, from none on until there is enough: each step of growing may be the one that
//! finds no space. What was acknowledged is judged on the disk that is still full, and again when there is space.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::disk::Disk;
use super::evidence;
use super::life::{End, Left, could_not_judge};
use super::mount::FileSystem;
use crate::life::Life;

/// Steps of a life.
const STEPS: usize = 16;

/// A life has enough space when it came to its end with so many numbers of free blocks, one behind the other.
const ENOUGH: u32 = 6;

/// The system's words for a disk that is full, and for one that a full disk made read-only.
const NO_SPACE: [&str; 2] = ["No space left on device", "Read-only file system"];

/// The store's word for a log that could not be folded for want of space.
const NOT_FOLDED: &str = "the device is full";

/// How much is to be done on a file system.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Which.
    pub kind: FileSystem,
    /// So many lives at least, each with another number of free blocks or another seed.
    pub lives: u64,
    /// The first seed.
    pub seed: u64,
    /// By how many blocks the free space differs from one life to the next.
    pub stride: usize,
}

/// What was done.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Lives with so many blocks free.
    pub lives: u64,
    /// Lives that could not go on without space.
    pub starved: u64,
    /// Stores opened on the disk that was still full.
    pub opened_full: u64,
    /// Stores that only opened when there was space: not complete, or on a file system that copies.
    pub wanted_space: u64,
    /// The most blocks that were not enough.
    pub blocks: usize,
}

/// Lives on a disk of this kind, with more and more blocks free.
///
/// # Errors
/// The promise that was broken, and how; or what the tools say.
pub fn run(program: &Path, plan: &Plan) -> Result<Tally, String> {
    let disk = Disk::mount(plan.kind)?;
    let mut tally = Tally::default();
    for seed in plan.seed.. {
        if tally.lives >= plan.lives {
            break;
        }
        let life = Life { mapped: seed % 4 == 3, ..Life::new(program, seed, STEPS) };
        let mut at_its_end = 0;
        for blocks in (0..).step_by(plan.stride) {
            let step = Step { kind: plan.kind, disk: &disk, life: &life, blocks };
            at_its_end = if step.run(&mut tally)? { 0 } else { at_its_end + 1 };
            if at_its_end >= ENOUGH {
                break;
            }
        }
    }
    Ok(tally)
}

/// One life with so many blocks.
struct Step<'a> {
    kind: FileSystem,
    disk: &'a Disk,
    life: &'a Life,
    blocks: usize,
}

impl Step<'_> {
    /// Says whether it starved.
    fn run(&self, tally: &mut Tally) -> Result<bool, String> {
        let store = self.disk.store();
        self.disk.leave(self.blocks).map_err(|error| format!("filling: {error}"))?;
        let left = self.life.live(&store, &[]).map_err(|wrong| self.told(&store, &wrong, ""))?;
        let starved = left.end == End::Stopped;
        if starved && !self.wants_space(&left.complaint) || left.end == End::Killed {
            return Err(self.told(&store, &left.complaint, &left.said));
        }
        let mut events = left.said;
        match self.judge(&store, &events)? {
            Left { end: End::Done, said, .. } => {
                tally.opened_full += 1;
                events = format!("{events}{{\"Recovered\":{}}}\n", said.trim());
            }
            Left { complaint, .. } if could_not_judge(&complaint) => {
                let complete = is_complete(&store).unwrap_or(false);
                if complete && !self.kind.copies_on_write() {
                    return Err(self.told(&store, &format!("still full: {complaint}"), &events));
                }
                tally.wanted_space += 1;
            }
            Left { complaint, .. } => return Err(self.told(&store, &complaint, &events)),
        }
        self.disk.free().map_err(|error| format!("freeing: {error}"))?;
        let judged = self.judge(&store, &events)?;
        if judged.end != End::Done {
            return Err(self.told(&store, &judged.complaint, &events));
        }
        fs::remove_dir_all(&store).map_err(|error| error.to_string())?;
        tally.lives += 1;
        tally.starved += u64::from(starved);
        tally.blocks = tally.blocks.max(if starved { self.blocks } else { 0 });
        Ok(starved)
    }

    /// Whether a life may end with these words. What was committed is folded into segments that have their space, and only a file system that
    /// copies wants more.
    fn wants_space(&self, complaint: &str) -> bool {
        NO_SPACE.iter().any(|reason| complaint.contains(reason))
            || self.kind.copies_on_write() && complaint.contains(NOT_FOLDED)
    }

    fn judge(&self, store: &Path, events: &str) -> Result<Left, String> {
        let judged = self.life.judge(store, events, &[]);
        judged.map_err(|wrong| self.told(store, &wrong, events))
    }

    /// A failure, with all that is needed to see it again.
    fn told(&self, store: &Path, wrong: &str, events: &str) -> String {
        let (kind, blocks, seed) = (self.kind.name(), self.blocks, self.life.seed);
        let repeat = format!(
            "cargo run --release -p lab -- --only full-disks --seed {seed}\n{}\n{} < events\n",
            self.life.shown("live", &[]),
            self.life.shown("judge", &[]),
        );
        let kept = evidence::keep(&[("events", events), ("repeat", &repeat)], &[("store", store)]);
        let wrong = wrong.trim();
        format!(
            "seed {seed} on {kind} with {blocks} blocks free: {wrong}\nto repeat it:\n{repeat}{kept}"
        )
    }
}

/// Whether a store has its lock file, and a log for each segment: it needs no space to be opened.
fn is_complete(store: &Path) -> io::Result<bool> {
    let mut names = BTreeSet::new();
    for entry in store.read_dir()? {
        names.extend(entry?.file_name().into_string());
    }
    let has_log = |name: &str| names.contains(&format!("{name}.log"));
    let mut segments = names.iter().filter_map(|name| name.strip_suffix(".seg"));
    Ok(names.contains("rvm.lock") && segments.all(has_log))
}
