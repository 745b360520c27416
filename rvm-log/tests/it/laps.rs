//! A ring that is filled again and again: what lies there from an earlier lap must never be read as new.

use rvm_log::{CAPACITY_MIN, Lsn, Verdict};

use crate::workbench::{Dice, Record, Workbench, read_bytes};

/// Whether the bytes at the log's end begin like a record: one of an earlier lap.
fn stale_header_at_end(bench: &Workbench, file: &[u8]) -> bool {
    let place = bench.place(bench.durable);
    file[place..].starts_with(b"RVMr")
}

fn check(bench: &Workbench, file: Vec<u8>) {
    let (records, verdict) = read_bytes(file).unwrap();
    assert_eq!(records, bench.live, "at {}", bench.durable);
    assert_eq!(verdict, Verdict { end: bench.durable, torn: None });
}

/// Guards against a record of an earlier lap that lies exactly where the next one goes.
#[test]
fn records_of_equal_length_leave_a_stale_header_at_every_end() {
    let mut bench = Workbench::small();
    let mut stale = 0;
    for i in 0..5 * CAPACITY_MIN / 1_024 {
        bench.append(Record::of_len(1_024, i.to_le_bytes()[0]));
        bench.force();
        if bench.live.len() == 20 {
            bench.move_head(bench.live[1 + usize::try_from(i % 13).unwrap()].lsn);
        }
        let file = bench.file();
        stale += u32::from(stale_header_at_end(&bench, &file));
        check(&bench, file);
    }
    // A force fills its last block up with zeros, so it is at block ends that stale records lie open.
    assert!(stale > 30, "only {stale} ends lay on a stale record");
}

/// Guards against stale records at any distance, against heads that move anywhere, and against user data that is a copy
/// of the log's own bytes.
#[test]
fn random_laps_with_copies_of_records_inside_records() {
    let mut bench = Workbench::small();
    let mut dice = Dice::new(42);
    let mut copies = 0;
    while bench.durable < Lsn(12 * CAPACITY_MIN) {
        let file = bench.file();
        for _ in 0..=dice.below(3) {
            let limit = if dice.below(8) == 0 { 1_200 } else { 150 };
            let len = 8 * (11 + dice.below(limit));
            let mut record = Record::of_len(len, 0);
            let room = record.ranges[0].1.len();
            record.ranges[0].1 = match bench.live.last() {
                // The newest record of all, or as much of it as fits, and what lies around it.
                Some(last) if dice.below(2) == 0 => {
                    let from = bench.place(last.lsn);
                    copies += 1;
                    file.iter().copied().cycle().skip(from).take(room).collect()
                }
                _ => dice.bytes(room),
            };
            while !bench.has_room(&record) {
                bench.force();
                let keep = dice.below(u64::try_from(bench.live.len()).unwrap());
                let head = bench.live[usize::try_from(keep).unwrap()].end();
                bench.move_head(head);
            }
            bench.append(record);
        }
        bench.force();
        check(&bench, bench.file());
    }
    assert!(copies > 50, "{copies} copies");
}

/// Guards against a full ring that is read beyond its end or short of it: the records fill it to the last byte.
#[test]
fn a_full_ring_is_read_whole() {
    for skew in [0, 8, 4_088] {
        let mut bench = Workbench::small();
        if skew > 0 {
            bench.append(Record::of_len(skew.max(88), 1));
            bench.force();
            bench.move_head(bench.durable);
        }
        let limit = bench.log.ring().limit(bench.head());
        while limit.since(bench.tail.end()) > 2_000 {
            bench.append(Record::of_len(1_000, 2));
        }
        let last = Record::of_len(limit.since(bench.tail.end()), 3);
        bench.append(last);
        assert!(!bench.has_room(&Record::default()));
        bench.force();
        assert_eq!(bench.durable, limit);
        check(&bench, bench.file());
    }
}
