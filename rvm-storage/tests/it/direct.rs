//! Which forced writes go past the page cache. The kernel's view of our descriptors tells.

use std::fs;
use std::path::Path;

use rvm_storage::{AlignedBuf, FileStorage, Fill, Storage, Write};

use crate::seg;

const O_DIRECT: u32 =
    if cfg!(any(target_arch = "aarch64", target_arch = "arm")) { 0o200_000 } else { 0o40_000 };
const O_DSYNC: u32 = 0o10_000;
const O_SYNC_BUT_DSYNC: u32 = 0o4_000_000;

/// The flags of every descriptor of this process that is open on `path`.
fn flags_on(path: &Path) -> Vec<u32> {
    let path = fs::canonicalize(path).unwrap();
    let flags = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let entry = entry.ok()?.path();
        if fs::read_link(&entry).ok()? != path {
            return None;
        }
        let number = entry.file_name()?.to_str()?.to_owned();
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        u32::from_str_radix(flags.trim(), 8).ok()
    });
    flags.collect()
}

fn block(len: usize) -> AlignedBuf {
    let mut bytes = AlignedBuf::new();
    bytes.resize(len);
    bytes.as_mut_slice().fill(7);
    bytes
}

/// Guards against small forces that take the slow way, and against the stronger flag that forces times as well.
#[test]
fn small_aligned_forces_are_direct_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let blob = storage.create(&seg("a")).unwrap();
    let path = dir.path().join("a.seg");
    blob.allocate(1 << 20, Fill::Written).unwrap();
    blob.force().unwrap();
    let bytes = block(128 << 10);
    let bytes = bytes.as_slice();

    // Too large, by one write or in sum; unaligned in place, length or memory.
    let half = Write { offset: 65_536, bytes: &bytes[..32 << 10] };
    let not_direct: [&[Write<'_>]; 5] = [
        &[Write { offset: 0, bytes: &bytes[..64 << 10] }],
        &[Write { offset: 0, bytes: &bytes[..32 << 10] }, half],
        &[Write { offset: 1, bytes: &bytes[..4096] }],
        &[Write { offset: 0, bytes: &bytes[..4095] }],
        &[Write { offset: 0, bytes: &bytes[1..4097] }],
    ];
    for writes in not_direct {
        blob.write_and_force(writes).unwrap();
        assert_eq!(flags_on(&path).len(), 1, "no second descriptor");
    }
    assert!(flags_on(&path).iter().all(|flags| flags & O_DIRECT == 0));

    blob.write_and_force(&[Write { offset: 0, bytes: &bytes[..60 << 10] }]).unwrap();
    if !blob.capabilities().direct_writes {
        return; // This file system has none, and the write above went the other way.
    }
    let direct: Vec<u32> =
        flags_on(&path).into_iter().filter(|flags| flags & O_DIRECT != 0).collect();
    assert_eq!(direct.len(), 1);
    assert_eq!(direct[0] & O_DSYNC, O_DSYNC, "the write must force");
    assert_eq!(direct[0] & O_SYNC_BUT_DSYNC, 0, "but not the times");
}
