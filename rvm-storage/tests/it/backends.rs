//! The shipped backends against the conformance kit, and the kit against backends that are wrong.

use std::cell::RefCell;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use rvm_storage::conformance::{Failure, check, check_crash};
use rvm_storage::{
    Blob, Capabilities, FileName, FileStorage, Fill, LockMode, LockScope, MemStorage, Result,
    Storage, StoreLock, Write,
};

fn passes(outcome: std::result::Result<(), Vec<Failure>>) {
    if let Err(failures) = outcome {
        let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    }
}

/// Makes stores in directories that live as long as this.
#[derive(Default)]
struct Directories(RefCell<Vec<tempfile::TempDir>>);

impl Directories {
    fn store(&self) -> FileStorage {
        let dir = tempfile::tempdir().unwrap();
        let storage = FileStorage::open(dir.path().join("store")).unwrap();
        self.0.borrow_mut().push(dir);
        storage
    }
}

/// Guards against a file backend that breaks any promise of the traits.
#[test]
fn files_conform() {
    let directories = Directories::default();
    passes(check(&|| Arc::new(directories.store())));
}

/// Guards against a cache of descriptors that loses bytes or deadlocks when it holds next to nothing.
#[test]
fn files_with_one_cached_descriptor_conform() {
    let directories = Directories::default();
    passes(check(&|| Arc::new(directories.store().with_descriptor_limit(1))));
}

/// Guards against a memory backend that breaks any promise of the traits.
#[test]
fn memory_conforms() {
    passes(check(&|| Arc::new(MemStorage::new())));
}

/// Guards against a crash that loses what was forced, or keeps what cannot be.
#[test]
fn memory_conforms_across_crashes() {
    let current = RefCell::new(MemStorage::new());
    let make = || -> Arc<dyn Storage> {
        current.replace(MemStorage::new());
        Arc::new(current.borrow().clone())
    };
    let crash = |_old: Arc<dyn Storage>| -> Arc<dyn Storage> {
        let after = current.borrow().crash();
        current.replace(after.clone());
        Arc::new(after)
    };
    passes(check_crash(&make, &crash));
}

/// Guards against a file backend that does not find again what a closed store holds.
#[test]
fn files_conform_when_merely_opened_again() {
    let directories = Directories::default();
    let make = || -> Arc<dyn Storage> { Arc::new(directories.store()) };
    let reopen = |old: Arc<dyn Storage>| -> Arc<dyn Storage> {
        let location = old.location();
        drop(old);
        Arc::new(FileStorage::open(location).unwrap())
    };
    let failures = check_crash(&make, &reopen).err().unwrap_or_default();
    // No power was cut: the old handles live, and so do their locks.
    let alive = ["locks do not survive", "what old handles do does not reach the new store"];
    let others: Vec<_> = failures.iter().filter(|f| !alive.contains(&f.check)).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// What a wrong backend does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    RenameReplaces,
    CreateTruncates,
    ReadFallsShort,
    FirstWriteOnly,
    AllocateShrinks,
    LockForNothing,
    ConstantRandomness,
    ForgetsForcedWrites,
    NeverForces,
}

/// A memory backend with one flaw.
#[derive(Debug)]
struct Flawed<T> {
    inner: T,
    flaw: Flaw,
}

impl Flawed<MemStorage> {
    fn wrap(&self, blob: Arc<dyn Blob>) -> Arc<dyn Blob> {
        Arc::new(Flawed { inner: blob, flaw: self.flaw })
    }
}

#[derive(Debug)]
struct NoLock;

impl StoreLock for NoLock {}

impl Storage for Flawed<MemStorage> {
    fn location(&self) -> String {
        self.inner.location()
    }
    fn list(&self) -> Result<Vec<FileName>> {
        self.inner.list()
    }
    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        self.inner.open(name).map(|blob| self.wrap(blob))
    }
    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        if self.flaw == Flaw::CreateTruncates && self.inner.read_file(name).is_some() {
            self.inner.replace_file(name, Vec::new());
            return self.open(name);
        }
        self.inner.create(name).map(|blob| self.wrap(blob))
    }
    fn rename(&self, from: &FileName, to: &FileName) -> Result<()> {
        if self.flaw == Flaw::RenameReplaces && self.inner.read_file(from).is_some() {
            self.inner.remove(to).ok();
        }
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &FileName) -> Result<()> {
        self.inner.remove(name)
    }
    fn sync_names(&self) -> Result<()> {
        self.inner.sync_names()
    }
    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>> {
        if self.flaw == Flaw::LockForNothing {
            return Ok(Box::new(NoLock));
        }
        self.inner.lock(scope, mode, wait)
    }
    fn fill_random(&self, bytes: &mut [u8]) -> Result<()> {
        if self.flaw == Flaw::ConstantRandomness {
            bytes.fill(4);
            return Ok(());
        }
        self.inner.fill_random(bytes)
    }
    fn unix_nanos(&self) -> u64 {
        self.inner.unix_nanos()
    }
}

impl Blob for Flawed<Arc<dyn Blob>> {
    fn location(&self) -> &str {
        self.inner.location()
    }
    fn len(&self) -> Result<u64> {
        self.inner.len()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let len = u64::try_from(buf.len()).unwrap();
        if self.flaw == Flaw::ReadFallsShort && offset + len > self.inner.len()? {
            return Ok(());
        }
        self.inner.read_at(offset, buf)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.inner.write_at(offset, bytes)
    }
    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()> {
        match self.flaw {
            Flaw::FirstWriteOnly => self.inner.write_and_force(writes.get(..1).unwrap_or_default()),
            Flaw::ForgetsForcedWrites => {
                writes.iter().try_for_each(|w| self.inner.write_at(w.offset, w.bytes))
            }
            _ => self.inner.write_and_force(writes),
        }
    }
    fn allocate(&self, len: u64, fill: Fill) -> Result<()> {
        if self.flaw == Flaw::AllocateShrinks {
            return self.inner.set_len(len);
        }
        self.inner.allocate(len, fill)
    }
    fn set_len(&self, len: u64) -> Result<()> {
        self.inner.set_len(len)
    }
    fn force(&self) -> Result<()> {
        if self.flaw == Flaw::NeverForces { Ok(()) } else { self.inner.force() }
    }
    fn drop_cache(&self) -> Result<()> {
        self.inner.drop_cache()
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn file(&self) -> Result<Option<Arc<File>>> {
        self.inner.file()
    }
}

/// Guards against a kit that passes everything.
#[test]
fn the_kit_finds_every_flaw() {
    let flaws = [
        (Flaw::RenameReplaces, "rename never replaces a file"),
        (Flaw::CreateTruncates, "create makes only what is not there"),
        (Flaw::ReadFallsShort, "a read past the end is ShortFile"),
        (Flaw::FirstWriteOnly, "several forced writes all arrive"),
        (Flaw::AllocateShrinks, "allocate never shrinks a file"),
        (Flaw::LockForNothing, "an exclusive lock keeps everybody out"),
        (Flaw::ConstantRandomness, "randomness varies"),
    ];
    for (flaw, check_name) in flaws {
        let failures = check(&|| Arc::new(Flawed { inner: MemStorage::new(), flaw })).unwrap_err();
        assert!(failures.iter().any(|f| f.check == check_name), "{flaw:?}: {failures:?}");
    }
}

/// Guards against a crash kit that passes everything.
#[test]
fn the_crash_kit_finds_every_flaw() {
    let flaws = [
        (Flaw::NeverForces, "forced bytes survive"),
        (Flaw::ForgetsForcedWrites, "a forced write survives alone"),
    ];
    for (flaw, check_name) in flaws {
        let current = RefCell::new(MemStorage::new());
        let wrap =
            || -> Arc<dyn Storage> { Arc::new(Flawed { inner: current.borrow().clone(), flaw }) };
        let make = || {
            current.replace(MemStorage::new());
            wrap()
        };
        let crash = |_old: Arc<dyn Storage>| {
            let after = current.borrow().crash();
            current.replace(after);
            wrap()
        };
        let failures = check_crash(&make, &crash).unwrap_err();
        assert!(failures.iter().any(|f| f.check == check_name), "{flaw:?}: {failures:?}");
    }
}
