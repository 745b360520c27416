//! The files of a crash test: the lines acknowledged, and what the program and the check complain of.
//!
//! They are files and not pipes so that neither long output nor a check that does not read can stop anything, and so that memory does not
//! grow with the rounds. After a failure they are what the user looks at first.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::failure::Failure;

/// How much of an output is shown.
const SHOWN_BYTES: u64 = 4096;

/// A directory with the files.
#[derive(Debug)]
pub(super) struct Evidence {
    directory: TempDir,
}

impl Evidence {
    /// Makes it, in the system's place for temporary files.
    pub(super) fn new() -> Result<Self, Failure> {
        let made = tempfile::Builder::new().prefix("rvmctl-crashtest-").tempdir();
        let fault = |source| Failure::file("make a directory in", &std::env::temp_dir(), source);
        let evidence = Self { directory: made.map_err(fault)? };
        // The first check runs before any line is acknowledged.
        evidence.acknowledged_for_more()?;
        Ok(evidence)
    }

    /// The lines acknowledged, to add more.
    pub(super) fn acknowledged_for_more(&self) -> Result<File, Failure> {
        let path = self.acknowledged();
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        opened.map_err(|source| Failure::file("open", &path, source))
    }

    /// The lines acknowledged, from the first.
    pub(super) fn acknowledged_from_start(&self) -> Result<File, Failure> {
        let path = self.acknowledged();
        File::open(&path).map_err(|source| Failure::file("open", &path, source))
    }

    /// An empty file for what the program says on standard error.
    pub(super) fn program_errors(&self) -> Result<File, Failure> {
        self.emptied("program-errors")
    }

    /// An empty file for all that the check says.
    pub(super) fn check_output(&self) -> Result<File, Failure> {
        self.emptied("check-output")
    }

    fn acknowledged(&self) -> PathBuf {
        self.directory.path().join("acknowledged")
    }

    /// Appending, so that two who write to it do not overwrite each other.
    fn emptied(&self, name: &str) -> Result<File, Failure> {
        let path = self.directory.path().join(name);
        let fault = |source| Failure::file("open", &path, source);
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(fault)?;
        file.set_len(0).map_err(fault)?;
        Ok(file)
    }

    /// Keeps the files, for whoever looks into the failure.
    pub(super) fn keep(self) -> PathBuf {
        self.directory.keep()
    }
}

/// The end of an output, as text.
pub(super) fn last_part(file: &mut File) -> io::Result<String> {
    let len = file.metadata()?.len();
    let left_out = len.saturating_sub(SHOWN_BYTES);
    file.seek(SeekFrom::Start(left_out))?;
    let mut bytes = Vec::new();
    file.take(SHOWN_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    Ok(if left_out == 0 { text } else { format!("[{left_out} bytes left out]{text}") })
}
