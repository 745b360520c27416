//! A directory with segments. Naming it opens nothing: it is locked and recovered when it is first used, so that a program may name it
//! before it forks and use it in the child.

use std::collections::BTreeMap;
use std::ffi::{OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rvm_core::rvm_storage::locks::Mutex;
use rvm_core::rvm_storage::{FileStorage, LockMode, LockScope, Storage};
use rvm_core::{Error, Rvm};

use crate::checked::{Listener, Shadow};
use crate::fault::{Fault, Result};
use crate::mapped::Mapped;
use crate::settings::rvmx_options;
use crate::verbose::say;

/// A directory that C has a handle of.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) handle: c_int,
    pub(crate) path: PathBuf,
    /// For when it is opened next. Held for moments only, as all but `open` are.
    options: Mutex<rvmx_options>,
    /// Held by whoever opens or closes the store, or works on it without a transaction.
    open: Mutex<Option<Open>>,
    /// The same, with what the directory was when it was opened.
    opened: Mutex<Option<(Arc<Rvm>, Option<Identity>)>>,
    /// By the addresses of their first bytes.
    mapped: Mutex<BTreeMap<usize, Arc<Mapped>>>,
    /// Who is told of undeclared changes, in place of stderr.
    pub(crate) listener: Mutex<Option<Listener>>,
}

#[derive(Clone, Debug)]
struct Open {
    rvm: Arc<Rvm>,
    /// In checked mode.
    is_checked: bool,
}

/// A directory of the file system, whatever its path.
pub(crate) type Identity = (u64, u64);

pub(crate) fn identity_of(path: &Path) -> Option<Identity> {
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Makes the directory if it is missing, unless it is only to be read, and returns its path from the root, which stays true if the process
/// goes elsewhere.
///
/// # Errors
/// Something else is there; no permission.
pub(crate) fn make(path: &[u8], read_only: bool) -> Result<PathBuf> {
    if path.is_empty() {
        return Err(Fault::misuse("the name of the directory is empty"));
    }
    let path = Path::new(OsStr::from_bytes(path));
    drop(if read_only { FileStorage::read_only(path)? } else { FileStorage::open(path)? });
    let resolved = path.canonicalize();
    resolved.map_err(|e| Fault::system(&format!("find the way to {}", path.display()), &e))
}

impl Directory {
    pub(crate) fn new(handle: c_int, path: PathBuf, options: rvmx_options) -> Self {
        Self {
            handle,
            path,
            options: Mutex::new(options),
            open: Mutex::default(),
            opened: Mutex::default(),
            mapped: Mutex::default(),
            listener: Mutex::default(),
        }
    }

    /// The same for a child of this process, which has nothing of it open.
    pub(crate) fn for_child(&self) -> Self {
        let options =
            self.options.try_lock().map_or_else(rvmx_options::default, |options| *options);
        let of_child = Self::new(self.handle, self.path.clone(), options);
        let listener = self.listener.try_lock().and_then(|listener| listener.clone());
        Self { listener: Mutex::new(listener), ..of_child }
    }

    /// Chooses other options, for when it is opened.
    ///
    /// # Errors
    /// It is open.
    pub(crate) fn choose(&self, options: rvmx_options) -> Result<()> {
        if self.open.lock().is_some() {
            let shown = self.shown();
            let text = format!("directory {shown} is open already: options come too late");
            return Err(Fault::misuse(text));
        }
        *self.options.lock() = options;
        Ok(())
    }

    /// Its path, for people.
    pub(crate) fn shown(&self) -> String {
        format!("\"{}\"", self.path.display())
    }

    /// Whether this is the directory, now and when it was opened.
    pub(crate) fn is(&self, identity: Identity) -> bool {
        let opened_as = self.opened.lock().as_ref().map(|(_, identity)| *identity);
        identity_of(&self.path) == Some(identity)
            && opened_as.is_none_or(|opened_as| opened_as == Some(identity))
    }

    /// # Errors
    /// It is open in another process; no permission.
    pub(crate) fn check_free(&self) -> Result<()> {
        let free = self.open.try_lock().filter(|open| open.is_none());
        if free.is_some() && self.options.lock().read_only == 0 {
            let storage = FileStorage::open(&self.path)?;
            let looked = storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO);
            drop(looked.map_err(|error| self.explain(error.into()))?);
        }
        Ok(())
    }

    /// Does `work` on the store, which is opened for it if it has to be. One such work at a time.
    ///
    /// # Errors
    /// What keeps it from being opened; what `work` fails with.
    pub(crate) fn with_store<T>(&self, work: impl FnOnce(&Rvm) -> Result<T>) -> Result<T> {
        self.with_open(|open| work(&open.rvm))
    }

    fn with_open<T>(&self, work: impl FnOnce(&Open) -> Result<T>) -> Result<T> {
        let mut open = self.open.lock();
        let open = match &mut *open {
            Some(open) => open,
            closed => closed.insert(self.open()?),
        };
        work(open)
    }

    fn open(&self) -> Result<Open> {
        let options = *self.options.lock();
        let opened = options.engine().open(&self.path);
        let rvm = Arc::new(opened.map_err(|error| self.explain(error))?);
        *self.opened.lock() = Some((Arc::clone(&rvm), identity_of(&self.path)));
        say("open", || {
            let report = rvm.recovery_report();
            let records: u64 = report.logs.iter().map(|log| log.records).sum();
            format!("directory {}, {records} records recovered", self.shown())
        });
        Ok(Open { rvm, is_checked: options.is_checked() })
    }

    fn explain(&self, error: Error) -> Fault {
        let is_locked = matches!(error, Error::Locked { .. });
        let mut fault = Fault::from(error);
        if is_locked {
            fault.text = format!("directory {} is open already, in another process", self.shown());
        }
        fault
    }

    /// # Errors
    /// As [`Rvm::map`].
    pub(crate) fn map(&self, name: &str, len: u64) -> Result<Arc<Mapped>> {
        self.with_open(|Open { rvm, is_checked }| {
            let segment = rvm.map(name, len)?;
            let copied = is_checked.then(|| Shadow::of(&segment.read_latest()?)).transpose();
            let shadow = match copied {
                Ok(shadow) => shadow.map(Mutex::new),
                Err(fault) => {
                    rvm.unmap(&segment)?;
                    return Err(fault);
                }
            };
            let mapped = Arc::new(Mapped { rvm: Arc::clone(rvm), segment, shadow });
            self.mapped.lock().insert(mapped.base(), Arc::clone(&mapped));
            Ok(mapped)
        })
    }

    /// # Errors
    /// It is no base of a mapped segment; as [`Rvm::unmap`].
    pub(crate) fn unmap(&self, base: *mut c_void) -> Result<Arc<Mapped>> {
        let open = self.open.lock();
        let mapped = self.at(base)?;
        mapped.rvm.unmap(&mapped.segment)?;
        self.mapped.lock().remove(&mapped.base());
        drop(open);
        Ok(mapped)
    }

    /// Erases a segment, if it is there; tells whether it was.
    ///
    /// # Errors
    /// As [`Rvm::destroy`].
    pub(crate) fn destroy(&self, name: &str) -> Result<bool> {
        self.with_store(|rvm| match rvm.destroy(name) {
            Err(Error::NotFound { .. }) => Ok(false),
            Err(Error::AlreadyMapped { segment }) => Err(Fault::still_mapped(&segment)),
            destroyed => Ok(destroyed.map(|()| true)?),
        })
    }

    /// Folds the logs into the segments; tells how many bytes of log that freed.
    ///
    /// # Errors
    /// As [`Rvm::truncate_log`], and a full device.
    pub(crate) fn truncate_log(&self) -> Result<u64> {
        self.with_store(|rvm| {
            let report = rvm.truncate_log()?;
            match report.out_of_space.first() {
                None => Ok(report.freed_bytes),
                Some(segment) => Err(Fault::no_space(format!(
                    "the device is full: the log of segment {segment:?} keeps what could not be folded into it"
                ))),
            }
        })
    }

    /// Unmaps everything and gives the lock up; the handle stays good for another use.
    ///
    /// # Errors
    /// As [`Rvm::close`].
    pub(crate) fn close(&self) -> Result<()> {
        let mut open = self.open.lock();
        let Some(Open { rvm, .. }) = &*open else { return Ok(()) };
        let closed = rvm.close();
        if !matches!(closed, Err(Error::Busy { .. })) {
            self.mapped.lock().clear();
            *self.opened.lock() = None;
            *open = None;
        }
        Ok(closed?)
    }

    /// Closes it if nobody can miss it: nothing is mapped, nobody works on it, and no commit is in danger, which somebody must be told.
    pub(crate) fn close_if_idle(&self) {
        let Some(mut open) = self.open.try_lock() else { return };
        let is_idle = self.mapped.try_lock().is_some_and(|mapped| mapped.is_empty());
        let Some(Open { rvm, .. }) = &*open else { return };
        if is_idle && rvm.flush().is_ok() {
            // What could not be folded is in the logs, and recovered at the next opening.
            rvm.close().ok();
            *self.opened.lock() = None;
            *open = None;
        }
    }

    /// Called in a child: gives up the child's copy of the lock. All else stays as it was.
    pub(crate) fn leave_to_parent(&self) {
        if let Some(mut opened) = self.opened.try_lock()
            && let Some((rvm, _)) = opened.take()
        {
            rvm.leave_to_parent();
        }
    }

    /// The segment whose first byte is at `base`.
    ///
    /// # Errors
    /// There is none; what lies there instead.
    pub(crate) fn at(&self, base: *mut c_void) -> Result<Arc<Mapped>> {
        let mapped = self.mapped.lock();
        match mapped.get(&base.addr()) {
            Some(mapped) => Ok(Arc::clone(mapped)),
            None => Err(Fault::misuse(no_base(base, &mapped))),
        }
    }

    /// Whether a segment of this directory begins at `base`.
    pub(crate) fn has(&self, base: *mut c_void) -> bool {
        self.mapped.lock().contains_key(&base.addr())
    }
}

fn no_base(base: *mut c_void, mapped: &BTreeMap<usize, Arc<Mapped>>) -> String {
    let address = base.addr();
    if base.is_null() {
        return "the segment's base is NULL".to_owned();
    }
    if address == usize::MAX {
        return "the segment's base is that of a map that did not succeed: (void *) -1".to_owned();
    }
    let below = mapped.range(..address).next_back();
    if let Some((start, below)) = below
        && u64::try_from(address - start).is_ok_and(|offset| offset < below.segment.len())
    {
        let (name, offset) = (below.segment.name(), address - start);
        return format!(
            "{address:#x} is not the base of a segment, but byte {offset} of segment {name:?}"
        );
    }
    format!("no segment is mapped at {address:#x}")
}
