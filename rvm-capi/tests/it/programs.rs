//! Compiles programs in C and C++ against the headers and the library, and runs them; under valgrind if `RVM_VALGRIND=1`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a program is compiled as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Language {
    C89,
    C11,
    Cpp17,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::C89, Self::C11, Self::Cpp17];

    fn compiler(self) -> Command {
        // What POSIX has beyond the language is asked for by name.
        let mut command = Command::new(if matches!(self, Self::Cpp17) { "c++" } else { "cc" });
        command.args(match self {
            Self::C89 => ["-std=c89", "-xc"],
            Self::C11 => ["-std=c11", "-xc"],
            Self::Cpp17 => ["-std=c++17", "-xc++"],
        });
        command.args(["-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic-errors"]);
        command
    }
}

/// The folder of this crate.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the libraries lie that belong to this build.
pub(crate) fn library_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let dir = exe.parent().unwrap().to_path_buf();
    assert!(dir.join("librvm.so").is_file(), "no librvm.so in {}", dir.display());
    dir
}

/// Compiles `sources` (paths from the folder of this crate) into the program `out`, linked with the shared library. A warning fails.
pub(crate) fn compile(language: Language, defines: &[&str], sources: &[PathBuf], out: &Path) {
    let mut command = language.compiler();
    command.args(defines).args(sources.iter().map(|source| folder().join(source)));
    command.arg("-I").arg(folder().join("include")).arg("-g").arg("-pthread").arg("-o").arg(out);
    command.arg("-L").arg(library_dir()).arg("-lrvm");
    succeed(&mut command);
}

/// A command that runs a program which was compiled.
pub(crate) fn command(program: &Path) -> Command {
    if under_valgrind() { with_library(valgrind(program)) } else { command_itself(program) }
}

/// [`command`], never under valgrind.
pub(crate) fn command_itself(program: &Path) -> Command {
    with_library(Command::new(program))
}

fn with_library(mut command: Command) -> Command {
    command.env("LD_LIBRARY_PATH", library_dir()).stdin(Stdio::null());
    command
}

/// Whether programs run under valgrind.
pub(crate) fn under_valgrind() -> bool {
    std::env::var_os("RVM_VALGRIND").is_some_and(|value| value != "0")
}

/// The status with which valgrind ends if it found anything.
const FOUND_ERRORS: &str = "--error-exitcode=99";

fn valgrind(program: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args([
        "--quiet",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite",
    ]);
    command.args([FOUND_ERRORS, "--num-callers=30"]);
    command.arg(format!("--suppressions={}", folder().join("tests/valgrind.supp").display()));
    command.arg(program);
    command
}

/// Runs a command to its end, which must be a success; returns its output.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Whether a program can be started here.
pub(crate) fn is_there(program: impl AsRef<OsStr>) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}
