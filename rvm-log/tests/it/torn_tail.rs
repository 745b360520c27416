//! A power cut in the middle of a force: any subset of its sectors arrives. The log must then end, or have a torn tail,
//! at the end of a whole record; it is never corrupt, since nothing of that force was acknowledged.

use rvm_log::format::record::HEADER_LEN;
use rvm_log::{BLOCK_LEN, CAPACITY_MIN, Lsn, Scanner, Verdict};

use crate::workbench::{Dice, Record, Workbench, ends, position, read_bytes};

const SECTOR_LEN: usize = 512;

/// Counts of what was seen, so that a test which never tears anything fails.
#[derive(Default, Debug)]
struct Seen {
    whole: u32,
    ended: u32,
    torn: u32,
}

/// Loses each subset of the sectors that the last force changed.
fn lose_every_subset(bench: &mut Workbench, batch: &[Record]) -> Seen {
    let before = bench.file();
    let acknowledged = bench.live.len();
    let durable = bench.durable;
    for record in batch {
        bench.append(record.clone());
    }
    bench.force();
    let after = bench.file();
    let sectors: Vec<usize> = (0..before.len())
        .step_by(SECTOR_LEN)
        .filter(|at| before[*at..at + SECTOR_LEN] != after[*at..at + SECTOR_LEN])
        .collect();
    assert!((2..=11).contains(&sectors.len()), "{} sectors", sectors.len());

    let mut seen = Seen::default();
    for subset in 0..1_u32 << sectors.len() {
        let mut bytes = before.clone();
        for (index, at) in sectors.iter().enumerate() {
            if subset >> index & 1 == 1 {
                bytes[*at..at + SECTOR_LEN].copy_from_slice(&after[*at..at + SECTOR_LEN]);
            }
        }
        let (records, verdict) = read_bytes(bytes.clone())
            .unwrap_or_else(|error| panic!("sectors {subset:b} of {sectors:?}: {error}"));
        assert_eq!(records, bench.live[..records.len()], "sectors {subset:b}");
        assert!(records.len() >= acknowledged, "sectors {subset:b}");
        assert_eq!(
            verdict.end,
            ends(bench.head(), &bench.live)[records.len()],
            "sectors {subset:b}"
        );
        assert!(verdict.end >= durable);
        check_torn(bench, &verdict, &mut seen);
        assert!(torn_end(&verdict) >= begun(bench, &bytes, &after), "sectors {subset:b}");
        if subset == 0 {
            assert_eq!(verdict, Verdict { end: durable, torn: None }, "nothing arrived");
        }
    }
    seen
}

fn torn_end(verdict: &Verdict) -> Lsn {
    verdict.end.plus(verdict.torn.map_or(0, |torn| torn.len))
}

/// The end of the last record whose header is all in `bytes`.
fn begun(bench: &Workbench, bytes: &[u8], after: &[u8]) -> Lsn {
    let header = |lsn: Lsn| (0..HEADER_LEN).map(move |at| bench.place(lsn.plus(position(at).0)));
    let is_begun = |lsn| header(lsn).all(|place| bytes[place] == after[place]);
    let begun = bench.live.iter().rfind(|record| is_begun(record.lsn));
    begun.map_or(bench.head(), Record::end)
}

fn check_torn(bench: &Workbench, verdict: &Verdict, seen: &mut Seen) {
    match verdict.torn {
        None if verdict.end == bench.durable => seen.whole += 1,
        None => seen.ended += 1,
        Some(torn) => {
            assert!(torn.len > 0 && verdict.end.plus(torn.len) <= bench.durable);
            seen.torn += 1;
        }
    }
}

/// A log that ends at `goal`, some laps on.
fn worn(goal: Lsn) -> Workbench {
    let mut bench = Workbench::small();
    let mut dice = Dice::new(5);
    while bench.durable < goal {
        let left = goal.since(bench.durable);
        let len = if left < 1_400 { left.max(80) } else { 80 + dice.below(150) * 8 };
        bench.append(Record::of_len(len / 8 * 8, dice.below(256).to_le_bytes()[0]));
        bench.force();
        if bench.live.len() > 5 {
            bench.move_head(bench.live[3].lsn);
        }
    }
    assert_eq!(bench.durable, goal);
    bench
}

fn batch() -> Vec<Record> {
    vec![
        Record::of(1, vec![0x11; 1_500]),
        Record { label: b"middle".to_vec(), ..Record::of(2, vec![0x22; 900]) },
        Record::of(3, vec![0x33; 20]),
        Record::of(4, vec![0x44; 1_200]),
    ]
}

/// Guards against a crash that is taken for damage, on a ring that was never used before.
#[test]
fn a_force_lost_in_any_part_is_a_torn_tail_on_fresh_space() {
    let mut bench = Workbench::small();
    bench.append(Record::of(0, vec![9; 300]));
    bench.append(Record::of(0, vec![8; 300]));
    bench.force();
    let seen = lose_every_subset(&mut bench, &batch());
    assert!(seen.whole >= 1 && seen.ended > 10 && seen.torn > 10, "{seen:?}");
}

/// Guards against old records that show through where sectors of the force are missing.
#[test]
fn a_force_lost_in_any_part_is_a_torn_tail_over_stale_records() {
    // The batch ends in the block that it starts in: what is left of that is overwritten with zeros.
    let mut bench = worn(Lsn(3 * CAPACITY_MIN + 3 * BLOCK_LEN + 96));
    let seen = lose_every_subset(&mut bench, &batch());
    assert!(seen.whole >= 1 && seen.ended > 10 && seen.torn > 10, "{seen:?}");
}

/// Guards against a force that wraps: its second piece may arrive without the first.
#[test]
fn a_force_that_wraps_and_is_lost_in_any_part_is_a_torn_tail() {
    let mut bench = worn(Lsn(3 * CAPACITY_MIN - 600));
    let seen = lose_every_subset(&mut bench, &batch());
    assert!(seen.whole >= 1 && seen.ended > 10 && seen.torn > 10, "{seen:?}");
}

/// Guards against a torn tail that the next life trips over: a record appended where it was, in a new epoch, is read,
/// and nothing of the torn force ever is.
#[test]
fn a_new_epoch_over_a_torn_tail_shows_nothing_of_it() {
    let mut bench = worn(Lsn(2 * CAPACITY_MIN + 1_000));
    for record in batch() {
        bench.append(record);
    }
    bench.force();
    let cut = bench.live[bench.live.len() - 4].lsn;
    bench
        .log
        .change_header(|header| {
            header.epoch.0 += 1;
            header.salt.0 = [7; 16];
            (header.head, header.prev_end, header.synced) = (cut, cut, cut);
        })
        .unwrap();
    let (records, verdict) = read_bytes(bench.file()).unwrap();
    assert_eq!((records.len(), verdict), (0, Verdict { end: cut, torn: None }));

    bench.tail = rvm_log::Tail::new(cut);
    (bench.durable, bench.live) = (cut, Vec::new());
    // As long as the first record of the torn force, so that its second one lies right behind.
    bench.append(Record::of(1, vec![0x55; 1_500]));
    bench.force();
    let (records, verdict) = read_bytes(bench.file()).unwrap();
    assert_eq!(records, bench.live);
    assert_eq!(verdict, Verdict { end: bench.durable, torn: None });
}

/// Guards against a verdict on a log that was not read first: it reads what is left, and judges the same end.
#[test]
fn a_verdict_reads_what_was_not_read() {
    let mut bench = Workbench::small();
    for fill in 0..4 {
        bench.append(Record::of(0, vec![fill; 300]));
        bench.force();
    }
    let end = bench.durable;
    for read in 0..=4 {
        let mut scanner = Scanner::new(&bench.log);
        for _ in 0..read {
            scanner.next().unwrap().unwrap();
        }
        assert_eq!(scanner.verdict().unwrap(), Verdict { end, torn: None }, "{read} read before");
    }
}
