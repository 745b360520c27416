//! Deliberate breakages of the real code: each takes away one protection, and a named test must notice.
//!
//! A breakage is a text that stands in a file exactly once, and what takes its place. `cargo run --release -p lab --bin breakages`
//! makes each in a copy of the repository and runs its test. A test here sees that every text is still there, so the list cannot
//! outlive the code.

mod list;

pub use list::BREAKAGES;

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
    /// The package whose test notices.
    pub package: &'static str,
    /// The test, or the beginning of the names of several.
    pub test: &'static str,
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
