//! What this crate has that is a process's own, so that a forked child must be careful with it: nothing but the list of stores that the
//! process owns, and the list of what it inherited.

use std::any::Any;

use crate::file::owned_here;
use crate::locks::Mutex;

static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());

/// Keeps what a forked child inherited and must not touch, not even by dropping it. It stays where it can be found, so that
/// nobody who looks for leaks takes it for one.
pub fn keep_for_ever(inherited: impl Send + 'static) {
    KEPT.lock().push(Box::new(inherited));
}

/// Both lists, held: a child that is forked meanwhile finds them whole, and not held by a thread that it does not have. For whoever is
/// called before a process forks, and afterwards on both sides. Nothing else of this crate may be used until it is dropped.
pub fn hold_what_is_shared() -> impl Sized {
    (owned_here(), KEPT.lock())
}
