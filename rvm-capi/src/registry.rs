//! The directories that C has handles of. A handle is a small number, so that whatever type a header gives it fits in a register; none is
//! ever used for another directory.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use rvm_core::rvm_storage::locks::{Mutex, MutexGuard};

use crate::directory::{Directory, identity_of, make};
use crate::fault::{Fault, Result};
use crate::settings::rvmx_options;

/// The n-th has the handle n + 1.
pub(crate) type Directories = Vec<Arc<Directory>>;

static DIRECTORIES: Mutex<Directories> = Mutex::new(Vec::new());

/// All of them, held: nobody finds one meanwhile.
pub(crate) fn all() -> MutexGuard<'static, Directories> {
    DIRECTORIES.lock()
}

/// The directory at `path`, made if it is missing: known already, or with a new handle and these options.
///
/// # Errors
/// It cannot be made.
pub(crate) fn name(path: &[u8], options: rvmx_options) -> Result<Arc<Directory>> {
    let path = make(path, options.read_only != 0)?;
    let identity = identity_of(&path);
    let mut all = all();
    if let Some(known) =
        all.iter().find(|known| identity.is_some_and(|identity| known.is(identity)))
    {
        return Ok(Arc::clone(known));
    }
    let handle =
        c_int::try_from(all.len() + 1).map_err(|_| Fault::misuse("there are no more handles"))?;
    let new = Arc::new(Directory::new(handle, path, options));
    all.push(Arc::clone(&new));
    Ok(new)
}

/// The directory of a handle.
///
/// # Errors
/// None has it.
pub(crate) fn of(handle: c_int) -> Result<Arc<Directory>> {
    let index = usize::try_from(handle).ok().and_then(|handle| handle.checked_sub(1));
    let found = index.and_then(|index| all().get(index).cloned());
    found.ok_or_else(|| {
        Fault::misuse(match handle {
            0 => "the handle of the directory is NULL: rvm_init did not succeed".to_owned(),
            _ => format!("{handle:#x} is no handle that rvm_init returned"),
        })
    })
}

/// The directory, other than `this`, in which a segment is mapped at `base`.
pub(crate) fn elsewhere(this: &Arc<Directory>, base: *mut c_void) -> Option<Arc<Directory>> {
    let others: Vec<_> = all().iter().filter(|other| !Arc::ptr_eq(other, this)).cloned().collect();
    others.into_iter().find(|other| other.has(base))
}
