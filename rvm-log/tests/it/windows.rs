//! Logs larger than the scan's window of 1 MiB: records that span windows, and records that wrap.

use rvm_log::{Lsn, ReplaySink, Result, Verdict, replay};
use rvm_storage::MemStorage;
use rvm_storage::widths::narrow;

use crate::workbench::{Dice, Record, Workbench, position, scan};

const MIB: u64 = 1 << 20;

fn check(bench: &Workbench) {
    let (records, verdict) = scan(&bench.log).unwrap();
    assert!(records == bench.live, "{} records from {}", records.len(), bench.head());
    assert_eq!(verdict, Verdict { end: bench.durable, torn: None });
}

/// Guards against a record that is cut at a window's end or at the ring's.
#[test]
fn records_larger_than_a_window_come_back_whole_over_two_laps() {
    let mut bench = Workbench::on(MemStorage::new(), 4 * MIB);
    let mut wraps = 0;
    for (i, len) in [1_500_000, 1_048_576, 1_048_584, 1_900_000, 2_200_000, 1_300_008]
        .into_iter()
        .cycle()
        .take(7)
        .enumerate()
    {
        let mut record = Record::of_len(len / 8 * 8, 0);
        let marks = record.ranges[0].1.len() / 4_000;
        for mark in 0..marks {
            record.ranges[0].1[mark * 4_000] = (mark + i).to_le_bytes()[0];
        }
        if !bench.has_room(&record) {
            bench.move_head(bench.durable);
        }
        let lap = bench.durable.0 / (4 * MIB);
        bench.append(record);
        bench.force();
        wraps += u64::from(
            bench.durable.0 / (4 * MIB) != lap && !bench.durable.0.is_multiple_of(4 * MIB),
        );
        check(&bench);
    }
    assert!(wraps >= 2, "{wraps} records wrapped");
}

/// Guards against a fixed header that straddles two windows, or the ring's end, at any of the eight places it can.
#[test]
fn headers_straddle_windows_and_the_ring_end_at_every_place() {
    for back in (8..=64).step_by(8) {
        let mut bench = Workbench::on(MemStorage::new(), 2 * MIB);
        for boundary in [MIB, 2 * MIB] {
            let goal = Lsn(boundary - back);
            let filler = Record::of_len(goal.since(bench.tail.end()), 1);
            bench.append(filler);
            assert_eq!(bench.tail.end(), goal);
            if boundary == 2 * MIB {
                bench.force();
                bench.move_head(bench.live[1].lsn);
            }
            bench.append(Record::of(0, vec![2; 200]));
            bench.append(Record::of(0, vec![3; 10]));
        }
        bench.force();
        assert_eq!(bench.live[0].lsn, Lsn(MIB - back));
        check(&bench);
    }
}

/// A segment in memory.
struct Segment {
    bytes: Vec<u8>,
    takes_overlaps: bool,
}

impl Segment {
    fn of_len(len: usize) -> Self {
        Self { bytes: vec![0; len], takes_overlaps: false }
    }
}

impl ReplaySink for Segment {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let at = narrow(offset);
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn takes_overlaps(&self) -> bool {
        self.takes_overlaps
    }
}

/// A segment whose bytes come in order, and once.
struct InOrder(u64);

impl ReplaySink for InOrder {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        assert!(offset >= self.0, "{offset} behind {}", self.0);
        self.0 = offset + position(bytes.len()).0;
        Ok(())
    }
}

/// Guards against a sink that is given overlaps and did not ask for them.
#[test]
fn a_sink_is_given_ranges_in_order_unless_it_says_otherwise() {
    let mut bench = Workbench::small();
    for offset in [500, 100, 550, 0] {
        bench.append(Record::of(offset, vec![1; 100]));
    }
    bench.force();
    let span = (bench.head(), bench.durable);
    let header = bench.log.header();
    let done = replay(bench.log.blob(), header, span, 1_000, &mut InOrder(0)).unwrap();
    assert_eq!((done.range_bytes, done.applied_bytes), (400, 350));
}

/// Guards against a replay of many small records that loses one at a window's end: the result is that of applying each
/// range in order.
#[test]
fn replay_over_several_windows_is_applying_in_order() {
    let mut bench = Workbench::on(MemStorage::new(), 4 * MIB);
    let mut dice = Dice::new(9);
    let mut expected = vec![0; 10_000];
    while bench.tail.end() < Lsn(5 * MIB / 2) {
        if bench.tail.end() < Lsn(MIB / 2) && dice.below(40) == 0 {
            bench.force();
            bench.move_head(bench.durable);
            expected.fill(0);
        }
        let (offset, len) = (dice.below(4_000), dice.below(6_000));
        let fill = dice.below(256).to_le_bytes()[0];
        expected[narrow(offset)..narrow(offset + len)].fill(fill);
        bench.append(Record::of(offset, vec![fill; narrow(len)]));
    }
    bench.force();
    let header = bench.log.header();
    for takes_overlaps in [false, true] {
        let mut segment = Segment { takes_overlaps, ..Segment::of_len(10_000) };
        let span = (header.head, bench.durable);
        let done = replay(bench.log.blob(), header, span, 10_000, &mut segment).unwrap();
        assert!(segment.bytes == expected);
        assert_eq!(narrow(done.records), bench.live.len());
        assert!(done.range_bytes > MIB, "{done:?}");
        let is_as_written = done.applied_bytes == done.range_bytes;
        assert!(
            is_as_written == takes_overlaps && (takes_overlaps || done.applied_bytes <= 10_000)
        );
    }
}

/// Guards against the last ranges before the end being forgotten, or more being applied, because more records follow.
#[test]
fn replay_ends_where_it_is_told_to() {
    let mut bench = Workbench::on(MemStorage::new(), MIB);
    for fill in 1..=5_u8 {
        bench.append(Record::of(fill.into(), vec![fill; 3]));
    }
    bench.force();
    let (header, ends) = (bench.log.header(), bench.live.iter().map(Record::end));
    for (to, records) in ends.zip(1..) {
        for takes_overlaps in [false, true] {
            let mut segment = Segment { takes_overlaps, ..Segment::of_len(8) };
            replay(bench.log.blob(), header, (header.head, to), 8, &mut segment).unwrap();
            let mut expected = [0; 8];
            for fill in 1..=records {
                expected[usize::from(fill)..][..3].fill(fill);
            }
            assert_eq!(segment.bytes, expected, "{records} records, {takes_overlaps}");
        }
    }
}

/// Guards against ranges that are lost, or put in another order, where many small ones lie in what is read at once.
#[test]
fn many_small_ranges_are_applied_as_written() {
    let mut bench = Workbench::on(MemStorage::new(), MIB);
    let mut expected = vec![0; 100];
    for number in 0..3_000_u64 {
        let (offset, fill) = (number * 7 % 100, number.to_le_bytes()[0]);
        expected[narrow(offset)] = fill;
        bench.append(Record::of(offset, vec![fill]));
    }
    bench.force();
    let header = bench.log.header();
    let mut segment = Segment { takes_overlaps: true, ..Segment::of_len(100) };
    let span = (header.head, bench.durable);
    let done = replay(bench.log.blob(), header, span, 100, &mut segment).unwrap();
    assert!(segment.bytes == expected && done.ranges == 3_000);
}

/// Guards against a replay of more bytes than are resolved at once that forgets what one batch brought, brings it twice, or lets
/// an older batch win.
#[test]
fn replay_in_several_batches_is_applying_in_order() {
    const RANGES: usize = 150;
    const LEN: usize = 60_000;
    // Apart, so that no range takes the place of all that is older in its part of the segment.
    const APART: usize = 64 << 10;
    let mut bench = Workbench::on(MemStorage::new(), 96 * MIB);
    let mut expected = vec![0; RANGES * APART];
    for fill in 1..=9_u8 {
        // Each leaves a byte of the one before at the start. Together they are more than a batch of 64 MiB.
        let starts = (0..RANGES).map(|number| number * APART + usize::from(fill));
        for start in starts.clone() {
            expected[start..start + LEN].fill(fill);
        }
        let ranges = starts.map(|start| (position(start).0, vec![fill; LEN])).collect();
        bench.append(Record { ranges, ..Record::default() });
        bench.force();
        bench.live.clear();
    }
    let (header, mut segment) = (bench.log.header(), Segment::of_len(RANGES * APART));
    let span = (header.head, bench.durable);
    // The last range ends where the segment does.
    let segment_len = position((RANGES - 1) * APART + LEN + 9).0;
    let done = replay(bench.log.blob(), header, span, segment_len, &mut segment).unwrap();
    assert!(segment.bytes == expected);
    let written = 9 * RANGES * LEN;
    assert_eq!((done.records, narrow(done.ranges)), (9, 9 * RANGES));
    assert_eq!(narrow(done.range_bytes), written);
    let applied = narrow(done.applied_bytes);
    assert!(applied > 2 * RANGES * LEN && applied < written / 2, "{applied} of {written}");
}
