//! The command line of the program `life`, for harnesses that run it as a process of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One life: which program, and what its script follows from.
#[derive(Clone, Debug)]
pub struct Life {
    /// The program.
    pub program: PathBuf,
    /// What the script follows from.
    pub seed: u64,
    /// How many steps it has.
    pub steps: usize,
    /// Whether the segments' files are mapped.
    pub mapped: bool,
    /// Whether there are helpers and the store's own thread.
    pub threads: bool,
}

impl Life {
    /// A life without mapped files and threads.
    #[must_use]
    pub fn new(program: &Path, seed: u64, steps: usize) -> Self {
        Self { program: program.to_owned(), seed, steps, mapped: false, threads: false }
    }

    /// The program, the verb, the store and the options of this life.
    pub(crate) fn words(&self, verb: &str, store: &Path) -> Vec<OsString> {
        let mut all = vec![OsString::from(&self.program), verb.into(), store.into()];
        all.extend(["--seed", &self.seed.to_string()].map(OsString::from));
        all.extend(["--steps", &self.steps.to_string()].map(OsString::from));
        all.extend(self.mapped.then(|| OsString::from("--mapped")));
        all.extend(self.threads.then(|| OsString::from("--threads")));
        all
    }

    /// How to do it again by hand: the words behind `under`, with `STORE` for the store.
    pub(crate) fn shown(&self, verb: &str, under: &[OsString]) -> String {
        let words = under.iter().cloned().chain(self.words(verb, Path::new("STORE")));
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }
}
