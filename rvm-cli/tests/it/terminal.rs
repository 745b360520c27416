//! Runs `rvmctl` at a terminal of some width: a pseudo-terminal, whose other end is read and typed at.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Longer than any program here takes to say something, on any machine.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// A program at a terminal.
pub(crate) struct Terminal {
    child: Child,
    screen: File,
    seen: Vec<u8>,
    /// Up to where it was waited for.
    read_to: usize,
}

impl Terminal {
    /// Starts it; standard input, output and error are the terminal.
    pub(crate) fn start(command: &mut Command, columns: u16) -> Self {
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&screen, size).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let inside = || -> OwnedFd { rustix::fs::open(&name, flags, Mode::empty()).unwrap() };
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        command.stdin(Stdio::from(inside())).stdout(Stdio::from(inside()));
        let child = command.stderr(Stdio::from(inside())).spawn().unwrap();
        // The command keeps descriptors of its own, with which the other end would never see an end.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child, screen: File::from(screen), seen: Vec::new(), read_to: 0 }
    }

    /// Reads until `text` is there, behind what was waited for before.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let found = |seen: &[u8]| seen.windows(text.len()).position(|part| part == text.as_bytes());
        loop {
            let unread = self.seen.get(self.read_to..).unwrap();
            if let Some(at) = found(unread) {
                self.read_to += at + text.len();
                return;
            }
            let mut bytes = [0; 1024];
            let comes = poll(&mut [PollFd::new(&self.screen, PollFlags::IN)], Some(&PATIENCE));
            let read = if comes == Ok(0) { 0 } else { self.screen.read(&mut bytes).unwrap_or(0) };
            assert!(read > 0, "{text:?} did not come:\n{}", String::from_utf8_lossy(&self.seen));
            self.seen.extend(bytes.get(..read).unwrap());
        }
    }

    /// Types it.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.screen.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the program ends; its exit code, and all that was on the screen. What was drawn over stands on a line of its own.
    pub(crate) fn end(mut self) -> (i32, String) {
        // It ends with an error when nobody holds the other end any more.
        self.screen.read_to_end(&mut self.seen).ok();
        let code = self.child.wait().unwrap().code().unwrap();
        (code, String::from_utf8_lossy(&self.seen).replace("\r\n", "\n").replace('\r', "\n"))
    }
}
