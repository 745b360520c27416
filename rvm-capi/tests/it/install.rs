//! `make install`, as `docs/c.md` has it, and what is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::documentation::{line_of_shell, program_in_c, shell_block, write};
use crate::programs::{folder, is_there, succeed};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Guards against an installation that lacks something, that programs cannot be built against, or that cannot be taken away.
#[test]
fn a_program_is_built_against_what_was_installed() {
    let place = Place::new();
    let prefix = place.dir.path().join("prefix");
    write(&place.dir.path().join("bank.c"), &program_in_c());
    for line in shell_block("make").lines() {
        let line = line.replace("/usr/local", prefix.to_str().unwrap());
        let line = if is_there("pkg-config") { line } else { without_pkg_config(&line, &prefix) };
        succeed(&mut place.shell(&line));
    }
    // The name in the program is the one with the number: the library for the linker is not needed any more.
    std::fs::remove_file(prefix.join("lib/librvm.so")).unwrap();
    let mut run = place.shell("./bank");
    let run = succeed(run.env("LD_LIBRARY_PATH", prefix.join("lib")));
    assert_eq!(run.stdout, b"1 transfers, -250 and 250\n");

    let fields = fields(&prefix);
    assert_eq!(field(&fields, "Version"), VERSION);
    let libraries = field(&fields, "Libs.private");
    let include = prefix.join("include").display().to_string();
    let archive = prefix.join("lib/librvm.a").display().to_string();
    for (number, flags) in [libraries, &format!("-static {libraries}")].into_iter().enumerate() {
        let line = format!("cc -o bank bank.c -I{include} {archive} {flags} && ./bank");
        let run = succeed(&mut place.shell(&line));
        let text = format!("{0} transfers, -{1} and {1}\n", number + 2, 250 * (number + 2));
        assert_eq!(String::from_utf8_lossy(&run.stdout), text);
    }
    if is_there("man") {
        manual_pages_are_found(&prefix);
    } else {
        println!("skipped: there is no man");
    }
    packages_are_staged(&place);
}

/// With `DESTDIR` everything is below it, and nothing remembers it.
fn packages_are_staged(place: &Place) {
    let stage = place.dir.path().join("stage");
    let words = format!("DESTDIR={} PREFIX=/usr", stage.display());
    succeed(&mut place.shell(&format!("make -C rvm-capi install {words}")));
    let mut expected: BTreeSet<String> =
        ["rvm.h", "rvm_ext.h", "rvm.hpp"].map(|name| format!("usr/include/{name}")).into();
    let library = format!("librvm.so.{VERSION}");
    for name in ["librvm.a", "librvm.so", "librvm.so.0", &library, "pkgconfig/rvm.pc"] {
        expected.insert(format!("usr/lib/{name}"));
    }
    for page in folder().join("man").read_dir().unwrap() {
        let name = page.unwrap().file_name();
        expected.insert(format!("usr/share/man/man3/{}", name.to_string_lossy()));
    }
    assert_eq!(files(&stage, &stage), expected);
    let link = |name: &str| std::fs::read_link(stage.join("usr/lib").join(name)).unwrap();
    assert_eq!(link("librvm.so"), Path::new("librvm.so.0"));
    assert_eq!(link("librvm.so.0"), Path::new(&library));
    let pc = std::fs::read_to_string(stage.join("usr/lib/pkgconfig/rvm.pc")).unwrap();
    assert!(pc.contains("prefix=/usr\n") && !pc.contains('@') && !pc.contains("stage"), "{pc}");
    succeed(&mut place.shell(&format!("make -C rvm-capi uninstall {words}")));
    assert_eq!(files(&stage, &stage), BTreeSet::new());
}

fn manual_pages_are_found(prefix: &Path) {
    let mut man = Command::new("man");
    man.arg("-M").arg(prefix.join("share/man")).args(["3", "rvmx_close"]).env("MANPAGER", "cat");
    let shown = String::from_utf8(succeed(&mut man).stdout).unwrap();
    assert!(shown.contains("rvmx_close"), "{shown}");
}

/// A folder in which the lines of the page are run.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(folder(), dir.path().join("rvm-capi")).unwrap();
        Self { dir }
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = line_of_shell(line, self.dir.path());
        command.env("BUILD", Path::new(env!("CARGO_TARGET_TMPDIR")).join("install"));
        command.env("PKG_CONFIG_PATH", self.dir.path().join("prefix/lib/pkgconfig"));
        // Of whoever runs this test by make.
        for variable in ["MAKEFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX", "PROFILE"] {
            command.env_remove(variable);
        }
        command
    }
}

/// What `rvm.pc` says.
fn fields(prefix: &Path) -> BTreeMap<String, String> {
    let pc = std::fs::read_to_string(prefix.join("lib/pkgconfig/rvm.pc")).unwrap();
    let fields = pc.lines().filter_map(|line| line.split_once(": "));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn field<'a>(fields: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    fields.get(name).expect("such a field")
}

fn without_pkg_config(line: &str, prefix: &Path) -> String {
    let Some((before, _)) = line.split_once("$(pkg-config") else { return line.to_owned() };
    let fields = fields(prefix);
    let flags = [before, field(&fields, "Cflags"), field(&fields, "Libs")].join(" ");
    let dir = |name| prefix.join(name).display().to_string();
    flags.replace("${includedir}", &dir("include")).replace("${libdir}", &dir("lib"))
}

/// All files below, by their paths.
fn files(root: &Path, folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let paths = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    for path in paths.collect::<Vec<PathBuf>>() {
        if path.is_dir() {
            found.extend(files(root, &path));
        } else {
            found.insert(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
    found
}
