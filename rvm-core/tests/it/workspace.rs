//! The shape of the workspace: which crate may depend on which, and what every member inherits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which members of the workspace a member may depend on, for whatever purpose. A new edge is a decision about the
/// architecture: it belongs here and in ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("rvm-storage", &[]),
    ("rvm-log", &["rvm-storage"]),
    ("rvm-txn", &["rvm-log", "rvm-storage"]),
    ("rvm-history", &["rvm-txn", "rvm-log", "rvm-storage"]),
    ("rvm-core", &["rvm-history", "rvm-txn", "rvm-log", "rvm-storage"]),
    ("rvm-tpca", &[]),
    ("rvm-cli", &["rvm-core", "rvm-tpca"]),
    ("rvm-capi", &["rvm-core"]),
    ("lab", &["rvm-storage", "rvm-log", "rvm-txn", "rvm-history", "rvm-core"]),
    (
        "benches",
        &["rvm-storage", "rvm-log", "rvm-txn", "rvm-core", "rvm-cli", "rvm-capi", "rvm-tpca"],
    ),
];

/// What every member takes over from the root manifest, and the value that `cargo metadata` must show for it.
const INHERITED: &[(&str, &str, &str)] = &[
    ("license.workspace = true", "license", "MIT OR Apache-2.0"),
    ("edition.workspace = true", "edition", "2024"),
    ("rust-version.workspace = true", "rust_version", "1.89"),
];

/// Guards against a crate that reaches around the layers, also if only its tests or its build script do.
#[test]
fn crates_depend_only_on_what_the_table_allows() {
    let packages = packages();
    let members: BTreeSet<&str> = packages.iter().map(|package| text(package, "name")).collect();
    for package in &packages {
        let name = text(package, "name");
        let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
            panic!("{name} is not in the table of allowed dependencies");
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let target = text(dependency, "name");
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            if members.contains(target) {
                assert!(allowed.contains(&target), "{name} -> {target} ({kind}) is not allowed");
                assert!(dependency["path"].is_string(), "{name} takes {target} from elsewhere");
            } else {
                assert!(
                    dependency["path"].is_null(),
                    "{name} -> {target} is outside the workspace"
                );
            }
        }
    }
}

/// Guards against a table that allows a cycle, which cargo itself would accept among dev-dependencies.
#[test]
fn the_table_has_no_cycle() {
    let mut left: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    assert_eq!(left.len(), ALLOWED.len(), "a crate is listed twice");
    while !left.is_empty() {
        let lowest: Vec<&str> = left
            .iter()
            .filter(|(_, needs)| needs.iter().all(|needed| !left.contains_key(needed)))
            .map(|(name, _)| *name)
            .collect();
        assert!(!lowest.is_empty(), "a cycle among {:?}", left.keys());
        left.retain(|name, _| !lowest.contains(name));
    }
}

/// Guards against a member that is linted less, licensed otherwise or compiled as another edition than the rest.
#[test]
fn members_inherit_lints_licence_edition_and_rust_version() {
    for package in packages() {
        let (name, path) = (text(&package, "name"), Path::new(text(&package, "manifest_path")));
        let manifest = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
        for (line, field, value) in INHERITED {
            assert!(lines.contains(line), "{name} does not say `{line}`");
            assert_eq!(text(&package, field), *value, "{name}");
        }
        let section = lines.iter().position(|line| *line == "[lints]");
        let first = section.and_then(|section| lines.get(section + 1));
        assert_eq!(first, Some(&"workspace = true"), "{name}: its [lints]");
    }
}

/// Guards against a crate in the tree that is no member, so that no test, lint or table sees it.
#[test]
fn every_crate_beside_the_root_manifest_is_a_member() {
    /// Has a workspace of its own: its tool wants other profiles.
    const OUTSIDE: &[&str] = &["fuzz"];

    let members: BTreeSet<PathBuf> = packages()
        .iter()
        .map(|package| Path::new(text(package, "manifest_path")).parent().unwrap().to_path_buf())
        .collect();
    for entry in root().read_dir().unwrap() {
        let folder = entry.unwrap().path();
        let outside = OUTSIDE.iter().any(|name| folder.ends_with(name));
        if folder.join("Cargo.toml").is_file() && !outside {
            assert!(members.contains(&folder), "{} is not a member", folder.display());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The members of the workspace, as cargo sees them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().clone();
    assert!(packages.len() > 1, "cargo shows no workspace");
    packages
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}
