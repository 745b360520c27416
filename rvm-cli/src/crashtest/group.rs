//! A process in a group of its own, with all that it starts: watched, and never left behind.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, test_kill_process_group,
    waitid, waitpgid,
};

/// How long the rest of a killed group may take to go. It is over at once, unless somebody else has to reap it and does not.
const REST_MAX: Duration = Duration::from_secs(1);

/// How long to look away between two looks at it.
const REST_PAUSE: Duration = Duration::from_micros(200);

/// A process and its group.
#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
    pid: Pid,
    watcher: Option<JoinHandle<()>>,
}

/// Lets this process be the one that reaps what killed programs have started: the dead count as members of their group until then, and
/// not every system reaps them soon.
pub(super) fn adopt_orphans() {
    // Without it, the rest of a group is waited for all the same, only longer.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(Pid::INIT)).ok();
}

impl Group {
    /// Starts it. `at_end` is called when the leader has ended, but before it is reaped: its number is nobody else's until
    /// [`kill`](Self::kill).
    pub(super) fn start(
        command: &mut Command,
        at_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let leader = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&leader);
        let watcher = thread::spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            at_end();
        });
        Ok(Self { leader, pid, watcher: Some(watcher) })
    }

    /// The pipe from its standard output, once.
    pub(super) const fn take_output(&mut self) -> Option<ChildStdout> {
        self.leader.stdout.take()
    }

    /// Kills all of the group, and waits until it is gone. Says how the leader ended, which may have been before.
    pub(super) fn kill(mut self) -> io::Result<ExitStatus> {
        self.kill_and_reap()
    }

    fn kill_and_reap(&mut self) -> io::Result<ExitStatus> {
        match kill_process_group(self.pid, Signal::KILL) {
            // Nobody is left.
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(watcher) = self.watcher.take() {
            // A panic of the watcher was shown when it happened, and the wait below does without it.
            watcher.join().ok();
        }
        let status = self.leader.wait()?;
        let killed = Instant::now();
        while test_kill_process_group(self.pid).is_ok() && killed.elapsed() < REST_MAX {
            let reaped = waitpgid(self.pid, WaitOptions::NOHANG);
            if !matches!(reaped, Ok(Some(_))) {
                thread::sleep(REST_PAUSE);
            }
        }
        Ok(status)
    }
}

impl Drop for Group {
    /// No process outlives our interest in it.
    fn drop(&mut self) {
        if self.watcher.is_some() {
            // There is nobody left to tell.
            self.kill_and_reap().ok();
        }
    }
}
