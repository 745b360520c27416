//! The whole course of a crash test: round after round, and what came of it.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::check::{Checker, Occasion, Verdict};
use super::evidence::Evidence;
use super::group::adopt_orphans;
use super::life::{End, Life, live};
use super::plan::{Moment, Plan};
use crate::failure::Failure;
use crate::random::Random;
use crate::waiting::Interrupt;

/// After so many lives in a row that no kill ended, no kill is expected any more.
const UNHIT_MAX: u64 = 100;

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Lives, with the one that was cut short by the user.
    pub(super) rounds: u64,
    /// Kills that hit a running program.
    pub(super) kills: u64,
    /// Those of them that hit before the first line.
    pub(super) before_first_line: u64,
    /// Lives that ended well before their kill.
    pub(super) ended_before: u64,
    /// Lines acknowledged.
    pub(super) acknowledged: u64,
    /// The shortest time from a start to a kill that hit.
    pub(super) shortest: Option<Duration>,
    /// The longest.
    pub(super) longest: Option<Duration>,
    /// Lives in a row, up to the last, that no kill ended.
    unhit: u64,
}

/// A failure, and when it was found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// In this round; 0: before the first.
    pub(super) round: u64,
    /// When the kill was to come; none before the first round.
    pub(super) moment: Option<Moment>,
    /// How long the program lived.
    pub(super) life: Duration,
    pub(super) reason: String,
    /// What the check, or the program, said.
    pub(super) output: String,
}

/// How a crash test ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// As planned.
    Done,
    /// With a failure.
    Found(Finding),
    /// With a program that ends by itself all the time, or a store that never was: what was to be tested was not.
    NotTested(String),
    /// By the user.
    Interrupted,
}

/// What came of a crash test.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) tally: Tally,
    pub(super) time: Duration,
    pub(super) ending: Ending,
}

/// A crash test under way.
#[derive(Debug)]
pub(super) struct Session<'a> {
    plan: &'a Plan,
    evidence: &'a Evidence,
    bar: &'a ProgressBar,
    interrupt: Interrupt,
    random: Random,
    started: Instant,
    tally: Tally,
}

impl<'a> Session<'a> {
    /// Makes everything ready.
    pub(super) fn new(
        plan: &'a Plan,
        evidence: &'a Evidence,
        bar: &'a ProgressBar,
    ) -> Result<Self, Failure> {
        adopt_orphans();
        Ok(Self {
            plan,
            evidence,
            bar,
            interrupt: Interrupt::listen()?,
            random: Random::new(plan.seed),
            started: Instant::now(),
            tally: Tally::default(),
        })
    }

    /// Goes through the rounds, up to the first failure.
    pub(super) fn run(mut self) -> Result<Outcome, Failure> {
        let interrupt = self.interrupt.clone();
        let mut checker = Checker::new(self.plan, self.evidence, &interrupt);
        let mut ending = self.check(&mut checker, None)?;
        while ending.is_none() && !self.is_over() {
            ending = self.round(&mut checker)?;
        }
        let ending = ending.unwrap_or_else(|| self.judge(&checker));
        Ok(Outcome { tally: self.tally, time: self.started.elapsed(), ending })
    }

    fn is_over(&self) -> bool {
        self.plan.kills.is_some_and(|kills| self.tally.kills >= kills)
            || self.plan.time.is_some_and(|time| self.started.elapsed() >= time)
            || (self.plan.time.is_none() && self.tally.unhit >= UNHIT_MAX)
    }

    /// One life and its check; the ending, if it is one.
    fn round(&mut self, checker: &mut Checker<'_>) -> Result<Option<Ending>, Failure> {
        let moment = self.plan.draw(&mut self.random);
        let round = self.tally.rounds + 1;
        let life = live(self.plan, round, moment, self.evidence, &self.interrupt)?;
        self.tally.note(&life);
        self.bar.set_position(self.tally.kills);
        let time = life.time;
        match life.end {
            End::Interrupted => Ok(Some(Ending::Interrupted)),
            End::Failed { reason, output } => {
                let moment = Some(moment);
                Ok(Some(Ending::Found(Finding { round, moment, life: time, reason, output })))
            }
            End::Killed | End::Ended => self.check(checker, Some((moment, time))),
        }
    }

    fn check(
        &self,
        checker: &mut Checker<'_>,
        life: Option<(Moment, Duration)>,
    ) -> Result<Option<Ending>, Failure> {
        let Tally { rounds: round, acknowledged, .. } = self.tally;
        let (reason, output) = match checker.check(Occasion { round, acknowledged })? {
            Verdict::Fine => return Ok(None),
            Verdict::Interrupted => return Ok(Some(Ending::Interrupted)),
            Verdict::Failed { reason, output } => (reason, output),
        };
        let (moment, life) = life.map_or((None, Duration::ZERO), |(at, life)| (Some(at), life));
        Ok(Some(Ending::Found(Finding { round, moment, life, reason, output })))
    }

    /// A test that found nothing because it tested nothing is a failure.
    fn judge(&self, checker: &Checker<'_>) -> Ending {
        let Tally { kills, ended_before, .. } = self.tally;
        let advice = "give it more to do, or choose a smaller --max-ms";
        if kills == 0 {
            return Ending::NotTested(format!(
                "no kill hit a running program: it ended by itself {ended_before} times; {advice}"
            ));
        }
        if self.plan.time.is_none() && self.plan.kills.is_some_and(|wanted| kills < wanted) {
            return Ending::NotTested(format!(
                "only {kills} kills hit: then the program ended by itself {UNHIT_MAX} times in a row; \
                 {advice}"
            ));
        }
        if let Some(store) = checker.store_never_seen() {
            return Ending::NotTested(format!(
                "there never was a store in {}, so nothing was checked",
                store.display()
            ));
        }
        Ending::Done
    }
}

impl Tally {
    fn note(&mut self, life: &Life) {
        self.rounds += 1;
        self.acknowledged += life.lines;
        match life.end {
            End::Killed => {
                self.kills += 1;
                self.before_first_line += u64::from(life.lines == 0);
                self.unhit = 0;
                self.shortest = Some(self.shortest.map_or(life.time, |time| time.min(life.time)));
                self.longest = Some(self.longest.map_or(life.time, |time| time.max(life.time)));
            }
            End::Ended => {
                self.ended_before += 1;
                self.unhit += 1;
            }
            End::Failed { .. } | End::Interrupted => {}
        }
    }
}

impl Outcome {
    /// Whether the program passed.
    pub(super) const fn passed(&self) -> bool {
        matches!(self.ending, Ending::Done)
    }

    /// The failure, unless the program passed.
    pub(super) fn verdict(self) -> Result<(), Failure> {
        let kills = self.tally.kills;
        Err(Failure::Crashtest(match self.ending {
            Ending::Done => return Ok(()),
            Ending::Found(Finding { round: 0, reason, .. }) => {
                format!("before the first start: {reason}")
            }
            Ending::Found(finding) => format!("round {}: {}", finding.round, finding.reason),
            Ending::NotTested(reason) => reason,
            Ending::Interrupted => {
                let until_then = format!("after {kills} kills; no failure until then");
                return Err(Failure::Interrupted(until_then));
            }
        }))
    }
}
