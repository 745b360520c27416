//! Around every call from C: no panic leaves it, and what went wrong is told.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codes;
use crate::fault::{Fault, Result};
use crate::os;

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Does the work of a call; a panic in it is a fault.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Fault::panicked(&text_of(panic.as_ref()))))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// A call of the teaching interface: a fault is printed, and `failed` is what the caller gets.
pub(crate) fn reporting<T>(name: &str, failed: T, work: impl FnOnce() -> Result<T>) -> T {
    guarded(work).unwrap_or_else(|fault| {
        report(name, &fault);
        failed
    })
}

/// An extended call: the caller gets a code.
pub(crate) fn coded(name: &str, work: impl FnOnce() -> Result<()>) -> c_int {
    match guarded(work) {
        Ok(()) => codes::RVMX_DONE,
        Err(fault) => {
            remember(&line(name, &fault));
            os::set_errno(fault.errno);
            fault.code
        }
    }
}

/// Prints a fault, and keeps it for `rvm_last_error` and `errno`. With `RVM_ABORT_ON_ERROR=1` the process ends here.
pub(crate) fn report(name: &str, fault: &Fault) {
    let line = line(name, fault);
    os::write_to_stderr(&line);
    if wants("RVM_ABORT_ON_ERROR") {
        std::process::abort();
    }
    remember(&line);
    os::set_errno(fault.errno);
}

/// Ends the process with a reason: what C was promised cannot be kept, and C has no way to be told.
pub(crate) fn give_up(name: &str, fault: &Fault) -> ! {
    os::write_to_stderr(&format!("{}; the process is aborted", line(name, fault)));
    std::process::abort()
}

/// Whether a variable of the environment is set to anything but nothing and `0`.
pub(crate) fn wants(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "0")
}

/// The text of this thread's last fault, empty before the first; valid until the next.
pub(crate) fn last_error() -> *const c_char {
    LAST_ERROR.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

fn line(name: &str, fault: &Fault) -> String {
    os::one_line(&format!("rvm: {name}: {}", fault.text))
}

fn remember(line: &str) {
    let text = CString::new(line).unwrap_or_default();
    LAST_ERROR.try_with(|last| last.replace(text)).ok();
}
