//! Compiles programs in C and C++ against the headers and the library, and runs them; under valgrind if `RVM_VALGRIND=1`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::{Builder, TempDir};

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
    compile_and_link(language, defines, sources, &["-lrvm"], out);
}

/// Like [`compile`], with other options for the linker, which finds the libraries.
pub(crate) fn compile_and_link(
    language: Language,
    defines: &[&str],
    sources: &[PathBuf],
    link: &[&str],
    out: &Path,
) {
    let mut command = language.compiler();
    command.args(defines).args(sources.iter().map(|source| folder().join(source)));
    command.arg("-I").arg(folder().join("include")).arg("-g").arg("-pthread").arg("-o").arg(out);
    command.arg("-L").arg(library_dir()).args(link);
    succeed(&mut command);
}

/// The C sources in a folder of this crate.
pub(crate) fn sources_in(place: &str) -> Vec<PathBuf> {
    let entries = folder().join(place).read_dir().unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut sources: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "c")).collect();
    sources.sort();
    sources
}

/// A fresh directory, in memory if there is such a place: these programs die, but nobody cuts their power.
pub(crate) fn scratch() -> TempDir {
    let in_memory = Builder::new().prefix("rvm").tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).unwrap()
}

/// The seconds after which a program that waits for ever is killed, with its children.
const SECONDS_MAX: &str = "300";

/// A command that runs a program which was compiled.
pub(crate) fn command(program: &Path) -> Command {
    if under_valgrind() { with_library(valgrind(program)) } else { command_itself(program) }
}

/// [`command`], never under valgrind.
pub(crate) fn command_itself(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg(SECONDS_MAX).arg(program);
    with_library(command)
}

/// A command whose process is the program itself, so that who kills it knows it dead: [`command`] has `timeout` in between. Nothing ends it
/// if it waits for ever.
pub(crate) fn command_to_kill(program: &Path) -> Command {
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
    assert!(is_there("valgrind"), "RVM_VALGRIND is set, and there is no valgrind");
    let mut command = Command::new("timeout");
    command.args([SECONDS_MAX, "valgrind", "--quiet", "--leak-check=full"]);
    command.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]);
    // Without inlined frames it starts much faster.
    command.args([FOUND_ERRORS, "--num-callers=30", "--read-inline-info=no"]);
    command.arg(format!("--suppressions={}", folder().join("tests/valgrind.supp").display()));
    command.arg(program);
    command
}

/// Runs a command to its end, which must be a success; returns its output. Valgrind must find nothing, also in children that were killed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let found = output.stderr.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"=="));
    assert!(
        output.status.success() && !found,
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
