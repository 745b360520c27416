//! What the reader must never do: show other bytes than those at a position, or read at or behind its limit.

use std::sync::Arc;

use rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};

use super::*;
use crate::ring::DATA_START;

/// A ring whose every 8 bytes say where in the file they lie.
fn numbered(ring: Ring) -> Arc<dyn Blob> {
    let storage = MemStorage::new();
    let name = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Log);
    let bytes = (0..ring.file_len()).step_by(8).flat_map(u64::to_le_bytes).collect();
    storage.replace_file(&name, bytes);
    storage.open(&name).unwrap()
}

fn assert_shows(reader: &mut RingReader<'_>, ring: Ring, lsn: Lsn, len: u64) {
    assert!(reader.hold(lsn, len).unwrap(), "{lsn} + {len}");
    let held = reader.held(lsn, len);
    assert_eq!(wide(held.len()), len);
    for (at, number) in (lsn.0..).step_by(8).zip(held.chunks_exact(8)) {
        assert_eq!(number, ring.file_offset(Lsn(at)).to_le_bytes(), "{at}");
    }
}

/// Guards against a window that is read from the wrong place, at the ring's end and at its own.
#[test]
fn every_position_shows_its_own_bytes() {
    let ring = Ring::new(3 * WINDOW_LEN).unwrap();
    let blob = numbered(ring);
    let head = Lsn(ring.capacity() * 5 / 2 + 1_000 * 8);
    let limit = ring.limit(head);
    let mut reader = RingReader::new(&*blob, ring, limit);
    let mut at = head;
    while at.plus(5_000 * 8) <= limit {
        assert_shows(&mut reader, ring, at, 64);
        assert_shows(&mut reader, ring, at, 5_000 * 8);
        at = at.plus(4_321 * 8);
    }
    assert_shows(&mut reader, ring, head, 8);
    assert_shows(&mut reader, ring, head, limit.since(head));
    assert!(wide(reader.window.len()) <= ring.capacity());
}

/// Guards against bytes beyond the limit, which may be those of the head a lap before.
#[test]
fn nothing_is_held_beyond_the_limit() {
    let ring = Ring::new(32_768).unwrap();
    let blob = numbered(ring);
    let mut reader = RingReader::new(&*blob, ring, Lsn(5_000));
    assert!(reader.hold(Lsn(4_992), 8).unwrap());
    assert!(!reader.hold(Lsn(4_992), 16).unwrap());
    assert!(!reader.hold(Lsn(5_000), 8).unwrap());
    assert!(!reader.hold(Lsn(8), u64::MAX).unwrap(), "a sum that overflows");
    assert_eq!(reader.held(Lsn(4_992), 16_384), b"", "more than the window");
    assert_eq!(reader.held(Lsn(1 << 60), 8), b"");
}

/// Guards against a failed read whose buffer of zeros is then taken for the log's content.
#[test]
fn a_failed_read_holds_nothing() {
    let storage = MemStorage::new();
    let name = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Log);
    storage.replace_file(&name, vec![1; usize::try_from(DATA_START).unwrap() + 100]);
    let (blob, ring) = (storage.open(&name).unwrap(), Ring::new(32_768).unwrap());
    let mut reader = RingReader::new(&*blob, ring, Lsn(32_768));
    for _ in 0..2 {
        reader.hold(Lsn(0), 64).unwrap_err();
        assert_eq!(reader.held(Lsn(0), 64), b"");
    }
}

/// Guards against an abort where there is no memory for what a hostile length asks for.
#[test]
fn no_memory_is_an_error() {
    let ring = Ring::new(32_768).unwrap();
    let blob = numbered(ring);
    let mut reader = RingReader::new(&*blob, ring, Lsn(32_768));
    reader.hold(Lsn(0), 64).unwrap();
    reader.make_room(usize::MAX).unwrap_err();
    assert_eq!(reader.held(Lsn(0), 64), b"");
    assert_shows(&mut reader, ring, Lsn(0), 64);
}

/// Guards against a search that passes over a place: at the window's edges, where the ring wraps, and the last one below the limit.
#[test]
fn the_search_finds_every_place_and_none_at_the_limit() {
    const LEN: usize = 64;
    let ring = Ring::new(2 * WINDOW_LEN).unwrap();
    let head = Lsn(ring.capacity() + 8 * 1_000);
    let limit = ring.limit(head);
    let last = limit.0 - wide(LEN);
    let edges = [head.0, head.0 + 8, 2 * ring.capacity() - 8, 2 * ring.capacity(), last];
    let window_end = block_end(head.plus(WINDOW_LEN)).0;
    let window_edges = (window_end - 80..window_end + 16).step_by(8);
    for at in edges.into_iter().chain(window_edges) {
        let storage = MemStorage::new();
        let name = FileName::new(&SegmentName::new("a").unwrap(), FileRole::Log);
        let mut bytes = vec![0; usize::try_from(ring.file_len()).unwrap()];
        let place = usize::try_from(ring.file_offset(Lsn(at))).unwrap();
        bytes[place..place + 4].copy_from_slice(b"here");
        storage.replace_file(&name, bytes);
        let blob = storage.open(&name).unwrap();
        let mut reader = RingReader::new(&*blob, ring, limit);
        assert_eq!(reader.find(head, 8, b"here", LEN).unwrap(), Some(Lsn(at)));
        assert_eq!(reader.find(Lsn(at + 8), 8, b"here", LEN).unwrap(), None);
        let mut reader = RingReader::new(&*blob, ring, Lsn(at + wide(LEN) - 8));
        assert_eq!(reader.find(head, 8, b"here", LEN).unwrap(), None, "behind the limit");
    }
}

/// Guards against other bytes for a position that is not in the window, below it or behind.
#[test]
fn what_is_not_held_is_nothing() {
    let ring = Ring::new(3 * WINDOW_LEN).unwrap();
    let blob = numbered(ring);
    let mut reader = RingReader::new(&*blob, ring, Lsn(2 * WINDOW_LEN));
    assert_shows(&mut reader, ring, Lsn(WINDOW_LEN), 64);
    assert!(reader.held(Lsn(WINDOW_LEN - 8), 8).is_empty() && reader.held(Lsn(0), 8).is_empty());
    assert!(reader.held(Lsn(2 * WINDOW_LEN), 8).is_empty());
}
