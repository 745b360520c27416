//! Each exit code, produced by what it stands for. Scripts rely on them.

use std::path::Path;

use crate::rvmctl::{on, program, run};
use crate::stores::{clean, crashed, damaged, open, parent, write};

/// Guards against help that counts as a failure, and usage errors that count as success.
#[test]
fn help_is_fine_and_no_verb_is_wrong_usage() {
    assert_eq!(run(["--help"]).code, 0);
    assert_eq!(run(["--version"]).code, 0);
    assert_eq!(run::<&str>([]).code, 2);
    assert_eq!(run(["explode"]).code, 2);
    assert_eq!(run(["seg", "create", "a", "four"]).code, 2);
    let help = run(["--help"]).text();
    for line in
        ["0  fine", "3  recovery is due", "4  corrupt", "5  locked", "6  format", "7  not found"]
    {
        assert!(help.contains(line), "{line:?} is not in the help");
    }
    assert!(!help.contains("demo-child"));
}

/// Guards against a failure of the world that looks like wrong usage.
#[test]
fn making_a_segment_twice_is_a_failure() {
    let parent = parent();
    let store = clean(&parent);
    on(&store, "seg create a 1M").fails(1, &["segment \"a\" exists already, with 4096 bytes"]);
}

/// Guards against misuse that changes something, or passes for a failure that may be tried again.
#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let parent = parent();
    let store = clean(&parent);
    let new = parent.path().join("new");
    on(&new, "seg create ../a 4096").fails(2, &["\"../a\" is no segment name"]);
    on(&new, "seg create a 0").fails(2, &["at least 1 byte"]);
    assert!(!new.exists(), "a slip made a store");
    on(&store, "peek a 4000 97")
        .fails(2, &["bytes 4000..4097 reach outside segment \"a\" of 4096"]);
    on(&store, "peek a 4097").fails(2, &["4097"]);
    on(&store, "poke a 4095 --hex 0102").fails(2, &["bytes 4095..4097"]);
    on(&store, "poke a 0 --hex 012").fails(2, &["no whole number of bytes"]);
    on(&store, "seg destroy a").fails(2, &["--yes"]);
    run(["demo", "--verify"]).fails(2, &["--store"]);
    assert_eq!(on(&store, "poke a 0").code, 2);
    assert_eq!(on(&store, "poke a 0 --hex 00 --text x").code, 2);
    assert_eq!(on(&store, "peek a --raw --json").code, 2);
}

/// Guards against a crash that a monitoring script does not see, and one that it sees after the store is well again.
#[test]
fn a_crashed_store_is_due_for_recovery_until_it_is_recovered() {
    let parent = parent();
    let store = crashed(&parent);
    let before = on(&store, "status");
    assert_eq!((before.code, before.stderr.as_str()), (3, ""));
    assert!(before.text().contains("recovery is due"), "{}", before.text());
    on(&store, "recover").fine();
    let after = on(&store, "status").fine();
    assert!(after.text().contains("shut down cleanly"), "{}", after.text());
}

/// Guards against damage that is told without its place, or that a verb for writing makes worse.
#[test]
fn a_damaged_log_is_corrupt_and_its_place_is_named() {
    let parent = parent();
    let store = damaged(&parent);
    let before = crate::stores::files(&store);
    for verb in ["status", "peek a", "log ls a", "truncate", "recover", "poke b 0 --hex 01"] {
        on(&store, verb).fails(4, &["a.log is damaged at byte"]);
        let error = on(&store, &format!("--json {verb}")).error();
        assert_eq!(error["exit_code"], 4);
        assert_eq!(error["family"], "corruption");
        assert!(error["file"].as_str().unwrap().ends_with("a.log"), "{error}");
        assert!(error["offset"].is_u64(), "{error}");
    }
    let backup = format!("backup {} --dry-run", parent.path().join("backup").display());
    for verb in [
        "poke b 0 --hex 01 --dry-run",
        "seg create c 1 --dry-run",
        "seg destroy b --dry-run",
        "recover --dry-run",
        &backup,
    ] {
        on(&store, verb).fails(4, &["a.log is damaged at byte"]);
    }
    // What does not need the logs still works.
    on(&store, "seg ls").fine();
    assert_eq!(crate::stores::files(&store), before);
}

/// Guards against a second owner, and against lookers that are kept out.
#[test]
fn a_store_in_use_is_locked_for_writing_and_open_for_looking() {
    let parent = parent();
    let directory = parent.path().join("store");
    let store = open(&directory);
    let writing =
        ["poke a 0 --hex 01", "truncate", "recover", "seg create c 1", "seg destroy a --yes"];
    let planning = ["repair --yes", "repair --dry-run", "recover --dry-run", "truncate --dry-run"];
    let changing =
        ["poke a 0 --hex 01 --dry-run", "seg create c 1 --dry-run", "seg destroy a --dry-run"];
    for verb in writing.into_iter().chain(planning).chain(changing) {
        on(&directory, verb).fails(5, &["rvm.lock is locked"]);
    }
    assert!(on(&directory, "status").fine().text().contains("in use"));
    for verb in ["seg ls", "peek a", "log ls"] {
        on(&directory, verb).fine();
    }
    store.close().unwrap();
    on(&directory, "truncate").fine();
}

/// Guards against stores that are made by a slip: only `seg create` makes one.
#[test]
fn a_missing_store_or_segment_is_not_found_and_not_made() {
    let parent = parent();
    let missing = parent.path().join("missing");
    let store = clean(&parent);
    for verb in [
        "status",
        "seg ls",
        "log ls",
        "log ls a",
        "peek a",
        "poke a 0 --hex 01",
        "truncate",
        "recover",
        "recover --dry-run",
        "verify",
        "repair --yes",
        "seg destroy a --yes",
        "demo --verify",
    ] {
        on(&missing, verb).fails(7, &["there is no store in"]);
        // A directory of other things is no store, either.
        on(parent.path(), verb).fails(7, &["there is no store in"]);
    }
    assert!(!missing.exists());
    assert!(!parent.path().join("rvm.lock").exists());
    for verb in ["log ls c", "peek c", "poke c 0 --hex 01", "seg destroy c --yes"] {
        on(&store, verb).fails(7, &["there is no segment \"c\" in"]);
        assert_eq!(on(&store, &format!("--json {verb}")).error()["exit_code"], 7);
    }
    on(&store, "poke a 0 --file /no/such/file").fails(7, &["cannot open /no/such/file: No such"]);
}

/// Guards against a store that is named twice and taken from the wrong place.
#[test]
fn the_option_goes_before_the_environment_and_that_before_the_current_directory() {
    let parent = parent();
    let (here, named) = (clean(&parent), parent.path().join("named"));
    on(&named, "seg create elsewhere 1").fine();
    let list = |configure: &dyn Fn(&mut std::process::Command)| {
        let mut command = program();
        command.args(["seg", "ls"]).current_dir(&here);
        configure(&mut command);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(list(&|_| ()).contains("4,096"));
    let in_environment = |command: &mut std::process::Command| {
        command.env("RVM_STORE", &named);
    };
    assert!(list(&in_environment).contains("elsewhere"));
    let both = |command: &mut std::process::Command| {
        command.env("RVM_STORE", &named).arg("--store").arg(Path::new("."));
    };
    assert!(list(&both).contains("4,096"));
}

/// Guards against a store of a later version that passes for damage, which somebody would then repair.
#[test]
fn a_log_of_another_version_is_of_an_unknown_format() {
    const VERSION: std::ops::Range<usize> = 8..12;
    const CRC: usize = 4092;
    let parent = parent();
    let store = clean(&parent);
    let path = store.join("a.log");
    let mut bytes = std::fs::read(&path).unwrap();
    for slot in bytes[..8192].chunks_mut(4096) {
        slot[VERSION].copy_from_slice(&2_u32.to_le_bytes());
        let crc = crc32c::crc32c(&slot[..CRC]);
        slot[CRC..].copy_from_slice(&crc.to_le_bytes());
    }
    write(&path, &bytes);
    for verb in ["status", "peek a", "recover"] {
        on(&store, verb).fails(6, &["a.log", "version 2"]);
        assert_eq!(on(&store, &format!("--json {verb}")).error()["exit_code"], 6);
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
