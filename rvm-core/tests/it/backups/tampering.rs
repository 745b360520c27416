//! Backups that were changed by somebody, or by a disk: every byte counts.

use std::fs;
use std::path::Path;

use rvm_core::Rvm;
use rvm_core::rvm_history::backup::manifest::identity_of;
use rvm_core::rvm_history::backup::verify_backup;
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::observer::Unobserved;

use super::{back_up, files, put, restored, write};

/// A small chain: `dir/full` and `dir/next`.
fn chain(dir: &Path) {
    let store = dir.join("store");
    let rvm = Rvm::open(&store).unwrap();
    for name in ["a", "b"] {
        rvm.unmap(&rvm.map(name, 70_000).unwrap()).unwrap();
    }
    // Bytes that cannot be compressed, and some that can.
    let noise: Vec<u8> = (0..300_u64).map(|i| (i * i * 31 / 8).to_le_bytes()[0]).collect();
    write(&rvm, "a", 0, &noise);
    write(&rvm, "b", 69_990, b"text text");
    back_up(&store, &dir.join("full"), None).unwrap();
    write(&rvm, "a", 100, b"changed");
    back_up(&store, &dir.join("next"), Some(&dir.join("full"))).unwrap();
}

/// Guards against a flipped byte that neither verification nor restoring notices, wherever in the chain it lies. None goes unnoticed: these data
/// files have no chunk that was stored again, which would be the only bytes that do not matter.
#[test]
fn every_flipped_byte_is_found() {
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path());
    let next = dir.path().join("next");
    let sound = restored(&next).unwrap();
    let mut flipped = 0;
    for link in ["full", "next"] {
        for (name, content) in files(&dir.path().join(link)) {
            let path = dir.path().join(link).join(&name);
            for at in 0..content.len() {
                let mut other = content.clone();
                other[at] ^= 1 << (at % 8);
                put(&path, &other);
                let verified = verify_backup(&next, &mut Unobserved);
                assert!(verified.is_err(), "{link}/{name}, byte {at} does not matter");
                flipped += 1;
            }
            for cut in [0, content.len() / 2, content.len() - 1] {
                put(&path, &content[..cut]);
                assert!(verify_backup(&next, &mut Unobserved).is_err(), "{name} cut at {cut}");
            }
            fs::remove_file(&path).unwrap();
            let error = verify_backup(&next, &mut Unobserved).unwrap_err();
            assert!(error.to_string().contains(link), "{error}");
            // What is stored again in a later link is not needed.
            assert!(
                restored(&next).is_ok_and(|found| found == sound)
                    == (name == "a.dat" && link == "full")
            );

            put(&path, &content);
        }
    }
    assert!(flipped > 2000, "{flipped}");
    assert_eq!(restored(&next).unwrap(), sound);
}

/// Guards against a newer format that is taken for damage, and against text that is no manifest at all.
#[test]
fn a_newer_format_is_told_from_damage() {
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path());
    let full = dir.path().join("full");
    let path = full.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    put(&path, text.replacen("\"format\":1", "\"format\":2,\"new\":[]", 1));
    let error = verify_backup(&full, &mut Unobserved).unwrap_err();
    assert!(matches!(error, CopyError::Unsupported { found: 2, known: 1, .. }), "{error}");
    for other in ["", "{}", "[1,2]", "{\"format\":1}", "\u{0}"] {
        put(&path, other);
        let error = verify_backup(&full, &mut Unobserved).unwrap_err();
        assert!(matches!(error, CopyError::Damaged { .. }), "{error}");
    }
}

/// Guards against a manifest that somebody wrote with a right hash and wrong content: lengths that no memory holds, names that leave the directory.
#[test]
fn a_forged_manifest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path());
    let full = dir.path().join("full");
    let text = fs::read_to_string(full.join("manifest.json")).unwrap();
    let start = &text[..text.rfind("\"id\":\"").unwrap()];
    let forge = |from: &str, to: &str| {
        assert!(start.contains(from), "{from} is not in {start}");
        let start = start.replacen(from, to, 1);
        let unsealed = format!("{start}\"id\":\"\"}}\n");
        let id = identity_of(unsealed.as_bytes());
        put(&full.join("manifest.json"), format!("{start}\"id\":\"{id}\"}}\n"));
        verify_backup(&full, &mut Unobserved)
    };
    assert!(forge("\"tool\":\"", "\"tool\":\"x").is_ok(), "the forgery itself is wrong");
    for (from, to) in [
        ("\"name\":\"a\"", "\"name\":\"../a\""),
        ("\"name\":\"a\"", "\"name\":\"c\""),
        ("\"len\":70000", "\"len\":70001"),
        ("\"len\":70000", "\"len\":18446744073709551615"),
        ("\"chunk_len\":65536", "\"chunk_len\":0"),
        ("\"chunk_len\":65536", "\"chunk_len\":9223372036854775808"),
        ("[[0,0,", "[[0,18446744073709551615,"),
        ("[[0,0,", "[[9,0,"),
        ("\"on_base\":false", "\"on_base\":true"),
        ("\"kind\":\"full\"", "\"kind\":\"incremental\""),
    ] {
        let error = forge(from, to).unwrap_err();
        assert!(matches!(error, CopyError::Damaged { .. }), "{to}: {error}");
    }
}
