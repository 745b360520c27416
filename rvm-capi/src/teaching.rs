//! The functions of `rvm.h`: the teaching interface, which has no error codes.
//!
//! A transaction's number is taken as an `int` and returned as wide as a pointer: so the same function serves programs to which
//! `trans_t` is an `int`, and those to which it is a pointer and which compare it with `(trans_t) -1`. A directory's handle is passed
//! likewise.
#![allow(unsafe_code, reason = "functions that C calls by name, with text and lists by address")]
#![expect(non_camel_case_types, reason = "types of C")]
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::doc_markdown, reason = "the text of a header")]
#![expect(clippy::unnecessary_safety_comment, reason = "an exported name is a promise, too")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use rvm_core::Durability;

use crate::fault::{Fault, Result};
use crate::settings::rvmx_options;
use crate::transactions::{self, Wait};
use crate::verbose::{self, say};
use crate::{call, codes, directory, foreign, fork, registry};

/// As C passes a directory's handle.
pub type rvm_t = c_int;
/// As C gets a directory's handle: 0 for none.
pub type rvm_t_returned = isize;
/// As C passes a transaction.
pub type trans_t = c_int;
/// As C gets a transaction: -1 for none.
pub type trans_t_returned = isize;

/// Names the directory in which segments are kept; makes it if it is missing (one level, mode 0700). It is locked, and recovered
/// if it has to be, when it is first used: by rvm_map, rvm_destroy or rvm_truncate_log. The same directory gives the same handle.
///
/// Returns NULL if it is NULL, cannot be made or used, or is open in another process.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvm_init(directory: *const c_char) -> rvm_t_returned {
    call::reporting("rvm_init", 0, || {
        fork::watch();
        // SAFETY: it is NULL or text, says the header.
        let path = unsafe { foreign::text("the name of the directory", directory) }?;
        let directory = registry::name(&path, rvmx_options::teaching())?;
        directory.check_free()?;
        let handle = directory.handle;
        say("rvm_init", || format!("directory {} has the handle {handle}", directory.shown()));
        widened(handle)
    })
}

/// Maps a segment, made of zeros if it is not there, and extended by zeros if it is shorter than size_to_create; a longer one
/// keeps its length. It begins at a page. All that was committed is in it, and nothing else.
///
/// Returns NULL (with -DRVM_MAP_FAILED_IS_MINUS_ONE: (void *) -1) if the segment is mapped already, the name is not 1 to 200 of
/// A-Z a-z 0-9 . _ - or begins with a dot, the size is not positive, or the directory cannot be opened or the segment read.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvm_map(
    rvm: rvm_t,
    segname: *const c_char,
    size_to_create: c_int,
) -> *mut c_void {
    call::reporting("rvm_map", ptr::null_mut(), || {
        // SAFETY: what this function asks for, too.
        unsafe { map(rvm, segname, size_to_create) }
    })
}

/// rvm_map for programs that were compiled with -DRVM_MAP_FAILED_IS_MINUS_ONE.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvm_map_or_minus_one(
    rvm: rvm_t,
    segname: *const c_char,
    size_to_create: c_int,
) -> *mut c_void {
    call::reporting("rvm_map", ptr::without_provenance_mut(usize::MAX), || {
        // SAFETY: what this function asks for, too.
        unsafe { map(rvm, segname, size_to_create) }
    })
}

/// # Safety
/// `segname` is NULL or text.
unsafe fn map(rvm: rvm_t, segname: *const c_char, size: c_int) -> Result<*mut c_void> {
    let directory = registry::of(rvm)?;
    // SAFETY: by the contract of this function.
    let name = unsafe { name_of_segment(segname) }?;
    let size = u64::try_from(size).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| Fault::misuse("the size of the segment is not positive"))?;
    let mapped = directory.map(&name, size)?;
    say("rvm_map", || {
        format!("segment {name:?}, {} bytes at {:#x}", mapped.segment.len(), mapped.base())
    });
    Ok(mapped.pointer())
}

/// Unmaps a segment. What is committed stays; what is not is gone. A segment that is in an open transaction stays mapped. A
/// program may end without it.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_unmap(rvm: rvm_t, segbase: *mut c_void) {
    call::reporting("rvm_unmap", (), || {
        let mapped = registry::of(rvm)?.unmap(segbase)?;
        say("rvm_unmap", || format!("segment {:?}", mapped.segment.name()));
        Ok(())
    });
}

/// Erases a segment and its log. Nothing happens if there is none; a mapped one stays.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvm_destroy(rvm: rvm_t, segname: *const c_char) {
    call::reporting("rvm_destroy", (), || {
        let directory = registry::of(rvm)?;
        // SAFETY: it is NULL or text, says the header.
        let name = unsafe { name_of_segment(segname) }?;
        let was_there = directory.destroy(&name)?;
        say("rvm_destroy", || {
            format!("segment {name:?}{}", if was_there { "" } else { " was not there" })
        });
        Ok(())
    });
}

/// Begins a transaction that will modify the segments listed. It never waits. The same segment twice counts once; the list may change
/// afterwards.
///
/// Returns (trans_t) -1 if one of them is in another open transaction, or is not mapped; none is taken then.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rvm_begin_trans(
    rvm: rvm_t,
    numsegs: c_int,
    segbases: *mut *mut c_void,
) -> trans_t_returned {
    call::reporting("rvm_begin_trans", -1, || {
        let directory = registry::of(rvm)?;
        let count = usize::try_from(numsegs).ok().filter(|count| *count > 0);
        let count =
            count.ok_or_else(|| Fault::misuse(format!("the number of segments is {numsegs}")))?;
        // SAFETY: it is NULL or a list of so many, says the header.
        let bases = unsafe { foreign::addresses("the list of segments", segbases, count) }?;
        let tid = transactions::begin(&directory, bases, Wait::No)?;
        say("rvm_begin_trans", || format!("transaction {tid}, {numsegs} segments"));
        widened(tid)
    })
}

/// Declares that the transaction will modify a range of one of its segments, and saves the old bytes for an abort. A range may be
/// declared again, and stays declared to the end.
///
/// A range that reaches outside of the segment, a segment that is not in the transaction, a transaction that has ended: nothing happens.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_about_to_modify(
    tid: trans_t,
    segbase: *mut c_void,
    offset: c_int,
    size: c_int,
) {
    call::reporting("rvm_about_to_modify", (), || {
        let (Ok(start), Ok(len)) = (u64::try_from(offset), u64::try_from(size)) else {
            let text = format!("offset {offset} and size {size}: neither can be negative");
            return Err(Fault::misuse(text));
        };
        transactions::about_to_modify("rvm_about_to_modify", tid, segbase, (start, len))?;
        say("rvm_about_to_modify", || {
            format!(
                "transaction {tid}, {size} bytes at {offset} of the segment at {:#x}",
                segbase.addr()
            )
        });
        Ok(())
    });
}

/// Commits: when it returns, every declared range, as it is now, is on stable storage and survives a crash, in all segments of the
/// transaction or in none.
///
/// If that cannot be done, it prints why and ends the process by abort(). Nothing happens if the transaction has ended.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_commit_trans(tid: trans_t) {
    commit("rvm_commit_trans", tid, |_| Ok(()));
}

/// Commits as rvm_commit_trans does, and then truncates the logs as rvm_truncate_log does.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_commit_trans_heavy(tid: trans_t) {
    commit("rvm_commit_trans_heavy", tid, |directory| directory.truncate_log().map(drop));
}

fn commit(name: &str, tid: trans_t, then: impl FnOnce(&directory::Directory) -> Result<()>) {
    match call::guarded(|| transactions::commit(name, tid, Durability::Force)) {
        Ok(directory) => {
            say(name, || format!("transaction {tid} is on stable storage"));
            call::reporting(name, (), || then(&directory));
        }
        Err(fault) if fault.code == codes::RVMX_NO_TRANSACTION => call::report(name, &fault),
        Err(fault) => call::give_up(name, &fault),
    }
}

/// Aborts: every declared range is again what it was when it was declared, newest first. What was changed outside of them stays in memory,
/// and never gets to the disk.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_abort_trans(tid: trans_t) {
    call::reporting("rvm_abort_trans", (), || {
        transactions::abort("rvm_abort_trans", tid)?;
        say("rvm_abort_trans", || format!("transaction {tid} is undone"));
        Ok(())
    });
}

/// Applies all that is committed to the segments' files and makes the logs as small as they can be. It may be called at any time, also
/// while transactions are open, of which nothing gets there.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_truncate_log(rvm: rvm_t) {
    call::reporting("rvm_truncate_log", (), || {
        let directory = registry::of(rvm)?;
        let freed = directory.truncate_log()?;
        say("rvm_truncate_log", || {
            format!("directory {}, {freed} bytes of log", directory.shown())
        });
        Ok(())
    });
}

/// Not 0: a line on stderr for each operation from now on. 0, as at the start: none. Errors are printed in any case.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_verbose(enable_flag: c_int) {
    verbose::turn(enable_flag != 0);
}

/// What went wrong in this thread last: the line that was printed. "" if nothing did. It is valid until something else does.
// SAFETY: this library alone has functions that are called rvm_*.
#[unsafe(no_mangle)]
pub extern "C" fn rvm_last_error() -> *const c_char {
    call::last_error()
}

/// # Safety
/// `segname` is NULL or text.
pub(crate) unsafe fn name_of_segment(segname: *const c_char) -> Result<String> {
    // SAFETY: by the contract of this function.
    let name = unsafe { foreign::text("the name of the segment", segname) }?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

fn widened(number: c_int) -> Result<isize> {
    isize::try_from(number).map_err(|_| Fault::misuse("a number as wide as that"))
}
