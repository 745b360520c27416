//! The same transactions through the C interface and from Rust, in turn on one store: where its log lies on the disk makes more of a difference than
//! what is measured.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rvm_core::Durability;
use rvm_tpca::{Bank, Pattern};
use tempfile::TempDir;

use crate::Result;
use crate::ledger::{Ledger, transact};

/// The name of the segment.
const SEGMENT: &str = "bank";

/// A program in C, running. It opens the store when it is its turn, and closes it again.
#[derive(Debug)]
pub struct FromC {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    _program: TempDir,
}

impl FromC {
    /// Compiles the program, with the C compiler of the system, and starts it for a store with a segment of `len` bytes, in checked mode or not.
    ///
    /// # Errors
    /// There is no C compiler; I/O.
    pub fn on(store: &Path, len: u64, checked: bool) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let (program, library) = (dir.path().join("commits"), library_dir()?);
        compile(&program, &library)?;
        let mut command = Command::new(&program);
        command.arg(store).arg(len.to_string()).env("LD_LIBRARY_PATH", &library);
        command.env("RVM_CHECKED", if checked { "1" } else { "0" });
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asked = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, asked, answers, _program: dir })
    }

    /// How long so many durable commits take, one after the other: at most what a log holds.
    ///
    /// # Errors
    /// The program ended; what it said is on stderr.
    pub fn time(&mut self, commits: u64) -> Result<Duration> {
        writeln!(self.asked, "{commits}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(Duration::from_nanos(answer.trim().parse()?))
    }
}

impl Drop for FromC {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The same in this process.
#[derive(Debug)]
pub struct FromRust {
    store: PathBuf,
    len: u64,
    bank: Bank,
}

impl FromRust {
    /// For a store with a segment of `len` bytes.
    #[must_use]
    pub fn on(store: &Path, len: u64) -> Self {
        Self { store: store.to_owned(), len, bank: Bank::over(len, Pattern::Random) }
    }

    /// As [`FromC::time`].
    ///
    /// # Errors
    /// I/O.
    pub fn time(&mut self, commits: u64) -> Result<Duration> {
        let rvm = Ledger::options().open(&self.store)?;
        let segment = rvm.map(SEGMENT, self.len)?;
        let started = Instant::now();
        for _ in 0..commits {
            transact(&rvm, &segment, &self.bank.draw(), Durability::Force)?;
        }
        let taken = started.elapsed();
        rvm.close()?;
        Ok(taken)
    }
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
    use super::*;

    /// Guards against a comparison of two different things.
    #[test]
    fn both_commit_the_same() {
        const LEN: u64 = 1 << 16;
        let dir = tempfile::tempdir().unwrap();
        let store = |name: &str| dir.path().join(name);
        FromRust::on(&store("rust"), LEN).time(100).unwrap();
        FromC::on(&store("c"), LEN, false).unwrap().time(100).unwrap();
        FromC::on(&store("checked"), LEN, true).unwrap().time(100).unwrap();
        let bytes = |name: &str| std::fs::read(store(name).join("bank.seg")).unwrap();
        assert!(bytes("rust").iter().any(|byte| *byte != 0));
        assert_eq!(bytes("c"), bytes("rust"));
        assert_eq!(bytes("checked"), bytes("rust"));
    }
}
