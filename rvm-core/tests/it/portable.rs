//! Segments as text: that they come back as they were, and that no text does harm.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::image::Image;
use rvm_core::rvm_history::observer::Unobserved;
use rvm_core::rvm_history::portable::{ImportPlan, ImportReport, export, import};
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};
use rvm_core::{Error, Rvm};

const DOCUMENT: &str = include_str!("../../../docs/export-format.md");

fn exported(storage: &MemStorage) -> Vec<u8> {
    let image = Image::of_store(storage, Duration::ZERO, &mut Unobserved).unwrap();
    let mut text = Vec::new();
    export(&image, None, &mut text, &mut Unobserved).unwrap();
    text
}

fn imported(storage: &MemStorage, text: &[u8], replace: bool) -> Result<ImportReport, CopyError> {
    let mut plan = ImportPlan::default();
    plan.replace = replace;
    import(Arc::new(storage.clone()), &mut Cursor::new(text), "text", &plan, &mut Unobserved)
}

/// A store with these segments, as files that were copied there.
fn store_of(segments: &[(&str, Vec<u8>)]) -> MemStorage {
    let storage = MemStorage::new();
    for (name, content) in segments {
        let name = FileName::new(&SegmentName::new(name).unwrap(), FileRole::Segment);
        let blob = storage.create(&name).unwrap();
        blob.write_at(0, content).unwrap();
        blob.force().unwrap();
    }
    storage.sync_names().unwrap();
    storage
}

fn content(storage: &MemStorage, name: &str) -> Vec<u8> {
    let rvm = Rvm::options().read_only(true).open_with(Arc::new(storage.clone())).unwrap();
    let segment = rvm.map(name, 1).unwrap();
    segment.read().unwrap().to_vec()
}

/// Bytes with many zeros, in runs.
fn segment() -> impl Strategy<Value = Vec<u8>> {
    let run = (prop_oneof![Just(0_u8), any::<u8>()], 1..5000_usize);
    prop::collection::vec(run, 1..30)
        .prop_map(|runs| runs.into_iter().flat_map(|(byte, len)| vec![byte; len]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Guards against a byte that changes on the way, whether the segment is made or is there with other content, and against text that depends on
    /// where it was exported.
    #[test]
    fn what_was_exported_comes_back(a in segment(), b in segment(), other in segment()) {
        let source = store_of(&[("a", a.clone()), ("b", b.clone())]);
        let text = exported(&source);
        let new = MemStorage::new();
        imported(&new, &text, false).unwrap();
        prop_assert!(content(&new, "a") == a && content(&new, "b") == b);
        prop_assert!(exported(&new) == text);
        let mut other = other;
        other.truncate(a.len());
        let old = store_of(&[("a", other), ("c", vec![1])]);
        let report = imported(&old, &text, true).unwrap();
        prop_assert!(content(&old, "a") == a && content(&old, "b") == b);
        prop_assert_eq!(content(&old, "c"), vec![1]);
        let replaced: Vec<bool> = report.segments.iter().map(|segment| segment.replaced).collect();
        prop_assert_eq!(replaced, vec![true, false]);
    }
}

/// Guards against segments that are written over without being asked, that shrink, or that change under the process that has them open.
#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let text = exported(&store_of(&[("a", vec![1; 100]), ("b", vec![2; 100])]));
    let there = store_of(&[("b", vec![3; 101])]);
    let refused = imported(&there, &text, false).unwrap_err();
    assert!(
        matches!(&refused, CopyError::SegmentExists { segment, .. } if segment == "b"),
        "{refused}"
    );
    let refused = imported(&there, &text, true).unwrap_err();
    assert!(matches!(refused, CopyError::WouldShrink { len: 101, wanted: 100, .. }), "{refused}");
    let names: Vec<String> = there.list().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["b.seg"]);
    let open = MemStorage::new();
    let _rvm = Rvm::options().open_with(Arc::new(open.clone())).unwrap();
    let refused = imported(&open, &text, false).unwrap_err();
    assert!(matches!(refused, CopyError::Store(Error::Locked { .. })), "{refused}");
}

/// Guards against text of which a part is taken, or that is taken though somebody changed it: every byte flipped, every length cut. Nothing is
/// written then.
#[test]
fn text_that_was_changed_is_refused_and_nothing_is_written() {
    let text = exported(&store_of(&[("a", vec![1; 40]), ("b", vec![0; 5])]));
    let refused = |text: &[u8]| {
        let storage = MemStorage::new();
        let error = imported(&storage, text, false).unwrap_err();
        assert!(matches!(error, CopyError::Text { .. } | CopyError::Unsupported { .. }), "{error}");
        assert_eq!(storage.list().unwrap(), []);
        error.to_string()
    };
    for at in 0..text.len() {
        let mut other = text.clone();
        other[at] ^= 1 << (at % 8);
        refused(&other);
        refused(&text[..at]);
    }
    let more = [&text[..], b"x"].concat();
    assert!(refused(&more).ends_with("something comes behind the last line"));
}

/// Guards against lines that no export has, whatever their hash, and against an error that does not say which line it is.
#[test]
fn hostile_lines_are_refused_with_their_number() {
    let begin = "{\"rvm_export\":1}\n{\"segment\":\"a\",\"len\":64}\n";
    let long = format!("{{\"at\":0,\"hex\":\"{}\"}}", "00".repeat(1 << 20));
    for (line, fault) in [
        ("{\"segment\":\"../a\",\"len\":1}", "is no segment name"),
        ("{\"segment\":\"a\",\"len\":1}", "not sorted"),
        ("{\"segment\":\"b\",\"len\":18446744073709551615}", "no segment is so long"),
        ("{\"segment\":\"b\",\"len\":-1}", "invalid value"),
        ("{\"at\":63,\"hex\":\"0102\"}", "behind the segment's end"),
        ("{\"at\":18446744073709551615,\"hex\":\"01\"}", "behind the segment's end"),
        ("{\"at\":0,\"hex\":\"012\"}", "no whole number of bytes"),
        ("{\"at\":0,\"hex\":\"0x\"}", "no whole number of bytes"),
        ("{\"at\":0}", "neither a segment"),
        ("{\"at\":0,\"hex\":\"01\",\"more\":1}", "unknown field"),
        ("[[[[", "invalid type"),
        ("", "EOF"),
        (&long, "too long"),
    ] {
        let text = format!("{begin}{line}\n");
        let error = imported(&MemStorage::new(), text.as_bytes(), false).unwrap_err().to_string();
        assert!(error.contains("text, line 3: ") && error.contains(fault), "{error}");
    }
    let late = format!("{begin}{{\"at\":32,\"hex\":\"01\"}}\n{{\"at\":0,\"hex\":\"01\"}}\n");
    let error = imported(&MemStorage::new(), late.as_bytes(), false).unwrap_err().to_string();
    assert!(error.contains("line 4: the row comes behind a later one"), "{error}");
    let newer = imported(&MemStorage::new(), b"{\"rvm_export\":2}\n", false).unwrap_err();
    assert!(matches!(newer, CopyError::Unsupported { found: 2, known: 1, .. }), "{newer}");
}

/// Guards against a page that tells of another format than the code has, and against text of version 1 that changes.
#[test]
fn the_page_shows_the_text_of_the_golden_backup() {
    let golden: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/backup-v1/next");
    let mut text = Vec::new();
    let image = Image::of_backup(&golden).unwrap();
    export(&image, None, &mut text, &mut Unobserved).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(DOCUMENT.contains(&text), "docs/export-format.md should hold\n{text}");
}
