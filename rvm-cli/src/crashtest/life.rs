//! One life of the program: started, listened to, and ended, by itself or by a kill.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::evidence::{Evidence, last_part};
use super::group::Group;
use super::plan::{Moment, Plan};
use crate::failure::Failure;
use crate::quantities::duration;
use crate::waiting::{Interrupt, Woken};

/// The signal that a process cannot see.
const SIGKILL: i32 = 9;

/// How long a pipe may stay open after all of its group were killed.
const OPEN_MAX: Duration = Duration::from_secs(10);

/// A life that is over.
#[derive(Debug)]
pub(super) struct Life {
    /// How many lines were acknowledged in it.
    pub(super) lines: u64,
    /// From the start to the kill, or to the end.
    pub(super) time: Duration,
    pub(super) end: End,
}

/// How a life ended.
#[derive(Debug)]
pub(super) enum End {
    /// By the kill.
    Killed,
    /// By itself, well.
    Ended,
    /// By itself, or not at all, and not well.
    Failed {
        /// What happened.
        reason: String,
        /// What the program said on standard error.
        output: String,
    },
    /// By the user, who wants no more.
    Interrupted,
}

/// What happens in a life.
enum Event {
    /// The line was printed that the time counts from.
    Line,
    /// The program ended, with some of its words perhaps still in the pipe.
    Ended,
    /// The pipe was read to its end.
    Heard(io::Result<u64>),
}

/// Starts the program and kills it at that moment.
pub(super) fn live(
    plan: &Plan,
    round: u64,
    moment: Moment,
    evidence: &Evidence,
    interrupt: &Interrupt,
) -> Result<Life, Failure> {
    let mut errors = evidence.program_errors()?;
    let acknowledged = evidence.acknowledged_for_more()?;
    let mut command = Command::new(&plan.program);
    command.args(&plan.arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    command.env("RVM_ROUND", round.to_string()).env("RVM_SEED", plan.seed.to_string());
    command.stderr(errors.try_clone().map_err(|error| cannot("open a file", &error))?);
    let (tell, events) = channel();
    let tell_of_end = tell.clone();
    let at_end = move || {
        // Whoever waited for it may have given up.
        tell_of_end.send(Event::Ended).ok();
    };
    let started = Instant::now();
    let mut group =
        Group::start(&mut command, at_end).map_err(|error| not_started(plan, &error))?;
    let lines = Arc::new(AtomicU64::new(0));
    if let Some(words) = group.take_output() {
        let listener = Listener { line: moment.line, lines: Arc::clone(&lines), tell };
        thread::spawn(move || listener.listen(words, acknowledged));
    }
    let mut watch = Watch { events, lines, heard: None, interrupt, patience: plan.patience };
    let before = watch.until(started, moment);
    let time = started.elapsed();
    let status = group.kill().map_err(|error| cannot("kill the program", &error))?;
    let lines = watch.hear_out()?;
    let reason = match before {
        Before::Interrupted => return Ok(Life { lines, time, end: End::Interrupted }),
        Before::Silent => {
            Some(format!("the program printed nothing for {}", duration(plan.patience)))
        }
        Before::Kill if status.signal() == Some(SIGKILL) => {
            return Ok(Life { lines, time, end: End::Killed });
        }
        Before::Kill | Before::Ended => fault_of(status),
    };
    let Some(reason) = reason else { return Ok(Life { lines, time, end: End::Ended }) };
    let output = last_part(&mut errors).map_err(|error| cannot("read a file", &error))?;
    Ok(Life { lines, time, end: End::Failed { reason, output } })
}

/// What is wrong with the end of a program that was not killed.
fn fault_of(status: ExitStatus) -> Option<String> {
    (!status.success()).then(|| format!("the program ended by itself, with {status}"))
}

fn cannot(what: &str, error: &io::Error) -> Failure {
    Failure::Crashtest(format!("cannot {what}: {error}"))
}

/// A program that is not there is a slip of the user's; that the system cannot start one more process is not.
fn not_started(plan: &Plan, error: &io::Error) -> Failure {
    let message = format!("cannot start {}: {error}", plan.program.display());
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Failure::Usage(message),
        _ => Failure::Crashtest(message),
    }
}

/// What came before the kill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    /// Nothing: the moment came.
    Kill,
    /// The program's end.
    Ended,
    /// No line for a long time.
    Silent,
    /// The user.
    Interrupted,
}

/// Who waits for the moment.
struct Watch<'a> {
    events: Receiver<Event>,
    lines: Arc<AtomicU64>,
    heard: Option<io::Result<u64>>,
    interrupt: &'a Interrupt,
    patience: Duration,
}

impl Watch<'_> {
    /// Waits for the moment of the kill.
    fn until(&mut self, started: Instant, moment: Moment) -> Before {
        let mut from = started;
        if moment.line.is_some() {
            if let Some(before) = self.until_line() {
                return before;
            }
            from = Instant::now();
        }
        loop {
            match self.interrupt.wait(&self.events, from + moment.delay) {
                Woken::Event(Event::Line) => {}
                // The pipe may be closed long before the end.
                Woken::Event(Event::Heard(heard)) => self.heard = Some(heard),
                Woken::Event(Event::Ended) => return Before::Ended,
                Woken::Time => return Before::Kill,
                Woken::Interrupted => return Before::Interrupted,
            }
        }
    }

    /// Waits for the line that the time counts from; tells what came before it.
    fn until_line(&mut self) -> Option<Before> {
        loop {
            let printed = self.lines.load(Ordering::Relaxed);
            match self.interrupt.wait(&self.events, Instant::now() + self.patience) {
                Woken::Event(Event::Line) => return None,
                Woken::Event(Event::Heard(heard)) => self.heard = Some(heard),
                Woken::Event(Event::Ended) => return Some(Before::Ended),
                Woken::Time if printed == self.lines.load(Ordering::Relaxed) => {
                    return Some(Before::Silent);
                }
                Woken::Time => {}
                Woken::Interrupted => return Some(Before::Interrupted),
            }
        }
    }

    /// Waits for the end of the pipe, when all who could write to it are dead: what they said before counts.
    fn hear_out(mut self) -> Result<u64, Failure> {
        let limit = Instant::now() + OPEN_MAX;
        while self.heard.is_none() {
            match self.events.recv_timeout(limit.saturating_duration_since(Instant::now())) {
                Ok(Event::Heard(heard)) => self.heard = Some(heard),
                Ok(Event::Line | Event::Ended) => {}
                Err(_) => {
                    return Err(Failure::Crashtest(
                        "a process outside of the program's group holds the program's output open: \
                         what it does after the kill cannot be told from the next round"
                            .to_owned(),
                    ));
                }
            }
        }
        let heard = self.heard.unwrap_or(Ok(0));
        heard.map_err(|error| cannot("keep the acknowledged lines", &error))
    }
}

/// Who reads the pipe, in a thread.
struct Listener {
    line: Option<u64>,
    lines: Arc<AtomicU64>,
    tell: Sender<Event>,
}

impl Listener {
    fn listen(self, words: ChildStdout, acknowledged: File) {
        let heard = self.copy_lines(words, acknowledged);
        // Whoever waited for it may have given up.
        self.tell.send(Event::Heard(heard)).ok();
    }

    fn copy_lines(&self, words: ChildStdout, acknowledged: File) -> io::Result<u64> {
        let (mut words, mut kept) = (BufReader::new(words), BufWriter::new(acknowledged));
        let mut line = Vec::new();
        let mut count = 0;
        loop {
            line.clear();
            words.read_until(b'\n', &mut line)?;
            // A pipe ends when its writers are dead; half a line behind the last is none.
            if line.last() != Some(&b'\n') {
                kept.flush()?;
                return Ok(count);
            }
            count += 1;
            self.lines.store(count, Ordering::Relaxed);
            if self.line == Some(count) {
                self.tell.send(Event::Line).ok();
            }
            kept.write_all(&line)?;
        }
    }
}
