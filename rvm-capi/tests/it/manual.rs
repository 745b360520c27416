//! The manual pages say what the headers say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::documentation::write;
use crate::programs::{Language, command, compile, folder, is_there, succeed};

/// A manual page, as far as it can be held against a header.
#[derive(Default)]
struct Page {
    header: String,
    names: BTreeSet<String>,
    prototypes: Vec<String>,
    text: String,
}

/// Guards against a function without a page, a page of a function that is gone, and a prototype that is not the header's.
#[test]
fn pages_show_the_prototypes_of_the_headers() {
    let pages = pages();
    let mut shown = BTreeMap::new();
    for (name, page) in &pages {
        for prototype in &page.prototypes {
            let function = function_of(prototype).to_owned();
            assert!(page.names.contains(&function), "{name}.3 does not list {function}");
            shown.insert(prototype.clone(), page.header.clone());
        }
    }
    let mut declared = BTreeMap::new();
    for header in ["rvm.h", "rvm_ext.h"] {
        for prototype in prototypes(&header_text(header)) {
            let function = function_of(&prototype);
            assert!(folder().join(format!("man/{function}.3")).is_file(), "no page of {function}");
            declared.insert(prototype, header.to_owned());
        }
    }
    assert!(declared.len() > 25, "only {declared:?}");
    let differing =
        shown.iter().filter(|(prototype, header)| declared.get(*prototype) != Some(*header));
    assert_eq!(differing.collect::<Vec<_>>(), [], "is in no such header");
    let missing = declared.keys().filter(|prototype| !shown.contains_key(*prototype));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0], "is on no page");
}

/// Guards against a link between pages that leads nowhere, or to a page of other functions.
#[test]
fn links_between_pages_lead_somewhere() {
    let pages = pages();
    let named: BTreeSet<_> = pages.values().flat_map(|page| page.names.clone()).collect();
    let mut files = BTreeSet::new();
    for entry in folder().join("man").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if let Some(target) = text.strip_prefix(".so man3/") {
            let target = target.trim_end().trim_end_matches(".3");
            assert!(pages[target].names.contains(&name), "{name}.3 leads to {target}.3");
        }
        files.insert(name);
    }
    let differing: Vec<_> = files.symmetric_difference(&named).collect();
    assert_eq!(differing, [""; 0], "is a file, or a name in one, and not the other");
    for (name, page) in &pages {
        for line in page.text.lines().filter(|line| line.starts_with(".Xr ")) {
            for target in line.trim_start_matches(".Xr ").split(" , Xr ") {
                let target = target.split(' ').next().unwrap();
                let is_known = named.contains(target) || ["abort", "longjmp"].contains(&target);
                assert!(is_known, "{name}.3 refers to {target}");
            }
        }
    }
}

/// Guards against a field or a code that the pages do not explain, or explain in other words than the header.
#[test]
fn pages_explain_fields_and_codes_as_the_header_does() {
    let pages = pages();
    let all: String =
        pages.values().map(|page| squeezed(&page.text.replace(".Va errno", "errno"))).collect();
    let explained = explained(&header_text("rvm_ext.h"));
    assert!(explained.len() > 50, "only {explained:?}");
    for (name, text) in explained {
        let macros = if name.starts_with("RVMX_") { ".It Dv" } else { ".It Va" };
        let explained_elsewhere = ["RVMX_FORCE", "RVMX_LAZY", "RVMX_FOREVER", "reserved"];
        let expected = format!("{macros} {name} {text}");
        assert!(
            explained_elsewhere.contains(&name.as_str()) || all.contains(&expected),
            "no page says: {expected}"
        );
    }
}

/// Guards against markup that formatters complain of.
#[test]
fn pages_are_formatted_without_warnings() {
    if !is_there("groff") {
        println!("skipped: there is no groff");
        return;
    }
    for name in pages().keys() {
        let mut groff = Command::new("groff");
        groff.args(["-mandoc", "-Tutf8", "-ww", "-z"]);
        let output = succeed(groff.arg(folder().join(format!("man/{name}.3"))));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Guards against an example in a page that does not compile, or does not do what it is for.
#[test]
fn the_program_in_the_overview_runs() {
    let dir = tempfile::tempdir().unwrap();
    let page = &pages()["rvm"].text;
    let program = page.split(".Bd -literal\n").nth(1).unwrap().split(".Ed").next().unwrap();
    let (source, out) = (dir.path().join("program.c"), dir.path().join("program"));
    write(&source, program);
    compile(Language::C11, &[], &[source], &out);
    succeed(command(&out).current_dir(dir.path()));
    assert!(dir.path().join("bank/accounts.seg").is_file());
}

/// The pages, by their names, without those that only lead to another.
fn pages() -> BTreeMap<String, Page> {
    let mut pages = BTreeMap::new();
    for entry in folder().join("man").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.is_ascii(), "{} is not ASCII", path.display());
        if !text.starts_with(".so ") {
            let name = Path::new(path.file_stem().unwrap()).display().to_string();
            assert!(text.contains(&format!(".Dt {} 3\n", name.to_uppercase())), "title of {name}");
            pages.insert(name, page(text));
        }
    }
    pages
}

fn page(text: String) -> Page {
    let mut page = Page::default();
    let mut result = String::new();
    let mut section = "";
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, section) {
            (".Sh", _) => section = rest,
            (".Nm", "NAME") => {
                page.names.insert(rest.trim_end_matches(" ,").to_owned());
            }
            (".In", "SYNOPSIS") => rest.clone_into(&mut page.header),
            (".Ft", "SYNOPSIS") => rest.trim_matches('"').clone_into(&mut result),
            (".Fn", "SYNOPSIS") => {
                let (name, arguments) = rest.split_once(' ').unwrap();
                let arguments = arguments.trim_matches('"').replace("\" \"", ", ");
                page.prototypes.push(normal(&format!("{result} {name}({arguments});")));
            }
            _ => {}
        }
    }
    page.text = text;
    page
}

fn header_text(name: &str) -> String {
    std::fs::read_to_string(folder().join("include").join(name)).unwrap()
}

fn prototypes(header: &str) -> Vec<String> {
    let is_prototype = |line: &&str| {
        line.starts_with(|c: char| c.is_ascii_lowercase())
            && line.ends_with(");")
            && !line.starts_with("typedef")
    };
    header.lines().filter(is_prototype).map(normal).collect()
}

/// With one blank where there is any, and none behind a star.
fn normal(prototype: &str) -> String {
    squeezed(prototype).replace("* ", "*")
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn function_of(prototype: &str) -> &str {
    let before = prototype.split('(').next().unwrap();
    before.rsplit([' ', '*']).next().unwrap()
}

/// The fields of structs and the constants of a header, with the comments above them.
fn explained(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for piece in header.split("/**").skip(1) {
        let (comment, code) = piece.split_once("*/").unwrap();
        let line = code.trim_start().lines().next().unwrap();
        let name = match line.strip_prefix("#define ") {
            Some(constant) => constant.split(' ').next(),
            None if line.ends_with(';') && !line.contains(['(', '{']) => {
                line.trim_end_matches(';').rsplit([' ', '*']).next()
            }
            None => None,
        };
        let text: String =
            comment.lines().map(|line| line.trim().trim_start_matches('*')).collect();
        found.extend(name.map(|name| (name.to_owned(), squeezed(&text))));
    }
    found
}
