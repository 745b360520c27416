//! The checks after each kill: the user's command, and the store that has to open.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

use rvm_core::Rvm;

use super::evidence::{Evidence, last_part};
use super::group::Group;
use super::plan::Plan;
use crate::failure::Failure;
use crate::place::Place;
use crate::quantities::duration;
use crate::waiting::{Interrupt, Woken};

/// What a shell ends with if a command cannot be run, or is not there.
const NOT_RUN: [i32; 2] = [126, 127];

/// What the checks said.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing is missing.
    Fine,
    /// Something is wrong.
    Failed {
        /// What.
        reason: String,
        /// What the check printed.
        output: String,
    },
    /// The user wants no more.
    Interrupted,
}

/// When a check is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion {
    /// After this round; 0: before the first.
    pub(super) round: u64,
    /// So many lines were acknowledged.
    pub(super) acknowledged: u64,
}

/// Who checks.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    plan: &'a Plan,
    evidence: &'a Evidence,
    interrupt: &'a Interrupt,
    /// Whether the store was there once.
    store_seen: bool,
}

impl<'a> Checker<'a> {
    /// Somebody who has not checked anything.
    pub(super) const fn new(
        plan: &'a Plan,
        evidence: &'a Evidence,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self { plan, evidence, interrupt, store_seen: false }
    }

    /// Makes all checks, the store's first.
    pub(super) fn check(&mut self, occasion: Occasion) -> Result<Verdict, Failure> {
        if let Some(directory) = &self.plan.store
            && let Err(reason) = look_at(directory, &mut self.store_seen)
        {
            return Ok(Verdict::Failed { reason, output: String::new() });
        }
        match &self.plan.check {
            Some(check) => self.run(check, occasion),
            None => Ok(Verdict::Fine),
        }
    }

    /// The store that was to be checked, if it never came to be.
    pub(super) fn store_never_seen(&self) -> Option<&PathBuf> {
        self.plan.store.as_ref().filter(|_| !self.store_seen)
    }

    fn run(&self, check: &str, occasion: Occasion) -> Result<Verdict, Failure> {
        let cannot = |error| Failure::Crashtest(format!("cannot run the check: {error}"));
        let mut output = self.evidence.check_output()?;
        let mut command = Command::new("sh");
        command.args(["-c", check]);
        command.env("RVM_ROUND", occasion.round.to_string());
        command.env("RVM_SEED", self.plan.seed.to_string());
        command.env("RVM_ACKS", occasion.acknowledged.to_string());
        command.stdin(Stdio::from(self.evidence.acknowledged_from_start()?));
        command.stdout(output.try_clone().map_err(cannot)?);
        command.stderr(output.try_clone().map_err(cannot)?);
        let (tell, events) = channel();
        let at_end = move || {
            // Whoever waited for it may have given up.
            tell.send(()).ok();
        };
        let group = Group::start(&mut command, at_end).map_err(cannot)?;
        let woken = self.interrupt.wait(&events, Instant::now() + self.plan.patience);
        let status = group.kill().map_err(cannot)?;
        let reason = match woken {
            Woken::Interrupted => return Ok(Verdict::Interrupted),
            Woken::Time => format!("the check took more than {}", duration(self.plan.patience)),
            Woken::Event(()) if status.success() => return Ok(Verdict::Fine),
            Woken::Event(()) => format!("the check ended with {status}"),
        };
        let output = last_part(&mut output).map_err(cannot)?;
        let not_run = status.code().is_some_and(|code| NOT_RUN.contains(&code));
        if not_run && occasion.round == 0 {
            return Err(Failure::Usage(format!("the check cannot be run: {output}")));
        }
        Ok(Verdict::Failed { reason, output })
    }
}

/// Opens the store for reading, so that the program, and not the check, is who recovers it. A store that is not made yet is fine.
fn look_at(directory: &PathBuf, seen: &mut bool) -> Result<(), String> {
    match Place::new(Some(directory.clone())).look() {
        Ok(_) => *seen = true,
        Err(Failure::NoStore { .. }) if !*seen => return Ok(()),
        Err(failure) => return Err(failure.message()),
    }
    let opened = Rvm::options().read_only(true).open(directory);
    let closed = opened.and_then(|store| store.close());
    closed.map_err(|error| format!("the store does not open: {}", Failure::from(error).message()))
}
