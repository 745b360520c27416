//! What must not be: all of it is counted, the first are named.

use std::path::Path;

use crate::failure::Failure;

/// How many faults are named.
const NAMED_MAX: usize = 10;

/// Faults that were found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Faults {
    count: u64,
    named: Vec<String>,
}

impl Faults {
    /// Notes one.
    pub(super) fn note(&mut self, fault: String) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(fault);
        }
    }

    /// How many there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The failure that they are, if there are any.
    pub(super) fn verdict(&self, directory: &Path) -> Result<(), Failure> {
        let Some(first) = self.named.first() else { return Ok(()) };
        Err(Failure::PromiseBroken {
            faults: self.count,
            first: first.clone(),
            directory: directory.display().to_string(),
        })
    }

    /// The first.
    pub(super) fn named(&self) -> &[String] {
        &self.named
    }
}
