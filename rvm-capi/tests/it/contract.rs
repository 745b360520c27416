//! The contract of `rvm.h`: `tests/c/contract` has checks for each cell of its table, which run in every language with all types.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::programs::{
    Language, command, compile_and_link, folder, scratch, sources_in, succeed, under_valgrind,
};

const TRANS_T: [&[&str]; 2] = [&[], &["-DTRANS_T_POINTER"]];
const RVM_T: [&[&str]; 3] = [&[], &["-DRVM_T_INT"], &["-DRVM_T_STRUCT"]];
const MAP_FAILED: [&[&str]; 2] = [&[], &["-DRVM_MAP_FAILED_IS_MINUS_ONE"]];

/// What the types can be.
fn variants() -> Vec<Vec<&'static str>> {
    let mut variants = Vec::new();
    for trans_t in TRANS_T {
        for rvm_t in RVM_T {
            variants.extend(MAP_FAILED.map(|map_failed| [trans_t, rvm_t, map_failed].concat()));
        }
    }
    variants
}

/// Guards against an operation that does not do what the contract says, in whatever language, with whatever types.
#[test]
fn every_cell_holds_in_every_build() {
    let builds: Vec<_> = Language::ALL
        .iter()
        .flat_map(|language| variants().into_iter().map(|variant| (*language, variant)))
        .collect();
    assert_eq!(builds.len(), 36);
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    let work = || {
        while let Some((language, variant)) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(fault) = run(*language, variant, &["-lrvm"]) {
                faults.lock().unwrap().push(format!("{language:?} {variant:?}\n{fault}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of 36 builds\n{}", faults.len(), faults.join("\n"));
}

/// Guards against a static library that lacks something the shared one has.
#[test]
fn every_cell_holds_with_the_static_library() {
    run(Language::C11, &[], &["-l:librvm.a", "-lm", "-ldl"]).unwrap();
}

/// Compiles and runs all checks; what did not hold.
fn run(language: Language, variant: &[&str], link: &[&str]) -> Result<(), String> {
    let dir = scratch();
    let program = dir.path().join("contract");
    compile_and_link(language, variant, &sources_in("tests/c/contract"), link, &program);
    let output = command(&program).arg(dir.path()).output().map_err(|e| e.to_string())?;
    let found = under_valgrind() && !output.stderr.is_empty();
    if output.status.success() && output.stdout.is_empty() && !found {
        return Ok(());
    }
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{}\n{stdout}{stderr}", output.status))
}

/// Guards against a header that some compiler does not take, or that needs another before it.
#[test]
fn headers_are_taken_as_every_standard() {
    let standards = ["c89", "c99", "c11", "c17", "c++98", "c++11", "c++14", "c++17", "c++20"];
    for standard in standards {
        for variant in variants() {
            for header in ["rvm.h", "rvm_ext.h"] {
                succeed(&mut syntax_check(standard, &variant, header));
            }
        }
    }
}

fn syntax_check(standard: &str, variant: &[&str], header: &str) -> Command {
    let (compiler, language) =
        if standard.starts_with("c++") { ("c++", "-xc++") } else { ("cc", "-xc") };
    let mut command = Command::new(compiler);
    command.arg(format!("-std={standard}")).args(variant);
    command.args(["-Wall", "-Wextra", "-Werror", "-pedantic-errors", "-fsyntax-only"]);
    // Nothing but the header, twice.
    command.arg("-I").arg(folder().join("include")).args(["-include", header, "-include", header]);
    command.arg(language).arg("/dev/null");
    command
}

/// Guards against an operation without a file of checks.
#[test]
fn every_function_has_its_checks() {
    let header = std::fs::read_to_string(folder().join("include/rvm.h")).unwrap();
    let functions = header.lines().filter(|line| line.ends_with(");") && !line.starts_with(' '));
    let mut count = 0;
    for line in functions {
        let Some((name, _)) = line.split_once('(') else { continue };
        let name = name.rsplit([' ', '*']).next().unwrap();
        let file = match name.strip_prefix("rvm_").unwrap() {
            "last_error" => "errors",
            other => other,
        };
        let path: PathBuf = Path::new("tests/c/contract").join(file).with_extension("c");
        assert!(folder().join(&path).is_file(), "{name} has no {}", path.display());
        count += 1;
    }
    assert_eq!(count, 12);
}
