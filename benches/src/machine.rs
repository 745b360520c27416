//! What must be known of a machine to believe its figures.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::Result;
use crate::device::Device;

/// Where and with what something was measured. What nobody could tell is `n/a`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of them this process may use.
    pub processors: usize,
    /// The kernel.
    pub kernel: String,
    /// The file system of the stores.
    pub file_system: String,
    /// The compiler.
    pub compiler: String,
    /// When it began, in UTC.
    pub date: String,
    /// The commit of the sources, and whether they differ from it.
    pub commit: String,
}

impl Machine {
    /// This one, with stores in `dir`.
    ///
    /// # Errors
    /// `dir` cannot be looked at.
    pub fn here(dir: &Path) -> Result<Self> {
        let or_not = |fact: Option<String>| fact.unwrap_or_else(|| "n/a".to_owned());
        // Of the sources, wherever it is run.
        let sources = env!("CARGO_MANIFEST_DIR");
        let described = ["-C", sources, "describe", "--always", "--dirty", "--exclude=*"];
        Ok(Self {
            processor: or_not(processor()),
            processors: available_parallelism().map_or(1, Into::into),
            kernel: or_not(said_by("uname", &["-sr"])),
            file_system: or_not(Device::of(dir)?.described()),
            compiler: or_not(said_by("rustc", &["--version"])),
            date: or_not(said_by("date", &["-u", "+%Y-%m-%d %H:%M"])),
            commit: or_not(said_by("git", &described)),
        })
    }

    /// Each fact with its name.
    #[must_use]
    pub fn facts(&self) -> [(&'static str, String); 7] {
        [
            ("processor", self.processor.clone()),
            ("processors", self.processors.to_string()),
            ("kernel", self.kernel.clone()),
            ("file system", self.file_system.clone()),
            ("compiler", self.compiler.clone()),
            ("date", self.date.clone()),
            ("commit", self.commit.clone()),
        ]
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a program prints, if it can be run and prints anything.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
