//! The functions of `rvm_ext.h` that call a function of the program's, with one thing at a time.
#![allow(unsafe_code, reason = "functions that C calls by name")]
#![expect(non_camel_case_types, reason = "types of C")]
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::unnecessary_safety_comment, reason = "an exported name is a promise, too")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::call::coded;
use crate::checked::Listener;
use crate::extended::bounded;
use crate::fault::Fault;
use crate::registry;
use crate::teaching::rvm_t;

/// Bytes that were changed and not declared. Pointers are valid during the call only.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rvmx_undeclared {
    /// The transaction that ends, or declares.
    pub tid: c_int,
    /// 1 if it was changed first and is declared now: it will be committed, but an abort would not undo it. Else 0: it is in memory only.
    pub early: c_int,
    /// The name of the segment.
    pub segname: *const c_char,
    /// Where in the segment, in bytes.
    pub offset: usize,
    /// How many bytes.
    pub length: usize,
    /// What they were.
    pub old_bytes: *const c_void,
    /// What they are.
    pub new_bytes: *const c_void,
}

/// One segment of a directory. Pointers are valid during the call only.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rvmx_segment {
    /// Its name.
    pub segname: *const c_char,
    /// Its length in bytes.
    pub length: usize,
    /// 1 if it is mapped, else 0.
    pub mapped: c_int,
    /// 0; room for what is to come.
    pub reserved: c_int,
    /// Bytes of its log that are in use.
    pub log_used: usize,
    /// Bytes that its log can hold.
    pub log_capacity: usize,
}

/// Is told of each undeclared change. It returns normally: no exception, no longjmp.
pub type rvmx_undeclared_fn =
    Option<extern "C-unwind" fn(change: *const rvmx_undeclared, context: *mut c_void)>;

/// Is told of each segment. It returns normally: no exception, no longjmp.
pub type rvmx_segment_fn =
    Option<extern "C-unwind" fn(segment: *const rvmx_segment, context: *mut c_void)>;

/// Calls visit for every segment of the directory, mapped or not, in the order of their names.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_segments(rvm: rvm_t, visit: rvmx_segment_fn, context: *mut c_void) -> c_int {
    coded("rvmx_segments", || {
        let visit = visit.ok_or_else(|| Fault::misuse("the function to be called is NULL"))?;
        // Called when nothing is held any more.
        let infos = registry::of(rvm)?.with_store(|rvm| Ok(rvm.segments()?))?;
        for info in infos {
            let name = CString::new(info.name).unwrap_or_default();
            let segment = rvmx_segment {
                segname: name.as_ptr(),
                length: bounded(info.len),
                mapped: info.mapped.into(),
                reserved: 0,
                log_used: bounded(info.log_used),
                log_capacity: bounded(info.log_capacity),
            };
            visit(&raw const segment, context);
        }
        Ok(())
    })
}

/// In checked mode: calls tell with each undeclared change, when a transaction ends, or declares it too late, in place of a line on stderr. NULL brings the lines
/// back. context must be good for every thread that ends transactions.
// SAFETY: this library alone has functions that are called rvm*.
#[unsafe(no_mangle)]
pub extern "C" fn rvmx_on_undeclared(
    rvm: rvm_t,
    tell: rvmx_undeclared_fn,
    context: *mut c_void,
) -> c_int {
    coded("rvmx_on_undeclared", || {
        let directory = registry::of(rvm)?;
        let context = AtomicPtr::new(context);
        let listener = tell.map(|tell| {
            Listener(Arc::new(move |told, segment, change| {
                let name = CString::new(segment).unwrap_or_default();
                let change = rvmx_undeclared {
                    tid: told.tid,
                    early: told.early.into(),
                    segname: name.as_ptr(),
                    offset: change.offset,
                    length: change.new.len(),
                    old_bytes: change.old.as_ptr().cast(),
                    new_bytes: change.new.as_ptr().cast(),
                };
                tell(&raw const change, context.load(Ordering::Relaxed));
            }))
        });
        *directory.listener.lock() = listener;
        Ok(())
    })
}
