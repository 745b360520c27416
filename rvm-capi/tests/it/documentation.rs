//! `docs/c.md`: its programs compile, run, and print what it shows; its tables are the headers'.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{Language, command, compile, folder, succeed};

/// A block of code.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
    /// What the block of text right behind it shows.
    output: Option<String>,
}

/// Guards against programs on the page that a reader copies and that do not compile, or print something else.
#[test]
fn programs_on_the_page_print_what_it_shows() {
    let programs: Vec<_> = blocks().into_iter().filter(is_program).collect();
    assert_eq!(programs.len(), 2);
    for block in programs {
        let dir = tempfile::tempdir().unwrap();
        let (source, out) = (dir.path().join("program"), dir.path().join("out"));
        write(&source, &block.text);
        let languages: &[Language] = match block.language.as_str() {
            "c" => &[Language::C89, Language::C11],
            _ => &[Language::Cpp17],
        };
        for language in languages {
            compile(*language, &[], std::slice::from_ref(&source), &out);
            let run = tempfile::tempdir().unwrap();
            let output = succeed(command(&out).current_dir(run.path()));
            assert_eq!(String::from_utf8_lossy(&output.stdout), block.output.as_deref().unwrap());
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Guards against fragments on the page that do not work where it says that they stand, one after the other.
#[test]
fn fragments_on_the_page_work_in_their_order() {
    let fragments: Vec<_> =
        blocks().into_iter().filter(|block| block.language == "c" && !is_program(block)).collect();
    let (functions, statements): (Vec<_>, Vec<_>) =
        fragments.iter().partition(|block| block.text.starts_with("static "));
    assert_eq!((functions.len(), statements.len()), (2, 8));
    let mut program: String = ["stdio.h", "stdlib.h", "string.h", "rvm_ext.h"]
        .map(|name| format!("#include <{name}>\n"))
        .concat();
    program.extend(functions.iter().map(|block| block.text.as_str()));
    program += "int main(void)\n{\nrvm_t rvm;\nvoid *base;\ntrans_t tid;\n";
    program.extend(statements.iter().map(|block| format!("{{\n{}}}\n", block.text)));
    program += "}\n";
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("program"), dir.path().join("out"));
    write(&source, &program);
    compile(Language::C11, &[], std::slice::from_ref(&source), &out);
    let output = succeed(command(&out).current_dir(dir.path()));
    let expected: String = fragments.iter().filter_map(|block| block.output.clone()).collect();
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// Guards against a page on which the first lines that a reader types do not work.
#[test]
fn the_lines_that_build_and_link_work_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("as-written");
    symlink(folder(), dir.path().join("rvm-capi")).unwrap();
    symlink(&target, dir.path().join("target")).unwrap();
    write(&dir.path().join("bank.c"), &program_in_c());
    let shell = shell_block("cargo build");
    assert_eq!(shell.lines().count(), 3);
    for line in shell.lines() {
        let mut command = line_of_shell(line, dir.path());
        if line.starts_with("cargo ") {
            command.current_dir(folder().parent().unwrap());
        }
        succeed(command.env("CARGO_TARGET_DIR", &target));
    }
    let again = succeed(&mut line_of_shell(shell.lines().last().unwrap(), dir.path()));
    let again = String::from_utf8(again.stdout).unwrap();
    assert!(page().contains(&format!("from there: `{}`", again.trim_end())), "{again}");

    succeed(&mut line_of_shell(&shell_block("cc -o bank bank.c -Irvm-capi"), dir.path()));
    let output = succeed(&mut line_of_shell("./bank", dir.path()));
    assert_eq!(output.stdout, b"3 transfers, -750 and 750\n");
}

/// Guards against a table of codes that a reader takes for the header's and that is not, and against a call that the page forgets.
#[test]
fn the_page_has_every_code_and_call_of_the_headers() {
    let page = page();
    let text = std::fs::read_to_string(folder().join("include/rvm_ext.h")).unwrap();
    let mut codes = 0;
    for line in text.lines() {
        let Some((name, value)) =
            line.strip_prefix("#define RVMX_").and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let is_code = !["FORCE", "LAZY", "FOREVER"].contains(&name);
        codes += usize::from(is_code);
        let row = format!("| `RVMX_{name}` | {value} |");
        assert!(!is_code || page.contains(&row), "no row {row}");
    }
    assert_eq!(page.matches("| `RVMX_").count(), codes);
    for entry in folder().join("man").read_dir().unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let name = name.as_str();
        let as_others = ["rvmx_unmap", "rvmx_destroy", "rvmx_abort", "rvmx_truncate_log"];
        assert!(as_others.contains(&name) || page.contains(name), "the page has no {name}");
    }
}

/// Guards against a header that one of the languages on the page, or one of the types, does not take.
#[test]
fn the_headers_are_taken_by_every_language_on_the_page() {
    let types = ["-DX", "-DTRANS_T_POINTER", "-DRVM_T_INT", "-DRVM_T_STRUCT"];
    for standard in ["c89", "c99", "c17", "c++98", "c++11", "c++17"] {
        let (compiler, language) =
            if standard.contains('+') { ("c++", "-xc++") } else { ("cc", "-xc") };
        for (header, define) in ["rvm.h", "rvm_ext.h"].iter().flat_map(|h| types.map(|t| (h, t))) {
            let mut command = Command::new(compiler);
            command.args(["-Wall", "-Wextra", "-Werror", "-pedantic-errors", "-fsyntax-only"]);
            command.args([
                &format!("-std={standard}"),
                language,
                define,
                "-DRVM_MAP_FAILED_IS_MINUS_ONE",
            ]);
            succeed(command.arg(folder().join("include").join(header)));
        }
    }
}

/// Guards against numbers on the page that the library has changed.
#[test]
fn the_limits_on_the_page_are_those_of_the_library() {
    let page = page();
    let log = rvm_core::rvm_txn::Config::default().log_capacity_max;
    assert!(page.contains(&format!("`rvmx_open` has {} MiB", log >> 20)));
    let settings = include_str!("../../src/settings.rs");
    assert!(settings.contains("LOG_CAPACITY_MAX_TEACHING: c_ulong = 4 << 30;"));
    assert!(page.contains("In a directory that `rvm_init` named that is 4 GiB"));
    let name = rvm_core::rvm_storage::SegmentName::LEN_MAX;
    let name = format!("1 to {name} of");
    let overview = std::fs::read_to_string(folder().join("man/rvm_map.3")).unwrap();
    assert!(page.contains(&name) && overview.contains(&name), "{name}");
}

/// `docs/c.md`.
fn page() -> String {
    std::fs::read_to_string(folder().join("../docs/c.md")).unwrap()
}

/// The code on the page.
pub(crate) fn blocks() -> Vec<Block> {
    let page = page();
    let mut blocks: Vec<Block> = Vec::new();
    let mut pieces = page.split("```");
    let mut between = pieces.next().unwrap();
    while let Some(piece) = pieces.next() {
        let (language, text) = piece.split_once('\n').unwrap();
        let text = text.to_owned();
        match blocks.last_mut() {
            Some(last) if language == "text" && between.trim().is_empty() => {
                last.output = Some(text);
            }
            _ => blocks.push(Block { language: language.to_owned(), text, output: None }),
        }
        between = pieces.next().expect("a block without an end");
    }
    let languages = ["c", "cpp", "sh"];
    for block in &blocks {
        assert!(languages.contains(&block.language.as_str()), "nobody tests {block:?}");
    }
    blocks
}

fn is_program(block: &Block) -> bool {
    block.text.contains("int main(")
}

/// The program in C that the page builds.
pub(crate) fn program_in_c() -> String {
    blocks().into_iter().find(is_program).expect("a program").text
}

/// The lines of shell that begin like this.
pub(crate) fn shell_block(start: &str) -> String {
    let mut shell = blocks().into_iter().filter(|block| block.language == "sh");
    shell.find(|block| block.text.starts_with(start)).expect("such a block").text
}

/// Runs a line in a folder. Cargo takes what it has, and optimises nothing.
pub(crate) fn line_of_shell(line: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(dir);
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    command.env("CARGO_NET_OFFLINE", "true");
    command
}

/// Writes a source file.
pub(crate) fn write(path: &PathBuf, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a source file for a compiler")]
    std::fs::write(path, text).unwrap();
}
