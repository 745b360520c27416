//! What a fork means. The child has the handles of its parent, and none of what is open: what it uses, it opens anew, and is refused as
//! long as the parent has it. A directory of which nothing is mapped is closed before the fork, so that the child may have it.

use std::any::Any;
use std::cell::RefCell;
use std::sync::{Arc, Once};

use rvm_core::rvm_storage::forks::{hold_what_is_shared, keep_for_ever};
use rvm_core::rvm_storage::locks::MutexGuard;

use crate::call;
use crate::fault::Fault;
use crate::os::{self, AtFork};
use crate::registry::{self, Directories};
use crate::transactions::{self, Table};

/// What a thread holds from before its fork until after it, so that the child finds both whole.
struct Held {
    directories: MutexGuard<'static, Directories>,
    transactions: MutexGuard<'static, Table>,
    storage: Box<dyn Any>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// From now on forks are noticed.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let watched = os::at_fork(AtFork { before, in_parent, in_child });
        if let Err(error) = watched {
            call::report("rvm_init", &Fault::system("prepare for forks", &error));
        }
    });
}

extern "C" fn before() {
    let work = || {
        // Nobody waits for this: nothing is held that others look things up in.
        let known = registry::all().clone();
        for directory in &known {
            directory.close_if_idle();
        }
        let (directories, transactions) = (registry::all(), transactions::table());
        let held = Held { directories, transactions, storage: Box::new(hold_what_is_shared()) };
        // At the end of a thread there is no such place any more.
        HELD.try_with(|place| place.replace(Some(held))).ok();
        Ok(())
    };
    call::guarded(work).ok();
}

extern "C" fn in_parent() {
    HELD.try_with(|held| drop(held.take())).ok();
}

extern "C" fn in_child() {
    let work = || {
        let Ok(Some(held)) = HELD.try_with(RefCell::take) else { return Ok(()) };
        let Held { mut directories, mut transactions, storage } = held;
        // What follows uses it.
        drop(storage);
        transactions.leave_to_parent();
        for directory in directories.iter_mut() {
            let of_child = Arc::new(directory.for_child());
            let of_parent = std::mem::replace(directory, of_child);
            of_parent.leave_to_parent();
            keep_for_ever(of_parent);
        }
        Ok(())
    };
    call::guarded(work).ok();
}
