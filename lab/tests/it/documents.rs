//! docs/reliability.md is about the repository as it is.

use lab::campaign::HARNESSES;
use lab::root;

/// Guards against a table of tests that names files which are gone, or harnesses that do not exist.
#[test]
fn every_file_and_harness_that_it_names_is_there() {
    let text = std::fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let quoted = || text.split('`').skip(1).step_by(2);
    let is_file = |name: &&str| name.ends_with(".rs") || name.ends_with(".toml");
    let missing: Vec<&str> =
        quoted().filter(is_file).filter(|n| !root().join(n).exists()).collect();
    assert!(missing.is_empty(), "not there: {missing:?}");
    assert!(quoted().filter(is_file).count() > 30);
    let only = quoted().filter_map(|code| code.split_once("--only ")).map(|(_, names)| names);
    for name in only.flat_map(|names| names.split(',')) {
        assert!(HARNESSES.iter().any(|harness| harness.name == name), "no harness {name}");
    }
}
