//! Deliberate breakages of the real code: each takes away one protection, and a named test must notice.
//!
//! A breakage is a text that stands in a file exactly once, and what takes its place. `cargo run --release -p lab --bin breakages`
//! makes each in a copy of the repository and runs its test, which must pass there before. A test here sees that every text is still
//! there, so the list cannot outlive the code.

mod archives;
mod list;

use std::fmt;

/// Every breakage, with the test that notices.
pub fn all() -> impl Iterator<Item = &'static Breakage> {
    list::BREAKAGES.iter().chain(archives::BREAKAGES)
}

/// One protection taken away.
#[derive(Clone, Copy, Debug)]
pub struct Breakage {
    /// What is broken.
    pub name: &'static str,
    /// In which file, from the root of the repository.
    pub file: &'static str,
    /// What stands there.
    pub text: &'static str,
    /// What takes its place.
    pub instead: &'static str,
    /// Who notices.
    pub by: Watch,
}

/// Tests that notice a breakage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// Of a package, those whose names contain the text.
    Tests(&'static str, &'static str),
    /// Thread schedules of the engine whose names contain the text.
    Schedules(&'static str),
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tests(package, "") => write!(f, "the tests of {package}"),
            Self::Tests(package, test) => write!(f, "{test} of {package}"),
            Self::Schedules(scenario) => write!(f, "schedules of {scenario}"),
        }
    }
}

impl Breakage {
    /// The file's text with the breakage made.
    ///
    /// # Errors
    /// The text does not stand there exactly once.
    pub fn make(&self, text: &str) -> Result<String, String> {
        match text.matches(self.text).count() {
            1 => Ok(text.replacen(self.text, self.instead, 1)),
            count => Err(format!("{}: its text stands {count} times in {}", self.name, self.file)),
        }
    }
}
