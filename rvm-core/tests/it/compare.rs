//! Comparisons of stores, backups and files, against comparing byte by byte.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use rvm_core::Rvm;
use rvm_core::rvm_history::backup::{BackupPlan, backup};
use rvm_core::rvm_history::compare::{Difference, GAP, RANGE_LEN_MAX, Side, Sides, compare};
use rvm_core::rvm_history::image::Image;
use rvm_core::rvm_history::observer::Unobserved;
use rvm_core::rvm_storage::FileStorage;
use rvm_core::rvm_storage::widths::{narrow, wide};

fn put(path: &Path, content: &[u8]) {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).open(path);
    file.unwrap().write_all(content).unwrap();
}

/// Where a range starts, and its bytes on both sides.
type Range = (u64, Vec<u8>, Vec<u8>);

/// The ranges in which two files differ, and how many bytes that are.
fn ranges(a: &[u8], b: &[u8], records: (u64, u64)) -> (Vec<Range>, u64) {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| dir.path().join(name));
    put(&paths[0], a);
    put(&paths[1], b);
    let images = paths.each_ref().map(|path| Image::of_file(path).unwrap());
    let sides = Sides::new(&images[0], &images[1]).with_records(records);
    let mut found = Vec::new();
    let summary = sides.compare_segments(("a", "b"), &mut Unobserved, &mut |difference| {
        if let Difference::Range { offset, first, second, .. } = difference {
            found.push((offset, first.to_vec(), second.to_vec()));
        }
        Ok(())
    });
    let summary = summary.unwrap();
    assert_eq!(summary.ranges, wide(found.len()));
    (found, summary.bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Guards against bytes that differ and are in no range, ranges that lie or overlap, equal bytes at their ends, and ranges that should be one;
    /// around the edges of pieces, in zeros, and where one file ends.
    #[test]
    fn ranges_hold_all_bytes_that_differ_and_few_others(
        lens in (1..140_000_usize, 1..140_000_usize),
        fill in 0..2_u8,
        changes in prop::collection::vec((0..140_000_usize, 1..200_usize, any::<u8>()), 0..12),
        near_edge in prop::collection::vec((65_500..65_570_usize, 1..40_usize, 1..255_u8), 0..3),
        record_len in prop_oneof![Just(1_u64), Just(8), Just(24)],
    ) {
        let a = vec![fill; lens.0];
        let mut b = vec![fill; lens.1];
        for (start, len, value) in changes.into_iter().chain(near_edge) {
            let end = (start + len).min(b.len());
            if start < end {
                b[start..end].fill(value);
            }
        }
        let common = lens.0.min(lens.1);
        let differ: Vec<usize> = (0..common).filter(|at| a[*at] != b[*at]).collect();
        let (found, bytes) = ranges(&a, &b, (record_len, 0));
        prop_assert_eq!(bytes, wide(differ.len()));
        let mut covered = vec![false; common];
        let mut end_before = None;
        for (offset, first, second) in &found {
            let (start, end) = (narrow(*offset), narrow(*offset) + first.len());
            prop_assert!(a[start..end] == first[..] && b[start..end] == second[..]);
            prop_assert!(end - start <= RANGE_LEN_MAX + 24);
            prop_assert!(covered[start..end].iter().all(|covered| !covered), "ranges overlap");
            covered[start..end].fill(true);
            if record_len == 1 {
                prop_assert!(a[start] != b[start] && a[end - 1] != b[end - 1]);
                let is_near = end_before.is_some_and(|before| start - before < GAP);
                prop_assert!(!is_near || found.iter().any(|(_, bytes, _)| bytes.len() >= RANGE_LEN_MAX));
            } else if record_len == 8 {
                prop_assert!(start % 8 == 0 && (end % 8 == 0 || end == common));
            }
            end_before = Some(end);
        }
        prop_assert!(differ.iter().all(|at| covered[*at]), "a byte differs and is in no range");
    }
}

/// Guards against bytes on both sides of a hole, or of a piece that is equal, that are told as if they lay side by side.
#[test]
fn a_range_ends_where_a_piece_is_skipped() {
    const PIECE: usize = 64 << 10;
    for fill in [0, 1] {
        let (a, mut b) = (vec![fill; 3 * PIECE], vec![fill; 3 * PIECE]);
        b[PIECE - 1] = 2;
        b[2 * PIECE] = 3;
        let (found, bytes) = ranges(&a, &b, (1, 0));
        let expected =
            [(wide(PIECE) - 1, vec![fill], vec![2]), (wide(2 * PIECE), vec![fill], vec![3])];
        assert_eq!((found, bytes), (expected.to_vec(), 2));
    }
}

/// Guards against segments that only one side has, or that grew, without anybody being told; beside a process that has one store open, and with a
/// backup on the other side.
#[test]
fn a_store_is_compared_with_a_backup_of_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let rvm = Rvm::open(&store).unwrap();
    let changed = rvm.map("changed", 200_000).unwrap();
    rvm.map("gone", 10).unwrap();
    let storage = FileStorage::read_only(&store).unwrap();
    let old = dir.path().join("old");
    backup(&storage, &old, &BackupPlan::default(), &mut Unobserved).unwrap();
    rvm.unmap(&rvm.map("same", 5).unwrap()).unwrap();
    let same = dir.path().join("same");
    backup(&storage, &same, &BackupPlan::default(), &mut Unobserved).unwrap();
    rvm.unmap(&changed).unwrap();
    let changed = rvm.map("changed", 200_001).unwrap();
    let mut txn = rvm.begin(&[&changed]).unwrap();
    txn.write(&changed, 131_000, b"new").unwrap();
    txn.commit().unwrap();
    let old = Image::of_backup(&old).unwrap();
    let new = Image::of_store(&storage, Duration::from_secs(10), &mut Unobserved).unwrap();
    let mut told = Vec::new();
    let found = compare(Sides::new(&old, &new), &mut Unobserved, &mut |difference| {
        told.push(match difference {
            Difference::OnlyIn { side, segment, len } => format!("{segment} {len} {side:?}"),
            Difference::Length { segment, first, second } => format!("{segment} {first} {second}"),
            Difference::Range { segment, offset, first, second } => {
                format!("{segment} {offset} {first:?} {second:?}")
            }
            _ => String::new(),
        });
        Ok(())
    });
    let found = found.unwrap();
    let expected =
        ["changed 200000 200001", "changed 131000 [0, 0, 0] [110, 101, 119]", "same 5 Second"];
    assert_eq!(told, expected);
    assert_eq!((found.is_equal(), &found.only), (false, &vec![("same".to_owned(), Side::Second)]));
    let (same, again) = (Image::of_backup(&same).unwrap(), Image::of_backup(&same).unwrap());
    let found = compare(Sides::new(&same, &again), &mut Unobserved, &mut |_| panic!()).unwrap();
    assert!(found.is_equal() && found.segments.len() == 3);
}
