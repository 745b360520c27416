//! The whole course of a demo: kill after kill, and what each opening finds.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::life::{Heard, Life, Listening, News};
use super::loss::{Known, Loss, Promise};
use super::schedule::{Moment, Schedule};
use crate::arguments::CommitKind;
use crate::demo::compare::compare;
use crate::demo::faults::Faults;
use crate::demo::input::Input;
use crate::demo::ledger::{Books, Sizes};
use crate::demo::messages::Opened;
use crate::demo::straight::StraightCount;
use crate::failure::Failure;
use crate::random::Random;

/// How long opening is taken to last before it was measured.
const OPENING_GUESS: Duration = Duration::from_millis(20);

/// What a demo is to do.
#[derive(Clone, Debug)]
pub(in super::super) struct Setup {
    pub(in super::super) directory: PathBuf,
    pub(in super::super) input: Input,
    pub(in super::super) flights: u64,
    pub(in super::super) sizes: Sizes,
    pub(in super::super) kills: u64,
    pub(in super::super) durability: CommitKind,
    pub(in super::super) interval: Duration,
    pub(in super::super) archive: bool,
    pub(in super::super) slack: Duration,
    pub(in super::super) seed: u64,
}

/// A kill, and what the next opening found.
#[derive(Clone, Debug)]
pub(in super::super) struct Kill {
    /// Whether it hit the work, and not the opening.
    pub(in super::super) at_work: bool,
    /// The last transaction acknowledged.
    pub(in super::super) acknowledged: u64,
    /// The last transaction found; none until the store is opened again.
    pub(in super::super) found: Option<u64>,
    /// Acknowledged transactions that are missing.
    pub(in super::super) missing: u64,
    /// How long before the kill the oldest of them was acknowledged.
    pub(in super::super) oldest_missing: Option<Duration>,
    /// What recovery did; nothing if it was killed, too.
    pub(in super::super) recovery: Option<Opened>,
}

/// How a demo ended.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Outcome {
    pub(in super::super) kills: Vec<Kill>,
    /// The last transaction that the ledger holds.
    pub(in super::super) entered: u64,
    /// How many transactions were acknowledged in all, those included that were lost and made again.
    pub(in super::super) acknowledged: u64,
    /// How long the program worked: openings and checks do not count.
    pub(in super::super) work: Duration,
    pub(in super::super) faults: Faults,
}

/// A demo under way.
pub(in super::super) struct Session<'a> {
    setup: &'a Setup,
    bar: ProgressBar,
    schedule: Schedule,
    straight: StraightCount<'a>,
    known: Known,
    opening: Duration,
    outcome: Outcome,
}

impl<'a> Session<'a> {
    /// Makes everything ready.
    pub(in super::super) fn new(setup: &'a Setup, bar: ProgressBar) -> Result<Self, Failure> {
        let lazy_interval = (setup.durability == CommitKind::Lazy).then_some(setup.interval);
        let random = Random::new(setup.seed);
        Ok(Self {
            setup,
            bar,
            schedule: Schedule::new(random, setup.kills, setup.flights, lazy_interval),
            straight: StraightCount::new(&setup.input, setup.flights)?,
            known: Known::default(),
            opening: OPENING_GUESS,
            outcome: Outcome::default(),
        })
    }

    /// Kills as often as was asked, lets the last program end its work, and compares everything once more from the first flight. Stops at the
    /// first opening that finds a fault.
    pub(in super::super) fn run(mut self) -> Result<Outcome, Failure> {
        while let Some(moment) = self.schedule.next(self.known.acknowledged, self.opening) {
            self.bar.set_message(format!("kill {}", self.outcome.kills.len() + 1));
            match moment {
                Moment::Opening(after) => self.kill_at_opening(after)?,
                Moment::Acknowledged { transactions, pause } => {
                    self.kill_at_work(Some(transactions), pause)?;
                }
                Moment::Working(time) => self.kill_at_work(None, time)?,
            }
            if !self.outcome.faults.is_empty() {
                return Ok(self.outcome);
            }
        }
        self.bar.set_message("last part");
        self.finish()?;
        if self.outcome.faults.is_empty() {
            self.bar.set_message("comparing");
            self.straight = StraightCount::new(&self.setup.input, self.setup.flights)?;
            self.check()?;
        }
        Ok(self.outcome)
    }

    /// Starts a program and kills it a moment later.
    fn kill_at_opening(&mut self, after: Duration) -> Result<(), Failure> {
        let mut life = self.start(None, Listening { enough: None, arrivals: false })?;
        let started = Instant::now();
        let mut opened = None;
        while let Some(left) = after.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) {
            if let Some(News::Opened(found)) = life.wait_for(left)? {
                opened = Some(found);
            }
        }
        life.kill()?;
        if let Some(opened) = opened {
            self.note_opening(opened);
        }
        self.note_kill(false);
        Ok(())
    }

    /// Starts a program, checks what it found, and kills it at its work: so long after so many acknowledgements, or after its beginning.
    fn kill_at_work(&mut self, enough: Option<u64>, pause: Duration) -> Result<(), Failure> {
        let arrivals = self.setup.durability == CommitKind::Lazy;
        let (mut life, opened) = self.open(None, Listening { enough, arrivals })?;
        if !self.outcome.faults.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        life.go()?;
        if enough.is_some() {
            life.wait()?;
            std::thread::sleep(pause);
        } else {
            life.wait_for(pause)?;
        }
        let (killed, heard) = life.kill()?;
        self.outcome.work += killed.saturating_duration_since(begun);
        self.note_work(opened.found, heard);
        self.known.killed = Some(killed);
        self.note_kill(true);
        Ok(())
    }

    /// Lets a program go on to the end of the lap.
    fn finish(&mut self) -> Result<(), Failure> {
        let listening = Listening { enough: None, arrivals: false };
        // The commit under way when the last kill came may be found, too: the goal must not lie before it.
        let goal = self.schedule.goal(self.known.acknowledged.saturating_add(1));
        self.bar.set_length(goal);
        let (mut life, opened) = self.open(Some(goal), listening)?;
        if !self.outcome.faults.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        life.go()?;
        life.wait()?;
        self.outcome.work += begun.elapsed();
        let heard = life.end()?;
        self.note_work(opened.found, heard);
        if self.known.acknowledged != goal {
            let said = self.known.acknowledged;
            self.outcome.faults.note(format!("the program ended at {said} instead of {goal}"));
        }
        Ok(())
    }

    /// Starts a program, waits until it has the store open, and checks what is in it.
    fn open(
        &mut self,
        until: Option<u64>,
        listening: Listening,
    ) -> Result<(Life, Opened), Failure> {
        let started = Instant::now();
        let mut life = self.start(until, listening)?;
        let News::Opened(opened) = life.wait()? else {
            return Err(Failure::Demo("the program worked before it opened the store".to_owned()));
        };
        self.opening = started.elapsed();
        self.note_opening(opened);
        self.check()?;
        Ok((life, opened))
    }

    fn start(&self, until: Option<u64>, listening: Listening) -> Result<Life, Failure> {
        let program = std::env::current_exe()
            .map_err(|source| Failure::Demo(format!("cannot find this program: {source}")))?;
        let Setup { directory, input, sizes, durability, interval, .. } = self.setup;
        let mut command = Command::new(program);
        command.arg("demo-child").arg("--store").arg(directory);
        if let Input::File(path) = input {
            command.arg("--input").arg(path);
        }
        let mut number = |option: &str, value: u64| {
            command.arg(option).arg(value.to_string());
        };
        number("--rows", sizes.journal_entries);
        number("--aircraft", sizes.aircraft_slots);
        number("--carriers", sizes.carrier_slots);
        number("--airports", sizes.airport_slots);
        number("--interval", u64::try_from(interval.as_millis()).unwrap_or(u64::MAX));
        if let Some(last) = until {
            number("--until", last);
        }
        command.arg("--durability").arg(durability.word());
        if self.setup.archive {
            command.arg("--archive");
        }
        Life::start(command, listening, &self.bar)
    }

    /// Compares what the store holds with the count, from a copy of our own, while the program has it open.
    fn check(&mut self) -> Result<(), Failure> {
        let Self { setup, straight, known, outcome, .. } = self;
        let faults = &mut outcome.faults;
        let compared = Books::read(&setup.directory).and_then(|books| {
            outcome.entered = books.entered;
            if books.entered != known.acknowledged {
                let (read, told) = (books.entered, known.acknowledged);
                faults.note(format!("a reader finds {read} transactions, the program {told}"));
            }
            compare(&books, straight, faults)
        });
        match compared {
            // Bytes that make no ledger are a fault like any other.
            Err(Failure::Demo(fault)) => faults.note(fault),
            compared => compared?,
        }
        Ok(())
    }

    /// Judges the kills before by what an opening found.
    fn note_opening(&mut self, opened: Opened) {
        let promise = match self.setup.durability {
            CommitKind::Force => Promise::Force,
            CommitKind::Lazy => Promise::Lazy(self.setup.interval + self.setup.slack),
        };
        let found = opened.found;
        let loss = self.known.judge(promise, found, &mut self.outcome.faults);
        let mut recovery = Some(opened);
        let mut loss = Some(loss);
        for kill in self.outcome.kills.iter_mut().rev().take_while(|kill| kill.found.is_none()) {
            kill.found = Some(found);
            kill.recovery = recovery.take();
            if kill.at_work {
                let Loss { transactions, oldest } = loss.take().unwrap_or_default();
                (kill.missing, kill.oldest_missing) = (transactions, oldest);
            }
        }
        self.known = Known { durable: found, acknowledged: found, ..Known::default() };
    }

    fn note_work(&mut self, found: u64, heard: Heard) {
        let acknowledged = heard.acknowledged.unwrap_or(found);
        if acknowledged != found.saturating_add(heard.numbers) {
            let numbers = heard.numbers;
            self.outcome.faults.note(format!(
                "{numbers} transactions behind {found} were acknowledged, the last is {acknowledged}"
            ));
        }
        self.outcome.acknowledged += heard.numbers;
        self.known.acknowledged = acknowledged;
        self.known.arrivals = heard.arrivals;
        self.known.worked = true;
    }

    fn note_kill(&mut self, at_work: bool) {
        self.outcome.kills.push(Kill {
            at_work,
            acknowledged: self.known.acknowledged,
            found: None,
            missing: 0,
            oldest_missing: None,
            recovery: None,
        });
    }
}
