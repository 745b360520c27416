//! `rvmctl recover --salvage`: what it writes, what it tells, and what it leaves alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rvm_core::Rvm;
use serde_json::json;

use crate::rvmctl::on;
use crate::stores::{clean, crashed, damaged, files, parent};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Guards against a salvaged store that cannot be opened, that others can read, or that lacks what is provably there; and against
/// a damaged one that is written to.
#[test]
fn a_damaged_store_becomes_a_new_one_and_stays_as_it_is() {
    let parent = parent();
    let store = damaged(&parent);
    let before = files(&store);
    let new = parent.path().join("new");
    let run = on(&store, &format!("recover --salvage --to {}", new.display()));
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    for words in
        ["a.log, byte 0: neither of the two header slots", "file-only", "intact", "written to"]
    {
        assert!(run.text().contains(words), "{words:?} is not in {}", run.text());
    }
    assert_eq!(files(&store), before);
    assert_eq!(mode(&new), 0o700);
    assert_eq!(mode(&new.join("a.seg")), 0o600);
    assert_eq!(files(&new).into_keys().collect::<Vec<_>>(), ["a.seg", "b.seg"]);
    let salvaged = Rvm::open(&new).unwrap();
    assert_eq!(salvaged.recovery_report().adopted, ["a", "b"]);
    assert_eq!(&salvaged.map("a", 1).unwrap().read().unwrap()[..9], b"committed");
    assert_eq!(salvaged.map("b", 1).unwrap().read().unwrap()[4095], 7);
}

/// Guards against a sound store that is said to be damaged, and against what is only in the logs being left out.
#[test]
fn a_store_without_damage_is_copied_as_recovery_would_leave_it() {
    let parent = parent();
    let store = crashed(&parent);
    let before = files(&store);
    let new = parent.path().join("new");
    let run = on(&store, &format!("--json recover --salvage --to {}", new.display())).fine();
    let report = run.json();
    assert_eq!((&report["intact"], &report["damage"]), (&json!(true), &json!([])));
    assert_eq!(report["segments"][0]["condition"], "intact");
    assert_eq!(files(&store), before);
    on(&store, "recover").fine();
    for name in ["a.seg", "b.seg"] {
        assert_eq!(files(&new)[name], files(&store)[name]);
    }
}

/// Guards against a look that writes, and against JSON that says less than the table.
#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let parent = parent();
    let store = damaged(&parent);
    let before = files(&store);
    let run = on(&store, "--json recover --salvage --dry-run");
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    let report = run.json();
    assert_eq!((&report["intact"], &report["written_to"]), (&json!(false), &json!(null)));
    let damage = &report["damage"][0];
    assert!(damage["file"].as_str().unwrap().ends_with("a.log"), "{damage}");
    assert_eq!((&damage["offset"], &damage["readable_to"]), (&json!(0), &json!(null)));
    let conditions: Vec<_> = [0, 1].map(|at| report["segments"][at]["condition"].clone()).into();
    assert_eq!(conditions, ["file-only", "intact"]);
    assert_eq!(files(&store), before);
    assert_eq!(parent.path().read_dir().unwrap().count(), 1);
}

/// Guards against files that are written over, and against a salvage whose result goes nowhere.
#[test]
fn a_directory_in_use_and_missing_arguments_are_wrong_usage() {
    let parent = parent();
    let store = clean(&parent);
    let before = files(&store);
    let onto_itself = format!("recover --salvage --to {}", store.display());
    on(&store, &onto_itself).fails(2, &["is not empty"]);
    assert_eq!(files(&store), before);
    for arguments in ["recover --salvage", "recover --to x"] {
        assert_eq!(on(&store, arguments).code, 2, "{arguments}");
    }
    assert_eq!(on(&store, "recover --salvage --dry-run --to x").code, 2);
    let missing = parent.path().join("missing");
    on(&missing, "recover --salvage --dry-run").fails(7, &["there is no store in"]);
}
