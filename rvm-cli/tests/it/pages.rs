//! Completions and manual pages: there for every verb, and taken by the programs that read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::rvmctl::{run, verbs};
use crate::stores::parent;

/// The pages in a directory that is made for them.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let made = run(["man".as_ref(), "--to".as_ref(), directory.as_os_str()]).fine().text();
    made.lines().map(PathBuf::from).collect()
}

/// Guards against a verb without a page, and a page that does not say what its help says.
#[test]
fn every_verb_has_a_page_with_its_long_help() {
    let parent = parent();
    let directory = parent.path().join("man");
    pages(&directory);
    for verb in verbs() {
        let page = directory.join(format!("rvmctl-{}.1", verb.replace(' ', "-")));
        let page = plain(&fs::read_to_string(&page).unwrap_or_else(|_| panic!("{verb}: no page")));
        let help = run(verb.split(' ').chain(["--help"])).text();
        let about = plain(help.split("\n\nUsage:").next().unwrap());
        // The summary stands under the name, the rest in the description.
        for sentence in about.split_inclusive(". ") {
            assert!(page.contains(sentence.trim()), "{verb}: {sentence:?} is not in\n{page}");
        }
        assert!(page.contains("130") && page.contains("rvmctl(1)"), "{verb}: {page}");
    }
}

/// A text without the marks of a page, its words parted by one space.
fn plain(text: &str) -> String {
    let mut text = text.replace("\\*(Aq", "'").replace("\\-", "-").replace("\\(aq", "'");
    for mark in ["\\fB", "\\fR", "\\fI", "\n.PP", "\n.SH"] {
        text = text.replace(mark, "");
    }
    text.replace("\\&", "").replace("\\\\", "\\").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Guards against marks that `man` shows as they are, or swallows.
#[test]
fn the_pages_are_taken_by_groff() {
    if Command::new("groff").arg("--version").output().is_err() {
        println!("skipped: groff is not installed");
        return;
    }
    let parent = parent();
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tutf8", "-ww", "-z"]).args(pages(&parent.path().join("man")));
    let groff = groff.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&groff.stderr).into_owned();
    assert!(groff.status.success() && told.is_empty(), "{told}");
}

/// Guards against pages that are written though only their names were asked for, and a page in place of which a part stands.
#[test]
fn pages_are_written_whole_and_not_in_a_dry_run() {
    let parent = parent();
    let directory = parent.path().join("a/b");
    let to = ["man", "--to", directory.to_str().unwrap()];
    let told = run(to.into_iter().chain(["--dry-run"])).fine().text();
    assert!(!directory.exists());
    assert_eq!(run(to).fine().text(), told);
    let found: BTreeSet<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found, told.lines().map(PathBuf::from).collect());
    run(["man", "--to", "/dev/null/man"]).fails(1, &["/dev/null/man"]);
    assert_eq!(run(["man", "--json"]).code, 2);
}

/// Guards against a script that a shell refuses, or that does not know a verb.
#[test]
fn completions_are_scripts_that_know_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell]).fine().text();
        for verb in verbs() {
            let last = verb.split(' ').next_back().unwrap();
            assert!(script.contains(last), "{shell}: {verb}");
        }
        if !["bash", "zsh", "fish"].contains(&shell) {
            continue;
        }
        let mut check = Command::new(shell);
        check.args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut check) = check.spawn() else {
            println!("skipped: {shell} is not installed");
            continue;
        };
        std::io::Write::write_all(&mut check.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let checked = check.wait_with_output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    assert_eq!(run(["completions", "csh"]).code, 2);
}
