//! Several logs made by hand, forced at the same time by as many threads.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::store::RawLog;
use crate::Result;

/// About the record of a transaction's part in one of its logs, in bytes.
const PART: [u8; 160] = [7; 160];

/// The logs. Each but the first has a thread that waits to be asked.
#[derive(Debug)]
pub struct RawParallel {
    own: RawLog,
    others: Vec<(Sender<()>, Receiver<bool>)>,
    _dir: TempDir,
}

impl RawParallel {
    /// So many logs, at least one.
    ///
    /// # Errors
    /// I/O.
    pub fn open(logs: usize) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let own = RawLog::create(&dir, "log-0")?;
        let mut others = Vec::new();
        for number in 1..logs {
            let mut log = RawLog::create(&dir, &format!("log-{number}"))?;
            let (ask, asked) = channel();
            let (tell, told) = channel();
            thread::spawn(move || {
                while asked.recv().is_ok() {
                    if tell.send(append_and_force(&mut log).is_ok()).is_err() {
                        break;
                    }
                }
            });
            others.push((ask, told));
        }
        Ok(Self { own, others, _dir: dir })
    }

    /// How long it takes to append to all logs and to force all, so many times.
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self, times: u64) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..times {
            for (ask, _) in &self.others {
                ask.send(())?;
            }
            append_and_force(&mut self.own)?;
            for (_, told) in &self.others {
                if !told.recv()? {
                    return Err("a log could not be forced".into());
                }
            }
        }
        Ok(started.elapsed())
    }
}

fn append_and_force(log: &mut RawLog) -> Result<()> {
    log.tail.extend_from_slice(&PART);
    log.force()
}
