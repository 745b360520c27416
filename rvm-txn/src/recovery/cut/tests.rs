//! The cut over surveys made by hand, and over random ones against the definition.

use proptest::prelude::*;
use rvm_log::{CAPACITY_MIN, DATA_START, Ring, TxnId};

use super::*;

fn log(id: u64, epoch: u64, head: u64, end: u64) -> Survey {
    Survey {
        segment: format!("s{id}"),
        file: format!("s{id}.log"),
        log_id: LogId(id),
        epoch: Epoch(epoch),
        head: Lsn(head),
        prev_end: Lsn(head),
        end: Lsn(end),
        synced: Lsn(head),
        ring: Ring::new(CAPACITY_MIN).unwrap(),
        torn: None,
        records: 0,
        last_txn_id: TxnId(0),
        linked: Vec::new(),
    }
}

/// A record of 8 bytes at `lsn`.
fn record(lsn: u64, txn_id: u64) -> Linked {
    Linked {
        lsn: Lsn(lsn),
        total_len: 8,
        txn_id: TxnId(txn_id),
        part_crc: 0,
        participants: Vec::new(),
        dependencies: Vec::new(),
    }
}

fn part(log: u64, epoch: u64, lsn: u64) -> Participant {
    let (log_id, epoch, lsn) = (LogId(log), Epoch(epoch), Lsn(lsn));
    Participant { log_id, epoch, lsn, total_len: 8, part_crc: 0 }
}

fn cut(logs: &[Survey]) -> Vec<u64> {
    consistent_cut(logs).unwrap().into_iter().map(|lsn| lsn.0).collect()
}

/// Two logs with one transaction over both, at 8 in each.
fn pair() -> [Survey; 2] {
    let mut logs = [log(1, 5, 0, 24), log(2, 5, 0, 24)];
    for (index, other) in [(0, 2), (1, 1)] {
        logs[index].linked.push(Linked { participants: vec![part(other, 5, 8)], ..record(8, 7) });
    }
    logs
}

/// Guards against a whole transaction that is taken for a torn one.
#[test]
fn a_whole_transaction_is_kept() {
    assert_eq!(cut(&pair()), [24, 24]);
}

/// Guards against half a transaction, and against what was built on it.
#[test]
fn a_part_that_is_missing_cuts_the_other_log_there() {
    let mut logs = pair();
    logs[1].end = Lsn(8);
    logs[1].linked.clear();
    assert_eq!(cut(&logs), [8, 8]);
}

/// Guards against a cut that does not take along what named the records it took away.
#[test]
fn cuts_cascade() {
    let mut logs = vec![log(1, 1, 0, 80), log(2, 1, 0, 80), log(3, 1, 0, 0)];
    // Transaction 1 over 1 and 2; 2 over 2 and 3, of which 3 has lost its part, in front of it in log 2.
    logs[1].linked.push(Linked { participants: vec![part(3, 1, 0)], ..record(16, 2) });
    logs[1].linked.push(Linked { participants: vec![part(1, 1, 40)], ..record(32, 1) });
    logs[0].linked.push(Linked { participants: vec![part(2, 1, 32)], ..record(40, 1) });
    assert_eq!(cut(&logs), [40, 16, 0]);
}

/// Guards against a transaction that outlives what it read.
#[test]
fn a_dependency_that_is_lost_takes_its_reader_along() {
    let mut logs = [log(1, 1, 0, 80), log(2, 1, 0, 32)];
    let needs = |lsn| Dependency { log_id: LogId(2), epoch: Epoch(1), lsn: Lsn(lsn) };
    logs[0].linked.push(Linked { dependencies: vec![needs(32)], ..record(8, 1) });
    assert_eq!(cut(&logs), [80, 32], "all of it is there");
    logs[0].linked[0].dependencies = vec![needs(40)];
    assert_eq!(cut(&logs), [8, 32]);
}

/// Guards against a verdict that changes when recovery was interrupted: a log that was reset already speaks through `prev_end`, one
/// that was truncated through its head.
#[test]
fn parts_of_older_epochs_and_below_the_head_are_judged_by_what_the_header_kept() {
    for (prev_end, expected) in [(16, 24), (8, 8)] {
        let mut logs = pair();
        (logs[1].epoch, logs[1].linked) = (Epoch(6), Vec::new());
        (logs[1].head, logs[1].prev_end, logs[1].end) =
            (Lsn(prev_end), Lsn(prev_end), Lsn(prev_end));
        assert_eq!(cut(&logs), [expected, prev_end]);
    }
    // What was truncated since says nothing of the older epoch.
    let mut logs = pair();
    (logs[1].epoch, logs[1].linked) = (Epoch(6), Vec::new());
    (logs[1].head, logs[1].prev_end, logs[1].end) = (Lsn(24), Lsn(8), Lsn(24));
    assert_eq!(cut(&logs), [8, 24]);
    let mut logs = pair();
    (logs[1].head, logs[1].linked) = (Lsn(16), Vec::new());
    assert_eq!(cut(&logs), [24, 24]);
}

/// Guards against another record in the place of the one that was named.
#[test]
fn a_part_must_be_the_one_that_was_named() {
    let mut logs = pair();
    logs[1].linked[0].txn_id = TxnId(8);
    assert_eq!(cut(&logs), [8, 8]);
    let mut logs = pair();
    logs[1].linked[0].part_crc = 1;
    assert_eq!(cut(&logs)[0], 8);
    let mut logs = pair();
    logs[1].linked[0].total_len = 16;
    assert_eq!(cut(&logs)[0], 8);
}

/// Guards against files that do not belong together being taken for a crash.
#[test]
fn a_log_that_is_absent_or_older_than_it_is_known_is_damage() {
    let mut logs = pair();
    logs[0].linked[0].participants[0].log_id = LogId(9);
    let error = consistent_cut(&logs).unwrap_err();
    assert!(matches!(error, LogError::Corrupt { damage: Damage::MissingLog { .. }, .. }));
    let mut logs = pair();
    logs[0].linked[0].participants[0].epoch = Epoch(6);
    let error = consistent_cut(&logs).unwrap_err();
    assert!(matches!(error, LogError::Corrupt { damage: Damage::OlderBackup { .. }, .. }));
}

/// Guards against records that are lost without a word: a header vouches for what hangs on them. The log that lacks something is named,
/// not the one that was cut.
#[test]
fn a_cut_below_what_a_header_vouches_for_is_damage() {
    let mut logs = vec![log(1, 1, 0, 80), log(2, 1, 0, 80), log(3, 1, 0, 16)];
    // Transaction 1 over 1 and 2 hangs on 2, before it in log 2, whose other part, in log 3, is lost.
    logs[1].linked.push(Linked { participants: vec![part(3, 1, 16)], ..record(16, 2) });
    logs[1].linked.push(Linked { participants: vec![part(1, 1, 40)], ..record(32, 1) });
    logs[0].linked.push(Linked { participants: vec![part(2, 1, 32)], ..record(40, 1) });
    logs[0].synced = Lsn(40);
    assert_eq!(cut(&logs), [40, 16, 16], "nothing above the cut is vouched for");
    for vouching in [0, 1] {
        let mut logs = logs.clone();
        logs[vouching].synced = Lsn(48);
        let Err(LogError::Corrupt { file, offset, damage }) = consistent_cut(&logs) else {
            panic!("not noticed");
        };
        assert_eq!((&file[..], offset), ("s3.log", DATA_START + 16));
        let lost = Damage::DurableRecordLost { at: Lsn(16), synced: Lsn(24) };
        assert_eq!(damage, lost);
        let cuts = cut_to_what_is_there(&logs).unwrap();
        assert_eq!((cuts.lsns, cuts.lost), (vec![Lsn(40), Lsn(16), Lsn(16)], vec![(2, lost)]));
    }
}

/// The definition: the largest cuts at record boundaries below which everything that is named is there.
fn by_definition(logs: &[Survey]) -> Vec<Lsn> {
    let mut cuts: Vec<Lsn> = logs.iter().map(|log| log.end).collect();
    loop {
        let mut changed = false;
        for index in 0..logs.len() {
            for record in &logs[index].linked {
                let present = |part: &Participant| {
                    let other = logs.iter().position(|log| log.log_id == part.log_id).unwrap();
                    let found = logs[other].linked.iter().find(|record| record.lsn == part.lsn);
                    part.lsn < cuts[other]
                        && found.is_some_and(|found| found.txn_id == record.txn_id)
                };
                if record.lsn < cuts[index] && !record.participants.iter().all(present) {
                    cuts[index] = record.lsn;
                    changed = true;
                }
            }
        }
        if !changed {
            return cuts;
        }
    }
}

proptest! {
    /// Guards against a cut that is too large (half transactions) or too small (acknowledged ones lost).
    #[test]
    fn it_is_the_largest_consistent_cut(
        transactions in prop::collection::vec(prop::sample::subsequence(vec![0_usize, 1, 2, 3], 1..=4), 1..12),
        lost in prop::collection::vec(0_u64..12, 4),
    ) {
        let mut logs: Vec<Survey> = (0..4).map(|id| log(id + 1, 1, 0, 0)).collect();
        for (number, members) in (1..).zip(&transactions) {
            let starts: Vec<(usize, u64)> =
                members.iter().map(|index| (*index, logs[*index].end.0)).collect();
            for (index, start) in &starts {
                let others = starts.iter().filter(|(other, _)| other != index);
                let participants = others.map(|(other, lsn)| part(logs[*other].log_id.0, 1, *lsn)).collect();
                logs[*index].linked.push(Linked { participants, ..record(*start, number) });
                logs[*index].end = Lsn(start + 8);
            }
        }
        for (log, lost) in logs.iter_mut().zip(lost) {
            log.end = Lsn(log.end.0.saturating_sub(lost / 2 * 8));
            let end = log.end;
            log.linked.retain(|record| record.lsn < end);
        }
        prop_assert_eq!(consistent_cut(&logs).unwrap(), by_definition(&logs));
    }
}
