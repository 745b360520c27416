//! The list of deliberate breakages is about the code as it is.

use std::collections::BTreeSet;

use lab::breakages::all;
use lab::root;

/// Guards against a breakage that breaks nothing any more, since what it changes is gone.
#[test]
fn every_breakage_can_still_be_made() {
    for breakage in all() {
        let text = std::fs::read_to_string(root().join(breakage.file)).unwrap();
        let broken = breakage.make(&text).unwrap_or_else(|fault| panic!("{fault}"));
        assert_ne!(broken, text, "{}", breakage.name);
    }
    let names: BTreeSet<&str> = all().map(|breakage| breakage.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(names.len() >= 15);
}
