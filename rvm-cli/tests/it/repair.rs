//! `repair`, and the dry runs of `recover` and `truncate`: what they tell, what they write, and that a plan alone changes nothing.

use std::time::Duration;

use rvm_core::inspect::each_record;
use rvm_core::rvm_storage::FileStorage;
use serde_json::json;

use crate::rvmctl::on;
use crate::stores::{clean, crashed, crashed_later, damaged, files, parent};
use crate::verify::rot;

/// Guards against a plan that changes something, a repair without consent, and one that keeps no copy.
#[test]
fn a_rotten_slot_is_repaired_once_that_is_confirmed() {
    let parent = parent();
    let store = clean(&parent);
    rot(&store.join("a.log"), 4096 + 88, &[0xff]);
    let before = files(&store);
    let plan = on(&store, "repair --dry-run").fine().text();
    assert!(plan.starts_with("write both header slots of a.log anew"), "{plan}");
    on(&store, "repair").fails(2, &["--yes"]);
    assert_eq!(files(&store), before);
    assert_eq!(parent.path().read_dir().unwrap().count(), 1);

    let kept = parent.path().join("kept");
    let run = on(&store, &format!("repair --yes --save {} --json", kept.display())).fine();
    let report = run.json();
    assert_eq!(
        (&report["steps"][0]["step"], &report["left"]),
        (&json!("rewrite-header"), &json!([]))
    );
    assert_eq!(files(&kept)["a.log"], before["a.log"]);
    let text = String::from_utf8(files(&kept)["what-was-changed.txt"].clone()).unwrap();
    assert!(text.contains("write both header slots of a.log anew"), "{text}");
    on(&store, "verify").fine();
    assert!(on(&store, "repair --yes").fine().text().contains("nothing to repair"));
}

/// Guards against a cut that nobody asked for, one that names nothing, and a store that does not open afterwards.
#[test]
fn a_damaged_tail_is_cut_only_if_asked() {
    let parent = parent();
    let store = crashed_later(&parent);
    // The second of three: the third one says that it had been durable.
    let (storage, mut starts) = (FileStorage::read_only(&store).unwrap(), Vec::new());
    each_record(&storage, "a", Duration::ZERO, |record| {
        starts.push(record.lsn);
        Ok(())
    })
    .unwrap();
    rot(&store.join("a.log"), 8192 + starts.get(1).unwrap() + 20, &[0xff]);
    let left = on(&store, "repair --dry-run");
    assert_eq!(left.code, 4, "{}", left.text());
    assert!(left.text().contains("left as it is") && left.text().contains("--cut"));
    let before = files(&store);
    let run = on(&store, "repair --cut --yes").fine().text();
    assert!(run.contains("cut a.log off at LSN") && run.contains("loses transaction"), "{run}");
    let kept = parent.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.into_iter().find(|path| path.display().to_string().contains(".repair-"));
    assert_eq!(files(&kept.unwrap())["a.log"], before["a.log"]);
    assert_eq!(on(&store, "verify").code, 3);
    on(&store, "recover").fine();
    on(&store, "verify").fine();
}

/// Guards against a repair that guesses, and against a directory that is written over.
#[test]
fn what_cannot_be_repaired_is_left_and_ends_with_4() {
    let parent = parent();
    let store = damaged(&parent);
    let before = files(&store);
    for repair in ["repair --cut --yes", "repair --yes"] {
        let run = on(&store, repair);
        assert_eq!((run.code, run.stderr.as_str()), (4, ""));
        assert!(run.text().contains("recover --salvage --to DIR"), "{}", run.text());
        assert!(!run.text().contains("--cut"), "where no cut would help: {}", run.text());
    }
    let help = on(&store, "repair --help").fine().text();
    assert!(help.contains("finds without --deep"), "{help}");
    rot(&store.join("b.log"), 4096 + 88, &[0xff]);
    let onto_itself = format!("repair --yes --save {}", store.display());
    on(&store, &onto_itself).fails(2, &["is not empty"]);
    assert_eq!(files(&store)["a.log"], before["a.log"]);
}

/// Guards against a dry run that recovers, that tells other figures than the recovery then does, or that ends as if nothing were due.
#[test]
fn a_dry_run_tells_what_recovery_then_does() {
    let parent = parent();
    let store = crashed(&parent);
    let before = files(&store);
    for verb in ["recover --dry-run", "truncate --dry-run"] {
        let run = on(&store, verb);
        assert_eq!((run.code, run.stderr.as_str()), (3, ""));
        assert!(run.text().contains("would apply 2 records"), "{}", run.text());
    }
    let planned = on(&store, "recover --dry-run --json").json();
    assert_eq!(files(&store), before);
    let done = on(&store, "recover --json").fine().json();
    for log in [0, 1] {
        for field in ["segment", "records", "range_bytes", "dropped_records", "torn_bytes"] {
            assert_eq!(planned["logs"][log][field], done["logs"][log][field], "{field}");
        }
    }
    let nothing = on(&store, "recover --dry-run").fine().text();
    assert!(nothing.contains("nothing to recover"), "{nothing}");
    assert!(on(&store, "truncate --dry-run").fine().text().contains("all logs are empty"));
}
