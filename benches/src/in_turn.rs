//! The same transactions through the C interface and from Rust, in turn on one store: where its log lies on the disk makes more of a difference than
//! what is measured. Each is a process of its own, so that they differ in nothing else.

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

/// A program that commits when it is its turn. It opens the store then, and closes it again.
#[derive(Debug)]
pub struct InTurn {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where the program is, if it was made for this.
    _program: Option<TempDir>,
}

impl InTurn {
    /// A program in C, compiled with the C compiler of the system, for a store with a segment of `len` bytes, in checked mode or not.
    ///
    /// # Errors
    /// There is no C compiler; I/O.
    pub fn in_c(store: &Path, len: u64, checked: bool) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let (program, library) = (dir.path().join("commits"), library_dir()?);
        compile(&program, &library)?;
        let mut command = Command::new(&program);
        command.arg(store).arg(len.to_string()).env("LD_LIBRARY_PATH", &library);
        command.env("RVM_CHECKED", if checked { "1" } else { "0" });
        Self::start(command, Some(dir))
    }

    /// A program that calls [`commit_when_asked`].
    ///
    /// # Errors
    /// I/O.
    pub fn in_rust(command: Command) -> Result<Self> {
        Self::start(command, None)
    }

    fn start(mut command: Command, program: Option<TempDir>) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asked = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, asked, answers, _program: program })
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

impl Drop for InTurn {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What the program in C does: reads how many, opens the store, commits them, closes it, and writes the nanoseconds that the commits took.
///
/// # Errors
/// I/O.
pub fn commit_when_asked(
    store: &Path,
    len: u64,
    asked: impl BufRead,
    mut answers: impl Write,
) -> Result<()> {
    let mut bank = Bank::over(len, Pattern::Random);
    for line in asked.lines() {
        let commits: u64 = line?.trim().parse()?;
        let rvm = Ledger::options().open(store)?;
        let segment = rvm.map(SEGMENT, len)?;
        let started = Instant::now();
        for _ in 0..commits {
            transact(&rvm, &segment, &bank.draw(), Durability::Force)?;
        }
        let taken = started.elapsed();
        rvm.close()?;
        writeln!(answers, "{}", taken.as_nanos())?;
        answers.flush()?;
    }
    Ok(())
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
    fn all_commit_the_same() {
        const LEN: u64 = 1 << 16;
        let dir = tempfile::tempdir().unwrap();
        let store = |name: &str| dir.path().join(name);
        let mut taken = Vec::new();
        commit_when_asked(&store("rust"), LEN, b"100\n".as_slice(), &mut taken).unwrap();
        assert!(String::from_utf8(taken).unwrap().trim().parse::<u64>().unwrap() > 0);
        InTurn::in_c(&store("c"), LEN, false).unwrap().time(100).unwrap();
        InTurn::in_c(&store("checked"), LEN, true).unwrap().time(100).unwrap();
        let bytes = |name: &str| std::fs::read(store(name).join("bank.seg")).unwrap();
        assert!(bytes("rust").iter().any(|byte| *byte != 0));
        assert_eq!(bytes("c"), bytes("rust"));
        assert_eq!(bytes("checked"), bytes("rust"));
    }
}
