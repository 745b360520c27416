//! Short writes that are true: the kernel itself ends a write where the limit on the size of files is.
//!
//! strace stops the process behind the call before, the limit is put into the middle of the write, the process goes on and is
//! stopped again behind it; then the limit is lifted, or stays. What was written is there, as after a real short write. The process
//! ignores the signal that the limit sends with the error of the next try.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use super::fault::Lasting;
use super::trace::Call;

/// A stop that takes longer than this is none.
const WAIT_MAX: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_micros(500);

/// The command under which a life is stopped before and behind `call`; `None` if nothing is before it.
pub(super) fn under(call: &Call, trace: &Path) -> Option<Vec<OsString>> {
    let before = call.nth.checked_sub(1).filter(|before| *before > 0)?;
    let stops = format!("inject=pwrite64:signal=STOP:when={before}..{}", call.nth);
    let mut under: Vec<OsString> =
        ["env", "--ignore-signal=XFSZ", "strace", "-f", "-s", "0", "-o"].map(Into::into).into();
    under.push(trace.into());
    under.extend(["-e", "trace=pwrite64", "-e"].map(OsString::from));
    under.push(stops.into());
    Some(under)
}

/// Lets the process whose trace this is write only `len` bytes at `call`. Says whether it did; not, if it did not come there.
pub(super) fn shorten(call: &Call, len: u64, lasting: Lasting, trace: &Path) -> bool {
    let Some((_, offset)) = call.extent() else { return false };
    let Some(process) = wait_for_stop(trace, 1) else { return false };
    let limit = |bytes| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(process), Resource::Fsize, limit).is_ok()
    };
    let go_on = || kill_process(process, Signal::CONT).is_ok();
    let limited = limit(Some(offset + len)) && go_on() && wait_for_stop(trace, 2).is_some();
    let lifted = lasting == Lasting::ForGood || limit(None);
    go_on() && limited && lifted
}

/// Waits until the trace tells of so many stops, and says of which process; `None` if it ends before.
fn wait_for_stop(trace: &Path, stops: usize) -> Option<Pid> {
    let started = Instant::now();
    while started.elapsed() < WAIT_MAX {
        let text = std::fs::read_to_string(trace).unwrap_or_default();
        let mut stopped = text.lines().filter(|line| line.contains("stopped by SIGSTOP"));
        if let Some(line) = stopped.nth(stops - 1) {
            return Pid::from_raw(line.split(' ').next()?.parse().ok()?);
        }
        if text.contains("+++ exited") || text.contains("+++ killed") {
            return None;
        }
        thread::sleep(PAUSE);
    }
    None
}
