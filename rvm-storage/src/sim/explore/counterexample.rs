//! A failure that was found, as a script that a person can follow.

use std::fmt;

/// A store that was found and should not have been, and how it came about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Counterexample {
    /// What the check said.
    pub message: String,
    /// The seed that finds it again, with these steps.
    pub seed: u64,
    /// The fewest steps that were found to lead there, in the words of `Debug`.
    pub steps: Vec<String>,
    /// How many steps there were at first.
    pub steps_at_first: usize,
    /// The notes made before the power went, in the words of `Debug`.
    pub notes: Vec<String>,
    /// What happened to the device, in order: a paragraph for each life.
    pub lives: Vec<String>,
    pub(super) kind: Kind,
}

/// What has failed. Fewer steps must fail in the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The check.
    Found,
    /// The program, where it should have gone well.
    Run,
    /// The search: its faults met nothing.
    NoFault,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        writeln!(f, "  seed {} finds it again with these steps", self.seed)?;
        writeln!(f, "  steps ({} of {}):", self.steps.len(), self.steps_at_first)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "    {} {step}", number + 1)?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "  noted before: {}", self.notes.join(", "))?;
        }
        for life in &self.lives {
            write!(f, "{life}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Counterexample {}
