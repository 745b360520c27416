//! A program in C that commits the same transactions as a [`Ledger`](crate::Ledger), through the C interface.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Result;

/// The program, running. It has a store with one segment, and does nothing in the background.
#[derive(Debug)]
pub struct InC {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    dir: TempDir,
}

impl InC {
    /// Compiles the program, with the C compiler of the system, and starts it on a segment of `len` bytes.
    ///
    /// # Errors
    /// There is no C compiler; I/O.
    pub fn open(len: u64) -> Result<Self> {
        Self::start(len, "0")
    }

    /// The same in checked mode.
    ///
    /// # Errors
    /// There is no C compiler; I/O.
    pub fn checked(len: u64) -> Result<Self> {
        Self::start(len, "1")
    }

    fn start(len: u64, checked: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let program = dir.path().join("commits");
        let library = library_dir()?;
        compile(&program, &library)?;
        let mut command = Command::new(&program);
        command.arg(store_in(&dir)).arg(len.to_string());
        command.env("LD_LIBRARY_PATH", &library).env("RVM_CHECKED", checked);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asked = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, asked, answers, dir })
    }

    /// How long so many durable commits take, one after the other. At most some ten thousand: the log is emptied behind them.
    ///
    /// # Errors
    /// The program ended; what it said is on stderr.
    pub fn time_forced(&mut self, commits: u64) -> Result<Duration> {
        writeln!(self.asked, "{commits}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(Duration::from_nanos(answer.trim().parse()?))
    }

    /// Where its store is.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        store_in(&self.dir)
    }
}

impl Drop for InC {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn store_in(dir: &TempDir) -> PathBuf {
    dir.path().join("store")
}

fn compile(program: &Path, library: &Path) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-O2", "-D_GNU_SOURCE", "-o"]).arg(program);
    command.arg(folder.join("c/commits.c")).arg("-I").arg(folder.join("../rvm-capi/include"));
    let output = command.arg("-L").arg(library).arg("-lrvm").output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

/// Where cargo put the library when it built this program.
fn library_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let beside = exe.parent().ok_or("a program without a folder")?;
    let dirs = [beside.join("deps"), beside.to_path_buf()];
    let found = dirs.into_iter().find(|dir| dir.join("librvm.so").is_file());
    found.ok_or_else(|| format!("no librvm.so in {}", beside.display()).into())
}

#[cfg(test)]
mod tests {
    use rvm_tpca::Pattern;

    use super::*;
    use crate::Ledger;

    /// Guards against a comparison of two different things.
    #[test]
    fn the_program_commits_what_a_ledger_commits() {
        const LEN: u64 = 1 << 16;
        let mut ours = Ledger::in_pattern(Pattern::Random, LEN).unwrap();
        ours.time_forced(100).unwrap();
        let segment = |mut program: InC| {
            // The answer to the second comes when the log of the first is folded.
            program.time_forced(100).unwrap();
            program.time_forced(0).unwrap();
            std::fs::read(program.store().join("part-0.seg")).unwrap()
        };
        let expected = ours.bytes().unwrap();
        assert_eq!(segment(InC::open(LEN).unwrap()), expected);
        assert_eq!(segment(InC::checked(LEN).unwrap()), expected);
    }
}
