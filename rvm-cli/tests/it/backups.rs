//! `rvmctl backup` and `rvmctl restore`: what they make, what they tell, and what they leave alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::rvmctl::{on, run};
use crate::stores::{clean, crashed, damaged, files, open, parent, write};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Guards against a backup that lacks what is only in the logs, that others can read, or that changes the store; beside a process that has it
/// open, behind a crash, and at rest.
#[test]
fn a_store_in_any_state_is_backed_up_and_restored() {
    let parent = parent();
    let in_use = parent.path().join("in-use");
    let rvm = open(&in_use);
    for (name, store) in [("1", in_use.clone()), ("2", crashed(&parent)), ("3", clean(&parent))] {
        let before = files(&store);
        let out = parent.path().join(name);
        let made = on(&store, &format!("backup {}", out.display())).fine().text();
        for words in ["full backup of", "up to transaction 1", "held still", "SEGMENT", "zeros"] {
            assert!(made.contains(words), "{words:?} is not in {made}");
        }
        assert_eq!(files(&store), before);
        assert_eq!((mode(&out), mode(&out.join("a.dat"))), (0o700, 0o600));
        let to = parent.path().join(format!("{name}-restored"));
        let restored =
            run(["restore", &out.display().to_string(), "--to", &to.display().to_string()]);
        assert!(restored.fine().text().contains("a store as of transaction 1, from 1 backup"));
        assert_eq!(files(&to).into_keys().collect::<Vec<_>>(), ["a.seg", "b.seg"]);
        assert_eq!((mode(&to), mode(&to.join("a.seg"))), (0o700, 0o600));
        assert_eq!(&files(&to)["a.seg"][..9], b"committed");
        on(&to, "status").fine();
        assert!(on(&to, "peek b 4095").fine().text().contains("07"));
    }
    rvm.close().unwrap();
}

/// Guards against JSON that says less than the text, and against a chain that stores what did not change.
#[test]
fn a_backup_on_another_one_stores_what_changed() {
    let parent = parent();
    let store = clean(&parent);
    let at = |name: &str| parent.path().join(name).display().to_string();
    let full = on(&store, &format!("--json backup {}", at("full"))).fine().json();
    assert_eq!(
        (&full["schema"], &full["kind"], &full["since"]),
        (&json!(1), &json!("full"), &json!(null))
    );
    on(&store, "poke b 0 --hex ff").fine();
    let planned =
        on(&store, &format!("--json backup {} --since {} --dry-run", at("next"), at("full")));
    let planned = planned.fine().json();
    assert_eq!((&planned["id"], &planned["dry_run"]), (&json!(null), &json!(true)));
    assert!(!parent.path().join("next").exists());
    let next = on(&store, &format!("--json backup {} --since {}", at("next"), at("full")));
    let next = next.fine().json();
    let chunks: Vec<_> = [0, 1].map(|i| next["segments"][i]["chunks"].clone()).into();
    assert_eq!((chunks, &next["kind"]), (vec![json!(0), json!(1)], &json!("incremental")));
    assert!(next["held_nanos"].as_u64().unwrap() > 0);
    let verified = run(["--json", "backup", "--verify", &at("next")]).fine().json();
    assert_eq!(verified["chain"], json!([at("full"), at("next")]));
    assert_eq!((&verified["id"], &verified["chunks"]), (&next["id"], &json!(3)));
    let text = run(["backup", "--verify", &at("next")]).fine().text();
    assert!(
        text.contains("every hash is right") && text.contains("incremental backup of 2 segments"),
        "{text}"
    );
    let planned =
        run(["--json", "restore", &at("next"), "--to", &at("new"), "--dry-run"]).fine().json();
    assert_eq!((&planned["backups"], &planned["segments"][1]["len"]), (&json!(2), &json!(4096)));
    assert!(!parent.path().join("new").exists());
    run(["restore", &at("next"), "--to", &at("new")]).fine();
    assert_eq!(files(&parent.path().join("new"))["b.seg"][0], 0xff);
}

/// Guards against codes that tell a script the wrong thing, and against errors that do not name the file.
#[test]
fn whatever_is_wrong_has_its_exit_code() {
    let parent = parent();
    let store = clean(&parent);
    let at = |name: &str| parent.path().join(name).display().to_string();
    on(&store, &format!("backup {}", at("full"))).fine();
    on(&store, "poke a 0 --hex ff").fine();
    on(&store, &format!("backup {} --since {}", at("next"), at("full"))).fine();
    on(&store, &format!("backup {}", at("full"))).fails(2, &["full", "exists already"]);
    on(&parent.path().join("none"), &format!("backup {}", at("x")))
        .fails(7, &["there is no store"]);
    on(&store, &format!("backup {} --since {}", at("x"), at("none")))
        .fails(7, &["there is no backup in"]);
    run(["restore", &at("none"), "--to", &at("x")]).fails(7, &["there is no backup in"]);
    run(["restore", &at("full"), "--to", &at("clean")]).fails(2, &["is not empty"]);
    assert_eq!(run(["restore", &at("full")]).code, 2);
    assert_eq!(run(["backup", "--verify", "--dry-run", &at("full")]).code, 2);
    assert!(!parent.path().join("x").exists());
    let data = parent.path().join("full/b.dat");
    let sound = files(&parent.path().join("full"))["b.dat"].clone();
    let mut rotten = sound.clone();
    rotten[0] ^= 1;
    write(&data, &rotten);
    run(["backup", "--verify", &at("next")]).fails(4, &["full/b.dat is damaged at byte 0"]);
    run(["restore", &at("next"), "--to", &at("x")]).fails(4, &["full/b.dat"]);
    let told = run(["--json", "restore", &at("next"), "--to", &at("x")]).error();
    assert_eq!((&told["family"], &told["offset"]), (&json!("corruption"), &json!(0)));
    write(&data, &sound);
    let manifest = parent.path().join("full/manifest.json");
    write(&manifest, b"{\"format\":2}");
    run(["backup", "--verify", &at("full")]).fails(6, &["format version 2"]);
    std::fs::rename(parent.path().join("full"), parent.path().join("away")).unwrap();
    run(["backup", "--verify", &at("next")]).fails(7, &["builds on backup"]);
}

/// Guards against a damaged store of which a backup passes for a sound one.
#[test]
fn a_damaged_store_is_not_backed_up() {
    let parent = parent();
    let store = damaged(&parent);
    let out = parent.path().join("out");
    on(&store, &format!("backup {}", out.display())).fails(4, &["a.log"]);
    assert_eq!(parent.path().read_dir().unwrap().count(), 1);
}

/// Guards against holes that are read, copied or written: neither time nor space for that is there.
#[test]
fn a_sparse_segment_of_ten_gigabytes_costs_nothing() {
    const TEN_GIB: u64 = 10 << 30;
    let parent = parent();
    let store = clean(&parent);
    let large =
        std::fs::OpenOptions::new().write(true).create_new(true).open(store.join("large.seg"));
    large.unwrap().set_len(TEN_GIB).unwrap();
    let at = |name: &str| parent.path().join(name).display().to_string();
    on(&store, &format!("backup {}", at("full"))).fine();
    on(&store, &format!("backup {} --since {}", at("next"), at("full"))).fine();
    run(["restore", &at("next"), "--to", &at("new")]).fine();
    let restored = parent.path().join("new/large.seg").metadata().unwrap();
    assert_eq!(restored.len(), TEN_GIB);
    assert!(std::os::unix::fs::MetadataExt::blocks(&restored) < 100);
}
