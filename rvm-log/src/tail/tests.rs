//! What the tail must never do: change a byte that was forced, leave a stamp out, or claim more than is durable.

use rvm_storage::{MemStorage, SegmentName};

use super::*;
use crate::format::record::{RecordHeader, RecordView};
use crate::ids::{LogId, Salt, TxnId};
use crate::log_file::{LogFile, NewLog};
use crate::ring::BLOCK_LEN;

const EPOCH: Epoch = Epoch(1);

fn checksums() -> Checksums {
    Checksums::new(Salt([3; 16]))
}

fn append(tail: &mut Tail, len: usize) -> Lsn {
    let bytes = vec![0x5a; len];
    let draft = Draft::new(TxnId(1), std::iter::once((0, bytes.as_slice())));
    tail.append(&draft, &draft.measure().unwrap(), EPOCH, checksums())
}

/// The synced LSN of the record at `lsn` in a batch.
fn stamp(batch: &Batch, lsn: Lsn) -> Lsn {
    let at = narrow(lsn.since(batch.base));
    let header = batch.bytes.as_slice()[at..].first_chunk().unwrap();
    RecordHeader::decode(header, lsn, EPOCH, checksums()).unwrap().synced
}

/// Guards against stamps that claim what this very force is still to make durable, or that older records lose.
#[test]
fn each_record_is_stamped_once_with_what_was_durable_then() {
    let mut tail = Tail::new(Lsn(4_200));
    let first = append(&mut tail, 10);
    let batch = tail.seal(Lsn(4_200), checksums());
    assert_eq!((first, stamp(&batch, first)), (Lsn(4_200), Lsn(4_200)));

    let second = append(&mut tail, 20);
    let third = append(&mut tail, 30);
    let synced = batch.end();
    let batch = tail.seal(synced, checksums());
    assert_eq!(stamp(&batch, first), Lsn(4_200), "it was durable: not a byte may change");
    assert_eq!((stamp(&batch, second), stamp(&batch, third)), (synced, synced));
}

/// Guards against a partial block that is written again with other bytes than before.
#[test]
fn a_block_that_is_sealed_again_keeps_what_it_held() {
    let mut tail = Tail::new(Lsn(0));
    append(&mut tail, 1_000);
    let mut before = tail.seal(Lsn(0), checksums());
    for len in [100, 4_000, 1, 9_000, 3_000] {
        append(&mut tail, len);
        let batch = tail.seal(before.end, checksums());
        assert_eq!(batch.base, block_start(before.end), "sealed blocks are not written again");
        let kept = narrow(before.end.since(batch.base));
        let held = narrow(batch.base.since(before.base));
        assert_eq!(batch.bytes.as_slice()[..kept], before.bytes.as_slice()[held..held + kept]);
        assert_eq!(batch.byte_len() % BLOCK_LEN, 0);
        let used = narrow(batch.end.since(batch.base));
        assert!(batch.bytes.as_slice()[used..].iter().all(|byte| *byte == 0));
        before = batch;
    }
}

/// Guards against a block too many or too few where the log ends exactly at a block's edge.
#[test]
fn a_tail_that_ends_at_a_block_edge_keeps_nothing() {
    let mut tail = Tail::new(Lsn(BLOCK_LEN));
    assert_eq!(tail.seal(Lsn(BLOCK_LEN), checksums()).byte_len(), 0);
    // The fixed header, the trailer, one byte of offset, two of length, and no padding.
    append(&mut tail, narrow(BLOCK_LEN) - 75);
    assert_eq!(tail.end(), Lsn(2 * BLOCK_LEN));
    let batch = tail.seal(Lsn(BLOCK_LEN), checksums());
    assert_eq!((batch.byte_len(), batch.end()), (BLOCK_LEN, Lsn(2 * BLOCK_LEN)));
    assert_eq!((tail.base, tail.buf.len()), (Lsn(2 * BLOCK_LEN), 0));
}

/// Guards against memory of an older batch that shows through in a later one.
#[test]
fn recycled_memory_shows_nothing_of_its_past() {
    let mut tail = Tail::new(Lsn(0));
    append(&mut tail, 12_000);
    let batch = tail.seal(Lsn(0), checksums());
    let synced = batch.end();
    tail.recycle(batch);
    append(&mut tail, 5);
    let first = tail.seal(synced, checksums());
    append(&mut tail, 5);
    let second = tail.seal(first.end(), checksums());
    for batch in [first, second] {
        let used = narrow(batch.end.since(batch.base));
        assert!(batch.bytes.as_slice()[used..].iter().all(|byte| *byte == 0));
    }
}

/// Guards against a force that allocates its memory each time, and against a large batch whose memory is never given back.
#[test]
fn the_memory_of_a_batch_is_used_again_unless_it_is_large() {
    for (len, is_kept) in [(1_040_000, true), (1_050_000, false)] {
        let mut tail = Tail::new(Lsn(0));
        append(&mut tail, len);
        let batch = tail.seal(Lsn(0), checksums());
        let (capacity, end) = (batch.bytes.capacity(), batch.end());
        tail.recycle(batch);
        assert_eq!(tail.spare.capacity() == capacity, is_kept, "{len}");
        tail.seal(end, checksums());
        assert_eq!(tail.buf.capacity() == capacity, is_kept, "{len}");
    }
}

/// Guards against a count of waiting bytes that includes what was sealed.
#[test]
fn unsealed_bytes_are_those_behind_the_last_seal() {
    let mut tail = Tail::new(Lsn(800));
    assert_eq!((tail.end(), tail.unsealed_len()), (Lsn(800), 0));
    let first = append(&mut tail, 100);
    append(&mut tail, 100);
    assert_eq!(tail.unsealed_len(), tail.end().since(first));
    tail.seal(first, checksums());
    assert_eq!(tail.unsealed_len(), 0);
    let third = append(&mut tail, 7);
    assert_eq!(tail.unsealed_len(), tail.end().since(third));
}

/// Guards against a failed force that looks like a done one.
#[test]
fn a_force_behind_a_crash_is_an_error() {
    let storage = MemStorage::new();
    let name = SegmentName::new("a").unwrap();
    let ring = Ring::new(32_768).unwrap();
    let new = NewLog::first_of_store(&storage, &name, 10, ring).unwrap();
    let log = LogFile::create(&storage, &new).unwrap();
    let mut tail = Tail::new(Lsn(0));
    append(&mut tail, 5);
    let batch = tail.seal(Lsn(0), log.checksums());
    drop(storage.crash());
    batch.force(log.blob(), log.ring()).unwrap_err();
}

/// Ranges whose bytes are others each time that they are looked at, as those of a program whose threads race may be.
#[derive(Clone)]
struct Changing<'a> {
    passes: &'a std::cell::Cell<usize>,
    left: Option<usize>,
    choices: &'a [[u8; 40]; 4],
}

impl<'a> Iterator for Changing<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.left.take().map(|at| {
            self.passes.set(self.passes.get() + 1);
            (wide(at), self.choices[self.passes.get() % 4].as_slice())
        })
    }
}

/// Guards against a part that the others know by bytes which its record does not hold, so that recovery would drop it, and all that
/// came after it.
#[test]
fn a_part_is_named_by_what_was_copied_of_it() {
    let passes = std::cell::Cell::new(0);
    let choices = [[0; 40], [1; 40], [2; 40], [3; 40]];
    let other =
        Participant { log_id: LogId(9), epoch: EPOCH, lsn: Lsn(8), total_len: 16, part_crc: 7 };
    let blank = Participant { part_crc: 0, log_id: LogId(0), ..other };
    let ranges = Changing { passes: &passes, left: Some(300), choices: &choices };
    let draft = Draft { participants: &[blank], label: b"word", ..Draft::new(TxnId(1), ranges) };
    let mut tail = Tail::new(Lsn(4_200));
    let (lsn, part_crc) = tail.lay(&draft, &draft.measure().unwrap(), EPOCH);
    tail.join(lsn, &[other], checksums());
    let looked = passes.get();

    let batch = tail.seal(Lsn(4_200), checksums());
    let record = &batch.bytes.as_slice()[narrow(lsn.since(batch.base))..];
    let header = RecordHeader::decode(record.first_chunk().unwrap(), lsn, EPOCH, checksums());
    let header = header.unwrap();
    let record = &record[..narrow(header.total_len.into())];
    let view = RecordView::parse(header, record, checksums()).unwrap();
    assert!(looked >= 3, "it was looked at once to measure, and twice to be copied");
    assert_eq!(view.part_crc(), part_crc);
    assert_eq!(view.participants().collect::<Vec<_>>(), [other]);
    assert_eq!((view.label(), view.ranges().count()), (b"word".as_slice(), 1));
}
