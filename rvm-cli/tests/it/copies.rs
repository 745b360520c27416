//! `rvmctl export`, `import` and `diff`.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::rvmctl::{Run, on, on_with_input, program, run};
use crate::stores::{clean, crashed, damaged, files, open, parent, write};

fn diff(arguments: &[&str]) -> Run {
    run(["diff"].iter().chain(arguments))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Guards against text that lacks what is only in the logs, and against a store that is changed by exporting it.
#[test]
fn a_store_goes_through_a_pipe_and_comes_out_as_it_was() {
    let parent = parent();
    let in_use = parent.path().join("in-use");
    let rvm = open(&in_use);
    for (number, store) in
        [in_use.clone(), crashed(&parent), clean(&parent)].into_iter().enumerate()
    {
        let before = files(&store);
        let text = on(&store, "export").fine().stdout;
        assert_eq!(files(&store), before);
        let new = parent.path().join(format!("new-{number}"));
        let run = on_with_input(&new, "import", &text).fine();
        assert!(run.text().contains("imported; 0 transactions"), "{}", run.text());
        assert!(on(&new, "peek a 0 9").fine().text().contains("|committed|"));
        assert_eq!(files(&new)["b.seg"][4095], 7);
        diff(&[&shown(&store), &shown(&new)]).fine();
        assert_eq!(
            on(&new, "export").fine().text().lines().nth(2),
            String::from_utf8(text).unwrap().lines().nth(2)
        );
    }
    rvm.close().unwrap();
}

/// Guards against options that do nothing: a file, some segments, a backup, a dry run, replacing.
#[test]
fn what_was_asked_is_exported_and_imported() {
    let parent = parent();
    let store = clean(&parent);
    let at = |name: &str| shown(&parent.path().join(name));
    let report = on(&store, &format!("--json export b --to {}", at("b.jsonl"))).fine().json();
    assert_eq!(report["segments"], json!([{"name": "b", "len": 4096}]));
    assert_eq!((&report["lines"], &report["last_transaction"]), (&json!(4), &json!(1)));
    on(&store, &format!("export --to {}", at("b.jsonl"))).fails(2, &["exists already"]);
    on(&store, "export c").fails(7, &["no segment \"c\""]);
    assert_eq!(on(&store, "--json export").error()["exit_code"], json!(2));
    on(&store, &format!("backup {}", at("backup"))).fine();
    on(&store, "poke b 0 --hex 0102").fine();
    let old = run(["export", "b", "--backup", &at("backup")]).fine().text();
    assert_eq!(
        old.lines().nth(2),
        Some(
            "{\"at\":4064,\"hex\":\"0000000000000000000000000000000000000000000000000000000000000007\"}"
        )
    );
    on(&store, &format!("import {}", at("b.jsonl"))).fails(1, &["\"b\" exists already"]);
    let planned = on(&store, &format!("--json import {} --replace --dry-run", at("b.jsonl")));
    assert_eq!(planned.fine().json()["segments"][0]["replaced"], json!(true));
    assert_eq!(files(&store)["b.seg"][..2], [1, 2]);
    let replaced = on(&store, &format!("--json import {} --replace", at("b.jsonl"))).fine().json();
    assert_eq!(replaced["transactions"], json!(1));
    assert_eq!((&files(&store)["b.seg"][..2], files(&store)["b.seg"][4095]), (&[0, 0][..], 7));
    let elsewhere = self::parent();
    let (in_use, damaged) = (parent.path().join("in-use"), damaged(&elsewhere));
    let _in_use = open(&in_use);
    let other = parent.path().join("other");
    on(&other, "seg create c 1").fine();
    on(&other, &format!("export --to {}", at("new.jsonl"))).fine();
    for more in ["", "--dry-run"] {
        on(&in_use, &format!("import {} {more}", at("new.jsonl"))).fails(5, &["locked"]);
        let replace = format!("import {} --replace {more}", at("b.jsonl"));
        on(&damaged, &replace).fails(4, &["a.log is damaged"]);
    }
    let missing = parent.path().join("missing");
    on(&missing, &format!("import {} --dry-run", at("b.jsonl"))).fine();
    assert!(!missing.exists());
}

/// Guards against hostile text that ends in anything but an error with its line, and against a store that is half made of it.
#[test]
fn text_that_is_none_is_refused() {
    let parent = parent();
    let new = parent.path().join("new");
    for (text, code, words) in [
        ("", 4, "standard input, line 1"),
        ("{}\n", 4, "line 1"),
        ("{\"rvm_export\":2}\n", 6, "format version 2"),
        ("{\"rvm_export\":1}\n{\"segment\":\"a\",\"len\":1}\n", 4, "line 3"),
    ] {
        on_with_input(&new, "import", text.as_bytes()).fails(code, &[words]);
        assert!(!new.exists(), "a refused text left a store");
    }
    let store = clean(&parent);
    let text = on(&store, "export").fine().text();
    let wrong = text.replacen("\"hex\":\"", "\"hex\":\"00", 1);
    assert_ne!(on_with_input(&new, "import", wrong.as_bytes()).code, 0);
    assert!(!new.exists());
    // A directory that was there stays.
    std::fs::create_dir(&new).unwrap();
    on_with_input(&new, "import", b"").fails(4, &["line 1"]);
    assert!(new.exists());
    std::fs::remove_dir(&new).unwrap();
    on(&new, "import /nowhere").fails(7, &["/nowhere"]);
    on(&new, "import /").fails(1, &["cannot read /"]);
}

/// Guards against an exit code that says the wrong thing, and against differences that are not shown, or shown without the values.
#[test]
fn differences_are_shown_and_end_with_1() {
    let parent = parent();
    let store = clean(&parent);
    let at = |name: &str| shown(&parent.path().join(name));
    on(&store, &format!("backup {}", at("old"))).fine();
    assert!(diff(&[&at("old"), &at("clean")]).fine().text().contains("nothing differs"));
    on(&store, "poke a 8 --hex 2100000001").fine();
    on(&store, "seg create c 10").fine();
    let run = diff(&[&at("old"), &at("clean")]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let expected = "\
a 0x8+5
  - 64 00 00 00 00                                   |d....|
  + 21 00 00 00 01                                   |!....|
+ c: only here, 10 bytes
different: 2 bytes, in 1 of the 2 segments that both have
";
    assert_eq!(run.text(), expected);
    let typed = diff(&["--as", "u64le", &at("old"), &at("clean")]).text();
    for words in ["a 0x8+8", "  0x8 u64le\n    - 100\n    + 4294967329"] {
        assert!(typed.contains(words), "{words:?} is not in {typed}");
    }
    let coloured = diff(&["--color", "always", &at("old"), &at("clean")]).text();
    assert!(coloured.contains("\u{1b}[31m64") && coloured.contains("\u{1b}[32m21"), "{coloured:?}");
    let json = diff(&["--json", "--as", "u64le", &at("old"), &at("clean")]).json();
    assert_eq!((&json["equal"], &json["only_in_second"]), (&json!(false), &json!(["c"])));
    let value = &json["ranges"][0]["values"][0];
    assert_eq!(
        value,
        &json!({"offset": 8, "type": "u64le", "first": "100", "second": "4294967329"})
    );
    let limited = diff(&["--limit", "0", &at("old"), &at("clean")]).text();
    assert!(limited.contains("... and 1 more range\n") && !limited.contains("0x8"), "{limited}");
    let stat = diff(&["--stat", &at("old"), &at("clean")]).text();
    assert!(
        stat.contains("NEW LENGTH") && stat.contains("+ c: only here") && !stat.contains("0x8"),
        "{stat}"
    );
}

/// Guards against sides that cannot be named: segments of stores and of backups, and files.
#[test]
fn segments_are_compared_wherever_they_are() {
    let parent = parent();
    let store = clean(&parent);
    let at = |name: &str| shown(&parent.path().join(name));
    on(&store, &format!("backup {}", at("old"))).fine();
    diff(&[&at("clean:a"), &at("old")]).fine();
    diff(&[&at("clean:a"), &at("old:a")]).fine();
    diff(&[&at("clean:a"), &at("clean/a.seg")]).fine();
    assert_eq!(diff(&[&at("clean:a"), &at("clean:b")]).code, 1);
    let colon = parent.path().join("x:y");
    write(&colon, &files(&store)["a.seg"]);
    diff(&[&at("x:y"), &at("clean/a.seg")]).fine();
    diff(&[&at("x:y"), &at("clean")]).fails(2, &["STORE:SEGMENT"]);
    diff(&[&at("clean:c"), &at("clean:b")]).fails(7, &["no segment \"c\""]);
    diff(&[&at("none"), &at("clean")]).fails(7, &["none"]);
    diff(&["/dev/null", &at("clean:a")]).fails(4, &["no plain file"]);
    diff(&["--as", "u7", &at("clean"), &at("clean")]).fails(2, &["u7"]);
    let broken = damaged(&parent);
    diff(&[&shown(&broken), &at("old")]).fails(4, &["a.log"]);
}

/// Guards against a reader that leaves early being told of, and against text and differences of which all is gone through in memory.
#[test]
fn a_pipe_that_is_closed_early_and_ten_gigabytes_of_holes_are_fine() {
    const TEN_GIB: u64 = 10 << 30;
    let parent = parent();
    let store = clean(&parent);
    let sparse = |name: &str| {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(store.join(name));
        file.unwrap().set_len(TEN_GIB).unwrap();
    };
    sparse("large.seg");
    write(&store.join("noise.seg"), &vec![1; 4 << 20]);
    let mut child = program();
    child.arg("--store").arg(&store).arg("export").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let ended = Run::new(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let text = on(&store, "export large").fine().stdout;
    let new = parent.path().join("new");
    on_with_input(&new, "import", &text).fine();
    let imported = new.join("large.seg").metadata().unwrap();
    assert_eq!(imported.len(), TEN_GIB);
    assert!(imported.blocks() < 100);
    diff(&[&format!("{}:large", store.display()), &shown(&new.join("large.seg"))]).fine();
}
