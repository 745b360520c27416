//! The crash lab: a simulated device that loses power and fails, and what looks for a moment at which that hurts.
//!
//! [`SimStorage`] is a storage backend in memory, deterministic from a seed. [`Explorer`] runs your program on it, cuts the
//! power at every operation in every way (or in many), and lets you check what is found.
//!
//! # What it can do to a store
//!
//! * **Lose what was not forced**, any part of it: when the power goes, each 512-byte sector is found as it was last forced, or as
//!   it was at any write since, whatever became of the others. So writes are lost, torn and reordered.
//! * **Lose lengths**: a file is found as long as when it was last forced, or as after any change since, or in the middle of one that
//!   makes it longer by pages; never too short for what was forced. Where writes made it longer and did not arrive, zeros or stale bytes
//!   are found, or both in turn. Reserved space shows zeros.
//! * **Lose names**: of the creations, renames and removals since the names were last synced, any subset is found.
//! * **Cut the power inside a forced write**: any of its sectors is found. Once it has returned, all are. Those of several threads are
//!   under way at once.
//! * **Kill the process**: everything written is there for the next one, and still not forced; inside a long write, a part of it.
//! * **Fail the n-th operation**, of a kind or of all, once or from then on ([`Fault`], [`Failure`]): `EIO`, `ENOSPC`, a write that is
//!   cut short, a force that fails although it was done, and one behind which the cache takes for clean what never reached the medium.
//!
//! # What it does not do
//!
//! It does not tear a sector, keep bytes of a write older than another one's in the same sector, misdirect writes, or let stored bytes
//! rot of itself; [`rot`](SimStorage::rot) and [`replace_file`](SimStorage::replace_file) do such damage by hand. Its stale bytes are
//! of one value, not former contents of other files, and it never runs full but by a fault. A `force` takes no time, so nothing is
//! written while it is under way. It has no files that could be mapped, so segments are resident
//! only. It does not ignore a force that succeeded: on a device that does, nothing can be promised.
//!
//! ```
//! use rvm_storage::sim::SimStorage;
//! use rvm_storage::{FileName, FileRole, SegmentName, Storage};
//!
//! let storage = SimStorage::new(7);
//! let name = FileName::new(&SegmentName::new("a")?, FileRole::Segment);
//! let blob = storage.create(&name)?;
//! storage.sync_names()?;
//! blob.write_at(0, b"perhaps")?;
//!
//! let moment = storage.moment();
//! let unknowns = moment.unknowns();
//! assert_eq!(unknowns.ways(), 2 * 2 * 2, "length, sector, and what new space shows");
//! let found = moment.power_cut(&unknowns, &unknowns.nothing());
//! assert_eq!(found.read_file(&name).as_deref(), Some(&b""[..]));
//! let found = moment.power_cut(&unknowns, &unknowns.everything());
//! assert_eq!(found.read_file(&name).as_deref(), Some(&b"perhaps"[..]));
//! # Ok::<(), rvm_storage::StorageError>(())
//! ```

mod blob;
mod cut;
mod explore;
mod fault;
mod file;
mod fresh;
mod moment;
mod names;
mod operation;
mod pages;
mod storage;
mod world;

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::mem::lock::Locks;
use crate::name::FileName;
use crate::random::Random;

pub use self::cut::{Cut, Unknowns};
pub use self::explore::{Counterexample, Exploration, Explorer, Notes};
pub use self::fault::{Failure, Fault};
pub use self::moment::{Moment, Recording};
pub use self::operation::{Operation, OperationKind};
use self::pages::Pages;
use self::world::World;

type Hook = Arc<dyn Fn(&Operation) + Send + Sync>;

/// A simulated device. Clones are the same device. See the [module](self) for what it can do.
#[derive(Clone)]
pub struct SimStorage {
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    locks: Arc<Locks>,
    hook: RwLock<Option<Hook>>,
    inside_hook: RwLock<Option<Hook>>,
}

impl SimStorage {
    /// An empty store, whose randomness and whose faults' randomness follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::from_world(World::new(seed))
    }

    fn from_world(world: World) -> Self {
        Self {
            shared: Arc::new(Shared {
                world: Mutex::new(world),
                locks: Arc::default(),
                hook: RwLock::new(None),
                inside_hook: RwLock::new(None),
            }),
        }
    }

    /// What a power cut at this moment could leave. The store goes on.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.shared.world.lock().moment(None, false)
    }

    /// Cuts the power for good: every later call on this store fails, and its locks hold nobody back. The store returned is
    /// found afterwards; what it has kept of what was not forced follows from `seed`.
    #[must_use]
    pub fn cut_power(&self, seed: u64) -> Self {
        let moment = self.turn_off();
        let unknowns = moment.unknowns();
        let cut = unknowns.sample(&mut Random::new(seed));
        moment.power_cut(&unknowns, &cut)
    }

    /// Cuts the power for good, and loses all that was not forced.
    #[must_use]
    pub fn crash(&self) -> Self {
        self.turn_off().crash()
    }

    fn turn_off(&self) -> Moment {
        let mut world = self.shared.world.lock();
        world.power_off();
        self.shared.locks.crash();
        world.moment(None, false)
    }

    /// Adds a fault. When several meet one operation the first one decides.
    pub fn inject(&self, fault: Fault) {
        self.shared.world.lock().inject(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.world.lock().clear_faults();
    }

    /// How many operations failed because of a fault. A test of faults that never fired has tested nothing.
    #[must_use]
    pub fn faults_fired(&self) -> u64 {
        self.shared.world.lock().fired()
    }

    /// How many operations there were.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.shared.world.lock().operations()
    }

    /// How many operations of this kind there were.
    #[must_use]
    pub fn count(&self, kind: OperationKind) -> u64 {
        self.shared.world.lock().count(kind)
    }

    /// Calls `hook` before each operation, outside of all locks: to watch, to count, or to let another thread run.
    pub fn on_operation(&self, hook: impl Fn(&Operation) + Send + Sync + 'static) {
        *self.shared.hook.write() = Some(Arc::new(hook));
    }

    /// Calls `hook` in the middle of each forced write, outside of all locks: its bytes are on their way, and not one of them is
    /// promised. Others go on meanwhile, with forced writes of their own.
    pub fn on_forced_write(&self, hook: impl Fn(&Operation) + Send + Sync + 'static) {
        *self.shared.inside_hook.write() = Some(Arc::new(hook));
    }

    /// The first operation that a fault made fail, if there was one.
    #[must_use]
    pub fn first_failed(&self) -> Option<Operation> {
        self.shared.world.lock().first_failed().cloned()
    }

    /// Starts to keep every operation and every moment at which the power could go.
    pub fn record(&self) {
        self.shared.world.lock().record();
    }

    /// What was kept since [`record`](Self::record). Keeping ends.
    #[must_use]
    pub fn recorded(&self) -> Recording {
        self.shared.world.lock().take_recording()
    }

    /// Later moments carry this number: how far a program has got.
    pub fn mark(&self, marks: usize) {
        self.shared.world.lock().mark(marks);
    }

    /// A file's content as a read would see it, forced or not; `None` if there is no such name. Works behind a crash, too.
    #[must_use]
    pub fn read_file(&self, name: &FileName) -> Option<Vec<u8>> {
        let world = self.shared.world.lock();
        let file = world.find(name).and_then(|id| world.file(id).ok())?;
        Some(file.live().to_bytes())
    }

    /// Sets a file's content, forced, with its name synced if there was none: damage done behind a store's back.
    ///
    /// # Errors
    /// `StorageFull` for more bytes than the device holds.
    pub fn replace_file(&self, name: &FileName, bytes: &[u8]) -> std::io::Result<()> {
        let content = Pages::from_bytes(bytes)?;
        self.shared.world.lock().plant(name, content);
        Ok(())
    }

    /// Changes some stored bytes of a file behind everybody's back, in the cache and on the medium: rot. Bytes behind its end are left out.
    ///
    /// # Errors
    /// `NotFound` if there is no such file.
    pub fn rot(&self, name: &FileName, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.shared.world.lock().rot(name, offset, bytes)
    }
}

impl fmt::Debug for SimStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStorage").field("operations", &self.operations()).finish_non_exhaustive()
    }
}
