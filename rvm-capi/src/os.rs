//! What only the C library of the system can do: `errno`, a line on stderr in one write, and being called when the process forks.
#![allow(unsafe_code, reason = "these are functions and variables of C")]
#![expect(clippy::unnecessary_safety_comment, reason = "a declaration is a promise, too")]

use std::io;

use libc::c_int;

/// Sets `errno` of this thread.
pub(crate) fn set_errno(code: c_int) {
    // SAFETY: takes nothing; the pointer that it returns is this thread's own, and valid as long as the thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: see above; nobody else writes there meanwhile.
    unsafe { *errno = code };
}

/// A text as one line, whatever a path or a name in it holds.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(['\n', '\0'], "?")
}

/// Writes one line to stderr, at once and without a lock, which a forked child could find taken for ever.
pub(crate) fn write_to_stderr(line: &str) {
    let line = one_line(line) + "\n";
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        // SAFETY: `rest` is readable for its whole length.
        let written = unsafe { libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => rest = rest.get(written..).unwrap_or_default(),
            _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// What is called when the process forks: before, and afterwards in the parent and in the child.
#[derive(Clone, Copy)]
pub(crate) struct AtFork {
    pub(crate) before: extern "C" fn(),
    pub(crate) in_parent: extern "C" fn(),
    pub(crate) in_child: extern "C" fn(),
}

// SAFETY: as POSIX declares it.
unsafe extern "C" {
    fn pthread_atfork(
        before: Option<extern "C" fn()>,
        in_parent: Option<extern "C" fn()>,
        in_child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// Lets `calls` be called at each fork from now on.
///
/// # Errors
/// There is no memory for it.
pub(crate) fn at_fork(calls: AtFork) -> io::Result<()> {
    // SAFETY: the functions live as long as the library, which is linked so that it is never unloaded.
    let code =
        unsafe { pthread_atfork(Some(calls.before), Some(calls.in_parent), Some(calls.in_child)) };
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}
