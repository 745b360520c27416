//! The functions of `rvm_ext.h`: all that the library can do, with a code from each.
#![allow(
    unsafe_code,
    reason = "functions that C calls by name, with text, lists and results by address"
)]
#![expect(non_camel_case_types, reason = "types of C")]
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::doc_markdown, reason = "the text of a header")]
#![expect(clippy::unnecessary_safety_comment, reason = "an exported name is a promise, too")]

use std::ffi::{c_char, c_int, c_long, c_void};
use std::time::Duration;

use rvm_core::Durability;

use crate::call::coded;
use crate::fault::{Fault, Result};
use crate::figures::{rvmx_recovery, rvmx_stats};
use crate::foreign::{self, Place};
use crate::settings::rvmx_options;
use crate::teaching::{name_of_segment, rvm_t, trans_t};
use crate::transactions::{self, Wait};
use crate::{codes, fork, registry};

/// The place for a directory's handle, as most programs have it.
pub type rvm_t_place = isize;
/// The place for a transaction, as most programs have it.
pub type trans_t_place = c_int;

/// Opens a directory: makes it if it is missing, locks it, recovers it. options is NULL for the defaults; options_size is the size of
/// what it points to. A directory that was named by rvm_init and is not open takes the options over. As any other it is closed before a fork if
/// nothing of it is mapped then, and opened again when it is used.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_open(
    directory: *const c_char,
    options: *const rvmx_options,
    options_size: usize,
    rvm: *mut rvm_t_place,
) -> c_int {
    coded("rvmx_open", || {
        // SAFETY: the header asks for the same.
        let place = unsafe { Place::new("the place for the handle", rvm) }?;
        // SAFETY: as above.
        let handle = unsafe { open(directory, options, options_size) }?;
        place.put(isize::try_from(handle).unwrap_or(0));
        Ok(())
    })
}

/// rvmx_open for programs to which rvm_t is an int, or a struct of one.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_open_int(
    directory: *const c_char,
    options: *const rvmx_options,
    options_size: usize,
    rvm: *mut c_int,
) -> c_int {
    coded("rvmx_open", || {
        // SAFETY: the header asks for the same.
        let place = unsafe { Place::new("the place for the handle", rvm) }?;
        // SAFETY: as above.
        place.put(unsafe { open(directory, options, options_size) }?);
        Ok(())
    })
}

/// # Safety
/// As the header says of [`rvmx_open`].
unsafe fn open(path: *const c_char, options: *const rvmx_options, size: usize) -> Result<c_int> {
    fork::watch();
    // SAFETY: by the contract of this function.
    let path = unsafe { foreign::text("the name of the directory", path) }?;
    let given = !options.is_null();
    // SAFETY: by the contract of this function.
    let options: rvmx_options = unsafe { foreign::read_sized("options", (options, size)) }?;
    options.check()?;
    let directory = registry::name(&path, options)?;
    if given {
        directory.choose(options)?;
    }
    directory.with_store(|_| Ok(()))?;
    Ok(directory.handle)
}

/// Makes all durable, truncates the logs, unmaps every segment, and gives the lock of the directory up. The handle stays good: it opens the
/// directory again when it is used again. RVMX_BUSY while a transaction is open: nothing has happened then. After any other code it is closed.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_close(rvm: rvm_t) -> c_int {
    coded("rvmx_close", || registry::of(rvm)?.close())
}

/// Maps a segment of at least size bytes, as rvm_map does. *length becomes its length, unless length is NULL. A size of 0 maps
/// one that is there.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_map(
    rvm: rvm_t,
    segname: *const c_char,
    size: usize,
    segbase: *mut *mut c_void,
    length: *mut usize,
) -> c_int {
    let wants_length = !length.is_null();
    coded("rvmx_map", || {
        let directory = registry::of(rvm)?;
        // SAFETY: the header asks for the same.
        let name = unsafe { name_of_segment(segname) }?;
        // SAFETY: as above.
        let place = unsafe { Place::new("the place for the base", segbase) }?;
        // SAFETY: as above.
        let length = || unsafe { Place::new("the place for the length", length) };
        let length = if wants_length { Some(length()?) } else { None };
        let mapped = directory.map(&name, u64::try_from(size).unwrap_or(u64::MAX))?;
        place.put(mapped.pointer());
        if let Some(length) = length {
            length.put(bounded(mapped.segment.len()));
        }
        Ok(())
    })
}

/// Unmaps a segment. RVMX_BUSY while it is in an open transaction.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_unmap(rvm: rvm_t, segbase: *mut c_void) -> c_int {
    coded("rvmx_unmap", || registry::of(rvm)?.unmap(segbase).map(drop))
}

/// Erases a segment and its log. RVMX_NOT_FOUND if there is none.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_destroy(rvm: rvm_t, segname: *const c_char) -> c_int {
    coded("rvmx_destroy", || {
        let directory = registry::of(rvm)?;
        // SAFETY: the header asks for the same.
        let name = unsafe { name_of_segment(segname) }?;
        if directory.destroy(&name)? { Ok(()) } else { Err(Fault::not_found(&name)) }
    })
}

/// Begins a transaction over numsegs segments, all or none. It waits at most wait_ms milliseconds for them: 0 does not wait, RVMX_FOREVER
/// has no end. RVMX_BUSY when that is over, RVMX_DEADLOCK at once if it would never be.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_begin(
    rvm: rvm_t,
    numsegs: usize,
    segbases: *const *mut c_void,
    wait_ms: c_long,
    tid: *mut trans_t_place,
) -> c_int {
    coded("rvmx_begin", || {
        // SAFETY: the header asks for the same.
        let place = unsafe { Place::new("the place for the transaction", tid) }?;
        // SAFETY: as above.
        place.put(unsafe { begin(rvm, (segbases, numsegs), wait_ms) }?);
        Ok(())
    })
}

/// rvmx_begin for programs to which trans_t is a pointer.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_begin_pointer(
    rvm: rvm_t,
    numsegs: usize,
    segbases: *const *mut c_void,
    wait_ms: c_long,
    tid: *mut isize,
) -> c_int {
    coded("rvmx_begin", || {
        // SAFETY: the header asks for the same.
        let place = unsafe { Place::new("the place for the transaction", tid) }?;
        // SAFETY: as above.
        let begun = unsafe { begin(rvm, (segbases, numsegs), wait_ms) }?;
        place.put(isize::try_from(begun).unwrap_or(-1));
        Ok(())
    })
}

/// # Safety
/// As the header says of [`rvmx_begin`].
unsafe fn begin(
    rvm: rvm_t,
    (segbases, numsegs): (*const *mut c_void, usize),
    wait_ms: c_long,
) -> Result<c_int> {
    let directory = registry::of(rvm)?;
    // SAFETY: by the contract of this function.
    let bases = unsafe { foreign::addresses("the list of segments", segbases, numsegs) }?;
    let wait = match u64::try_from(wait_ms) {
        Ok(0) => Wait::No,
        Ok(limit) => Wait::AtMost(Duration::from_millis(limit)),
        Err(_) if wait_ms == c_long::from(codes::RVMX_FOREVER) => Wait::Forever,
        Err(_) => return Err(Fault::misuse(format!("a wait of {wait_ms} milliseconds"))),
    };
    transactions::begin(&directory, bases, wait)
}

/// Declares a range, as rvm_about_to_modify does.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_about_to_modify(
    tid: trans_t,
    segbase: *mut c_void,
    offset: usize,
    size: usize,
) -> c_int {
    coded("rvmx_about_to_modify", || {
        let wide = |value| u64::try_from(value).unwrap_or(u64::MAX);
        let range = (wide(offset), wide(size));
        transactions::about_to_modify("rvmx_about_to_modify", tid, segbase, range)
    })
}

/// A word for people, up to 255 bytes of UTF-8, kept in the log with the transaction and shown by rvmctl; replaces an earlier one.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_label(tid: trans_t, label: *const c_char) -> c_int {
    coded("rvmx_label", || {
        // SAFETY: the header asks for the same.
        let label = unsafe { foreign::text("the label", label) }?;
        transactions::label(tid, &String::from_utf8_lossy(&label))
    })
}

/// Commits, with RVMX_FORCE or RVMX_LAZY. After RVMX_DONE it is committed; after RVMX_INDETERMINATE and RVMX_BUG it may be; after RVMX_MISUSE
/// and RVMX_IN_USE it is still open; after any other code it is undone and ended, but for RVMX_STATE with no_undo, after which the segment holds
/// what it changed until it is mapped again.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_commit(tid: trans_t, durability: c_int) -> c_int {
    coded("rvmx_commit", || {
        let durability = match durability {
            codes::RVMX_FORCE => Durability::Force,
            codes::RVMX_LAZY => Durability::Lazy,
            other => return Err(Fault::misuse(format!("{other} is no durability"))),
        };
        transactions::commit("rvmx_commit", tid, durability).map(drop)
    })
}

/// Aborts, as rvm_abort_trans does.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_abort(tid: trans_t) -> c_int {
    coded("rvmx_abort", || transactions::abort("rvmx_abort", tid).map(drop))
}

/// Makes every lazy commit durable.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_flush(rvm: rvm_t) -> c_int {
    coded("rvmx_flush", || registry::of(rvm)?.with_store(|rvm| Ok(rvm.flush()?)))
}

/// Truncates the logs, as rvm_truncate_log does. RVMX_NO_SPACE if the device is too full for it: nothing is lost.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_truncate_log(rvm: rvm_t) -> c_int {
    coded("rvmx_truncate_log", || registry::of(rvm)?.truncate_log().map(drop))
}

/// What opening the directory found and did; it is opened if it is not. report_size is the size of what report points to.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_recovered(
    rvm: rvm_t,
    report: *mut rvmx_recovery,
    report_size: usize,
) -> c_int {
    coded("rvmx_recovered", || {
        let found =
            registry::of(rvm)?.with_store(|rvm| Ok(rvmx_recovery::of(rvm.recovery_report())))?;
        // SAFETY: the header asks for the same, and the struct has no padding.
        unsafe { foreign::put_sized("the report", (report, report_size), &found) }
    })
}

/// What was done in the directory since it was opened. stats_size is the size of what stats points to.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvmx_statistics(
    rvm: rvm_t,
    stats: *mut rvmx_stats,
    stats_size: usize,
) -> c_int {
    coded("rvmx_statistics", || {
        let found = registry::of(rvm)?.with_store(|rvm| Ok(rvmx_stats::of(&rvm.stats())))?;
        // SAFETY: the header asks for the same, and the struct has no padding.
        unsafe { foreign::put_sized("the statistics", (stats, stats_size), &found) }
    })
}

/// A length as C counts them.
pub(crate) fn bounded(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
