//! The directories that C has handles of. A handle is a small number, so that whatever type a header gives it fits in a register; none is
//! ever used for another directory.

use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::directory::{Directory, hold, make};
use crate::fault::{Fault, Result};
use crate::settings::rvmx_options;

/// The n-th has the handle n + 1.
pub(crate) type Directories = Vec<Arc<Directory>>;

static DIRECTORIES: Mutex<Directories> = Mutex::new(Vec::new());

/// All of them, held: nobody finds one meanwhile.
pub(crate) fn all() -> MutexGuard<'static, Directories> {
    hold(&DIRECTORIES)
}

/// The directory at `path`, made if it is missing: known already, or with a new handle. `options` replace those of one that is not open.
///
/// # Errors
/// It cannot be made; it is open with options of its own.
pub(crate) fn name(path: &[u8], options: Option<rvmx_options>) -> Result<Arc<Directory>> {
    let path = make(path)?;
    let mut all = all();
    let known = all.iter_mut().find(|directory| directory.is(&path));
    match (known, options) {
        (Some(known), None) => Ok(Arc::clone(known)),
        (Some(known), Some(_)) if known.is_open() => {
            let shown = known.shown();
            let text = format!("directory {shown} is open already: options come too late");
            Err(Fault::misuse(text))
        }
        (Some(known), Some(options)) => {
            *known = Arc::new(Directory::new(known.handle, path, options));
            Ok(Arc::clone(known))
        }
        (None, options) => {
            let handle = c_int::try_from(all.len() + 1)
                .map_err(|_| Fault::misuse("there are no more handles"))?;
            let new = Directory::new(handle, path, options.unwrap_or_default());
            all.push(Arc::new(new));
            all.last().cloned().ok_or_else(|| Fault::misuse("there are no more handles"))
        }
    }
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
