//! Power cuts under real file systems: every write of a block is logged, and the device is built again as it was, or may have been, at any
//! moment. The file system recovers by its own journal, and the oracle judges the store in it.
//!
//! An image that cannot be mounted is the file system's matter, and counted apart.

mod device;
mod format;
mod record;
mod replay;

use std::path::Path;

use fastrand::Rng;

use super::mount::FileSystem;
use crate::life::Life;
use crate::machine::missing;

use self::record::Recording;
use self::replay::{points, replay};

/// Steps of a life.
const STEPS: usize = 16;

/// So many images may be refused, whatever the number of those that are not.
const REFUSED_MAX: u64 = 5;

/// How much is to be done on a file system.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Which.
    pub kind: FileSystem,
    /// At least so many moments are judged.
    pub points: u64,
    /// The first seed.
    pub seed: u64,
    /// Not every moment of a life, but each so many.
    pub stride: usize,
}

/// What was done.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Lives that were recorded.
    pub lives: u64,
    /// Stores that were judged.
    pub judged: u64,
    /// Of them: where something was not flushed.
    pub torn: u64,
    /// Of them: where something was acknowledged.
    pub acknowledged: u64,
    /// Images that the file system did not take.
    pub refused: u64,
}

/// Why this cannot run here, if it cannot.
#[must_use]
pub fn cannot_run(kind: FileSystem) -> Option<String> {
    let tools = ["qemu-storage-daemon", "fusermount3", "losetup", "cp", "cmp"];
    let no_fuse = || (!Path::new("/dev/fuse").exists()).then(|| "there is no /dev/fuse".to_owned());
    kind.cannot_be_made().or_else(|| missing(&tools)).or_else(no_fuse)
}

/// Lives on logged devices until enough moments were judged.
///
/// # Errors
/// The promise that was broken, and how; or what the tools say.
pub fn run(program: &Path, plan: &Plan) -> Result<Tally, String> {
    let mut all = Tally::default();
    for (seed, number) in (plan.seed..).zip(0_u32..) {
        if all.judged >= plan.points {
            break;
        }
        let mut life = Life::new(program, seed, STEPS);
        life.mapped = number % 3 == 1;
        life.threads = number % 3 == 2;
        let recording = Recording::make(plan.kind, &life)?;
        let mut rng = Rng::with_seed(seed);
        let points = points(&recording, &mut rng, plan.stride);
        all.add(&replay(plan.kind, &life, &recording, &points)?);
        all.lives += 1;
        // Some writes of a file system may not be torn, and few are. If it takes no image, it is not it that is at fault.
        if all.refused > REFUSED_MAX + all.judged / 10 {
            return Err(format!("{}: {all:?}: too few images can be mounted", plan.kind.name()));
        }
    }
    Ok(all)
}

impl Tally {
    /// Counts what another one counted, too.
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.judged += other.judged;
        self.torn += other.torn;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
    }
}
