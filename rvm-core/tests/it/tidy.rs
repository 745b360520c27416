//! Rules for the sources of the repository that neither the compiler nor clippy checks. Each failure names file and line.

mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use code::code_of;

/// Files longer than [`LINES_MAX`], with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

const LINES_MAX: usize = 400;

/// The only files with unsafe code, and what for.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("rvm-storage/src/memory/raw.rs", "private mappings and the page that a fork wipes"),
    ("rvm-storage/src/memory/raw/tests.rs", "makes tokens, runs code between fork and exec"),
    ("rvm-core/tests/it/files.rs", "makes the token of the mapped residency, once"),
    ("lab/src/bin/life.rs", "makes the token of the mapped residency, once"),
    ("benches/src/peers/lmdb.rs", "opens LMDB, which maps a file; only with the feature `peers`"),
    ("benches/src/bin/ratios/main.rs", "makes the token of the mapped residency, once"),
    ("benches/benches/map.rs", "makes the token of the mapped residency, once"),
    ("rvm-capi/src/os.rs", "functions and variables of C"),
    ("rvm-capi/src/foreign.rs", "text, lists and places that C passes by address"),
    ("rvm-capi/src/teaching.rs", "functions that C calls"),
    ("rvm-capi/src/extended.rs", "functions that C calls"),
    ("rvm-capi/src/visitors.rs", "functions that C calls"),
    ("rvm-capi/src/settings.rs", "makes the token of the mapped residency"),
    ("rvm-core/tests/it/fork.rs", "runs a child of the test's process, between fork and exec"),
];

/// The roots that do not forbid unsafe code, since a module of theirs needs it.
const UNSAFE_ROOTS: &[&str] =
    &["rvm-storage/src/lib.rs", "rvm-capi/src/lib.rs", "benches/src/lib.rs"];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "misc"];

/// Guards against a file whose purpose has to be guessed.
#[test]
fn every_file_starts_with_a_header() {
    check(|file, faults| {
        if !file.text.starts_with("//!") && !file.text.starts_with("#![doc") {
            faults.push((1, "no header: the first line must say what the file is for".into()));
        }
    });
}

/// Guards against files that grow without anybody deciding it, and against a list of exceptions that outlives them.
#[test]
fn no_file_is_long_without_a_reason() {
    check(|file, faults| {
        let lines = file.text.lines().count();
        let listed = LONG_FILES.iter().any(|(name, _)| *name == file.name);
        match (lines > LINES_MAX, listed) {
            (true, false) => faults.push((lines, format!("{lines} lines, at most {LINES_MAX}"))),
            (false, true) => faults.push((lines, "is short again: take it off the list".into())),
            _ => {}
        }
    });
    all_exist(LONG_FILES);
}

/// Guards against look-alike letters and invisible characters.
#[test]
fn sources_are_ascii() {
    check(|file, faults| {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(found) = line.chars().find(|c| !matches!(c, ' '..='~')) {
                faults.push((number, format!("the character {found:?}")));
            }
        }
    });
}

/// Guards against work that is put off in the source, where nobody is reminded of it, and against code that is switched off.
#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file passes its own test.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let macros = [concat!("to", "do"), concat!("unimple", "mented")];
    check(|file, faults| {
        for (number, line) in (1..).zip(file.text.lines()) {
            for (word, behind) in tokens(line) {
                if words.contains(&word) || (macros.contains(&word) && behind.starts_with('!')) {
                    faults.push((number, format!("the marker {word}")));
                }
            }
            let comment = line.trim_start().strip_prefix("//").map(str::trim);
            let module =
                comment.and_then(|text| text.trim_start_matches("pub ").strip_prefix("mod "));
            if module.is_some_and(|module| module.ends_with([';', '{'])) {
                faults.push((number, "a module that is commented out".into()));
            }
        }
    });
}

/// Guards against unsafe code that spreads, and against a list of where it is that claims more than there is.
#[test]
fn unsafe_code_is_where_the_list_says() {
    check(|file, faults| {
        let listed = UNSAFE_FILES.iter().any(|(name, _)| *name == file.name);
        let uses = unsafe_lines(&file.code);
        match uses.first() {
            Some(number) if !listed => faults.push((*number, "unsafe code".into())),
            None if listed => faults.push((1, "has none any more: take it off the list".into())),
            _ => {}
        }
    });
    all_exist(UNSAFE_FILES);
}

/// Guards against unsafe code that does not say why it is sound; clippy sees most of it, but not under every condition.
#[test]
fn unsafe_code_is_explained() {
    check(|file, faults| {
        let lines: Vec<&str> = file.text.lines().collect();
        for number in unsafe_lines(&file.code) {
            // The reason stands in the comment right above the statement, which may begin some lines earlier.
            let above = lines[..number - 1].iter().rev().map(|line| line.trim());
            let mut comment = above
                .skip_while(|line| {
                    !line.starts_with("//") && !line.is_empty() && !line.ends_with(';')
                })
                .take_while(|line| line.starts_with("//"));
            if !comment.any(|line| line.contains("SAFETY:") || line.contains("# Safety")) {
                faults.push((number, "unsafe code without a SAFETY comment".into()));
            }
        }
    });
}

/// Guards against a crate that could begin to use unsafe code by a single `allow`.
#[test]
fn every_other_crate_forbids_unsafe_code() {
    let mut roots = 0;
    check(|file, faults| {
        let Some((_, path)) = file.name.split_once("/src/") else { return };
        // A program in a folder of its own has its root in that folder's `main.rs`.
        let is_program = |file: &str| !file.contains('/') || file.ends_with("/main.rs");
        let is_root = matches!(path, "lib.rs" | "main.rs")
            || path.strip_prefix("bin/").is_some_and(is_program);
        let excepted = UNSAFE_FILES.iter().any(|(name, _)| *name == file.name);
        if !is_root || excepted || UNSAFE_ROOTS.contains(&file.name.as_str()) {
            return;
        }
        roots += 1;
        if !file.code.contains("#![forbid(unsafe_code)]") {
            faults.push((1, "does not forbid unsafe code".into()));
        }
    });
    assert!(roots > 0, "no crate found");
}

/// Guards against files that are not where their module's name says, or whose name says nothing.
#[test]
fn files_lie_where_their_modules_are() {
    check(|file, faults| {
        for (number, line) in (1..).zip(file.code.lines()) {
            let squeezed: String = line.split_whitespace().collect();
            if squeezed.contains("#[path=") {
                faults.push((number, "a module with a path of its own".into()));
            }
        }
        let mut parts = file.name.trim_end_matches(".rs").split('/');
        if let Some(part) = parts.find(|part| EMPTY_NAMES.contains(part)) {
            faults.push((1, format!("{part} is no name: say what is inside")));
        }
    });
}

/// Guards against modules of a crate that can only be understood together.
#[test]
fn the_modules_of_a_crate_have_no_cycle() {
    let mut crates: BTreeMap<String, Modules> = BTreeMap::new();
    for file in sources() {
        let Some((folder, path)) = file.name.split_once("/src/") else { continue };
        let module = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let is_root = matches!(module.as_str(), "lib" | "main" | "bin");
        if !is_root && !path.ends_with("tests.rs") {
            let uses = crates.entry(folder.to_owned()).or_default().entry(module).or_default();
            // Tests may look at anything: they stand at the end of a file.
            let code = file.code.split("#[cfg(test)]\nmod ").next().unwrap();
            uses.extend(used_modules(code, &path.replace("/mod.rs", ".rs")));
        }
    }
    assert!(crates.values().any(|modules| modules.values().any(|uses| !uses.is_empty())));
    for (name, mut left) in crates {
        loop {
            let known: BTreeSet<String> = left.keys().cloned().collect();
            for (module, uses) in &mut left {
                uses.retain(|used| used != module && known.contains(used));
            }
            let used: BTreeSet<String> = left.values().flatten().cloned().collect();
            left.retain(|module, uses| !uses.is_empty() && used.contains(module));
            if left.len() == known.len() {
                break;
            }
        }
        assert!(left.is_empty(), "{name}: modules in a cycle, or between two: {left:?}");
    }
}

/// Each top-level module of a crate, with those that it uses.
type Modules = BTreeMap<String, BTreeSet<String>>;

/// The top-level modules that a file at `path` names: what stands behind `crate::`, and behind `super::` at the top.
fn used_modules(code: &str, path: &str) -> Vec<String> {
    let mut roots = vec!["crate::"];
    if !path.contains('/') {
        roots.push("super::");
    }
    let behind = |root: &'static str| {
        code.match_indices(root)
            .filter(|(at, _)| !code[..*at].ends_with([':', '_', '$']))
            .map(move |(at, _)| &code[at + root.len()..])
    };
    let mut used = Vec::new();
    for text in roots.into_iter().flat_map(behind) {
        // Braces may list several. The words inside their paths are counted too, and are rarely names of modules.
        let (list, count) = match text.strip_prefix('{') {
            Some(list) => (list, usize::MAX),
            None => (text, 1),
        };
        let list = list.split(';').next().unwrap_or_default();
        used.extend(tokens(list).take(count).map(|(word, _)| word.to_owned()));
    }
    used
}

/// Guards against checks that see less code, or more, than there is.
#[test]
fn comments_and_texts_are_told_from_code() {
    let source = concat!(
        "let a = \"unsafe // \\\" text\"; unsafe /* un /* nested */ safe */ x\n",
        "// unsafe\n",
        "let b = r#\"unsafe \" text\"#; let c = '\"'; let d: &'a u8 = b\"unsafe\"; '\\'';\n",
        "unsafe_code; let r = r; fn f<'a>() { unsafe {} }\n",
    );
    let code = code_of(source);
    assert_eq!(code.lines().count(), source.lines().count());
    assert_eq!(unsafe_lines(&code), [1, 4]);
    assert!(!code.contains("text") && !code.contains("nested"), "{code}");
    assert!(code.contains("&'a u8") && code.contains("x\n"), "{code}");
}

/// A source file of the repository.
struct Source {
    /// Its path from the root, with slashes.
    name: String,
    text: String,
    /// The text without comments and without what is inside literals; the lines are the same.
    code: String,
}

/// Runs a rule over all files and fails with everything it found: line numbers and what is wrong there.
fn check(mut rule: impl FnMut(&Source, &mut Vec<(usize, String)>)) {
    let mut report = Vec::new();
    for file in sources() {
        let mut faults = Vec::new();
        rule(&file, &mut faults);
        report.extend(faults.iter().map(|(line, fault)| format!("{}:{line}: {fault}", file.name)));
    }
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

fn all_exist(list: &[(&str, &str)]) {
    for (name, reason) in list {
        assert!(root().join(name).is_file(), "{name} is listed ({reason}) and not there");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(root(), &mut paths);
    paths.sort();
    assert!(paths.len() > 50, "only {} sources found", paths.len());
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(path).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let code = code_of(&text);
        Source { name, text, code }
    };
    paths.iter().map(read).collect()
}

/// All Rust files below, but not what was built or is hidden.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The words of a line, each with what follows it.
fn tokens(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !in_word(c));
        let (word, behind) = rest.split_at(rest.find(|c| !in_word(c)).unwrap_or(rest.len()));
        rest = behind;
        (!word.is_empty()).then_some((word, behind))
    })
}

/// The lines, counted from 1, on which the keyword stands.
fn unsafe_lines(code: &str) -> Vec<usize> {
    let keyword = |line: &str| tokens(line).any(|(word, _)| word == "unsafe");
    (1..).zip(code.lines()).filter(|(_, line)| keyword(line)).map(|(number, _)| number).collect()
}
