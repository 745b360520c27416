//! One life of the program: started, listened to, and ended, by itself or by a kill.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::super::messages::{GO, Message, Opened};
use crate::failure::Failure;

/// The signal that a process cannot see.
const SIGKILL: i32 = 9;

/// A program that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// What happens in a life that the parent waits for.
#[derive(Debug)]
pub(super) enum News {
    /// The store is open.
    Opened(Opened),
    /// As many transactions are acknowledged as were to be.
    Enough,
    /// The work is done, the store closed.
    Closed,
    /// The program failed, and ends.
    Failed(String),
    /// The program said something that it must not.
    Nonsense(String),
}

/// What the listener is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Listening {
    /// After how many acknowledgements there is [`News::Enough`].
    pub(super) enough: Option<u64>,
    /// Whether the time of each acknowledgement is kept.
    pub(super) arrivals: bool,
}

/// What was heard until the end.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The last transaction acknowledged, if any was.
    pub(super) acknowledged: Option<u64>,
    /// How many were.
    pub(super) numbers: u64,
    /// When each was, in order.
    pub(super) arrivals: Vec<Instant>,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Life {
    process: Child,
    orders: ChildStdin,
    news: Receiver<News>,
    listener: Option<JoinHandle<Heard>>,
    acknowledged: Arc<AtomicU64>,
}

impl Life {
    /// Starts the program.
    pub(super) fn start(
        mut command: Command,
        listening: Listening,
        bar: &ProgressBar,
    ) -> Result<Self, Failure> {
        let program = Path::new(command.get_program()).to_owned();
        let fault = |operation| move |source| Failure::file(operation, &program, source);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(fault("start"))?;
        let (Some(orders), Some(words)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Failure::Demo("the program was started without pipes".to_owned()));
        };
        let (tell, news) = channel();
        let acknowledged = Arc::new(AtomicU64::new(0));
        let listener = Listener {
            listening,
            tell,
            last: Arc::clone(&acknowledged),
            bar: bar.clone(),
            heard: Heard::default(),
        };
        let listener = std::thread::spawn(move || listener.listen(words));
        Ok(Self { process, orders, news, listener: Some(listener), acknowledged })
    }

    /// Lets it begin with its work.
    pub(super) fn go(&mut self) -> Result<(), Failure> {
        let said = self.orders.write_all(GO.as_bytes()).and_then(|()| self.orders.flush());
        said.map_err(|source| Failure::Demo(format!("cannot speak to the program: {source}")))
    }

    /// Waits for news, as long as the program shows that it lives.
    pub(super) fn wait(&mut self) -> Result<News, Failure> {
        loop {
            let before = self.acknowledged.load(Ordering::Relaxed);
            if let Some(news) = self.wait_for(SILENCE_MAX)? {
                return Ok(news);
            }
            if before == self.acknowledged.load(Ordering::Relaxed) {
                let seconds = SILENCE_MAX.as_secs();
                return Err(Failure::Demo(format!("the program has been silent for {seconds} s")));
            }
        }
    }

    /// Waits for news for so long.
    pub(super) fn wait_for(&mut self, time: Duration) -> Result<Option<News>, Failure> {
        match self.news.recv_timeout(time) {
            Ok(News::Failed(reason)) => {
                Err(Failure::Demo(format!("the program that keeps the ledger failed: {reason}")))
            }
            Ok(News::Nonsense(line)) => Err(Failure::Demo(format!("the program said {line:?}"))),
            Ok(news) => Ok(Some(news)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.process.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
                Err(Failure::Demo(format!("the program ended by itself, with {status}")))
            }
        }
    }

    /// Kills the program with SIGKILL, and hears it out: what it said before counts.
    pub(super) fn kill(mut self) -> Result<(Instant, Heard), Failure> {
        let killed = Instant::now();
        let fault = |source| Failure::Demo(format!("cannot kill the program: {source}"));
        self.process.kill().map_err(fault)?;
        let status = self.process.wait().map_err(fault)?;
        let heard = self.hear_out();
        // It is to have died of that, and of nothing else.
        if status.signal() != Some(SIGKILL) {
            let mut reasons = self.news.try_iter().filter_map(|news| match news {
                News::Failed(reason) => Some(reason),
                _ => None,
            });
            let reason = reasons.next().unwrap_or_else(|| status.to_string());
            return Err(Failure::Demo(format!("the program ended before it was killed: {reason}")));
        }
        Ok((killed, heard))
    }

    /// Waits for the end of a program that has said that it is done.
    pub(super) fn end(mut self) -> Result<Heard, Failure> {
        let status = self.process.wait();
        let heard = self.hear_out();
        match status {
            Ok(status) if ExitStatus::success(&status) => Ok(heard),
            Ok(status) => Err(Failure::Demo(format!("the program ended with {status}"))),
            Err(source) => Err(Failure::Demo(format!("cannot wait for the program: {source}"))),
        }
    }

    fn hear_out(&mut self) -> Heard {
        let heard = self.listener.take().map(JoinHandle::join);
        // A panic of the listener was shown when it happened; nothing was heard then, which no check passes.
        heard.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Life {
    /// No program outlives its parent's interest in it. Killing one that is dead already changes nothing.
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Who reads the pipe, in a thread.
struct Listener {
    listening: Listening,
    tell: Sender<News>,
    last: Arc<AtomicU64>,
    bar: ProgressBar,
    heard: Heard,
}

impl Listener {
    fn listen(mut self, words: ChildStdout) -> Heard {
        let mut words = BufReader::new(words);
        let mut line = String::new();
        loop {
            line.clear();
            // A pipe ends when its writer dies; half a line behind the last is none.
            if words.read_line(&mut line).is_err() || !line.ends_with('\n') {
                return self.heard;
            }
            let news = match Message::parse(&line) {
                Some(Message::Acknowledged(number)) => self.note(number),
                Some(Message::Opened(opened)) => Some(News::Opened(opened)),
                Some(Message::Closed) => Some(News::Closed),
                Some(Message::Failed(reason)) => Some(News::Failed(reason)),
                None => Some(News::Nonsense(line.trim_end().to_owned())),
            };
            if let Some(news) = news {
                // The parent may have lost its interest.
                self.tell.send(news).ok();
            }
        }
    }

    fn note(&mut self, number: u64) -> Option<News> {
        self.heard.numbers += 1;
        if self.listening.arrivals {
            self.heard.arrivals.push(Instant::now());
        }
        let before = self.heard.acknowledged.replace(number);
        self.last.store(number, Ordering::Relaxed);
        self.bar.set_position(number);
        if before.is_some_and(|before| number != before + 1) {
            return Some(News::Nonsense(format!("{number} after {before:?}")));
        }
        (self.listening.enough == Some(self.heard.numbers)).then_some(News::Enough)
    }
}
