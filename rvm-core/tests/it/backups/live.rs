//! Backups that are made while threads commit as fast as they can.
//!
//! Each segment counts its transactions in its first cell, so a copy of it says how many of them it has, and the notes of the threads say
//! what it has to look like then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Durability, Rvm, Segment};

use super::{back_up, restored};

const SEGMENTS: usize = 3;
/// In bytes; some chunks, the last one shorter.
const LEN: usize = (2 << 20) + 8 * 1000;
const CELLS: usize = LEN / 8;

/// What one transaction wrote: for each segment its number there, and cells with their new values.
struct Note {
    transaction: u64,
    parts: Vec<Part>,
}

struct Part {
    segment: usize,
    /// Its number among those of the segment.
    number: u64,
    cells: Vec<(usize, u64)>,
}

struct Run {
    rvm: Rvm,
    segments: Vec<Segment>,
    notes: Mutex<Vec<Note>>,
    /// The transactions that a force has acknowledged.
    acknowledged: Mutex<BTreeSet<u64>>,
    over: AtomicBool,
}

fn cell(bytes: &[u8], number: usize) -> u64 {
    u64::from_le_bytes(bytes[number * 8..number * 8 + 8].try_into().unwrap())
}

/// A number below `below`, by a generator whose state is `random`.
fn draw(random: &mut u64, below: usize) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
    narrow(*random >> 33) % below
}

impl Run {
    fn new(store: &Path, log_len: u64) -> Self {
        let options = Rvm::options().log_capacity_initial(log_len).log_capacity_max(log_len);
        let rvm = options.lazy_interval(Duration::from_millis(20)).open(store).unwrap();
        let segments = (0..SEGMENTS).map(|i| rvm.map(&format!("s{i}"), wide(LEN)).unwrap());
        let segments = segments.collect();
        let (notes, acknowledged) = (Mutex::default(), Mutex::default());
        Self { rvm, segments, notes, acknowledged, over: AtomicBool::new(false) }
    }

    /// Moves an amount from a cell to another one, in two segments, and fills some cells of no account.
    fn transfer(&self, random: &mut u64) {
        let from = draw(random, SEGMENTS);
        let to = (from + 1 + draw(random, SEGMENTS - 1)) % SEGMENTS;
        let amount = wide(draw(random, 1000));
        let mut txn = self.rvm.begin(&[&self.segments[from], &self.segments[to]]).unwrap();
        let mut parts = Vec::new();
        for (segment, sum) in [(from, amount.wrapping_neg()), (to, amount)] {
            let before = txn.read(&self.segments[segment]).unwrap();
            let number = cell(before, 0) + 1;
            // Half of the cells are accounts, and the others are filled.
            let account = 1 + draw(random, CELLS / 2 - 1);
            let mut cells = vec![(account, cell(before, account).wrapping_add(sum)), (0, number)];
            if draw(random, 4) == 0 {
                let start = CELLS / 2 + draw(random, CELLS / 2 - 300);
                cells.extend((start..start + draw(random, 300)).map(|cell| (cell, number)));
            }
            for (cell, value) in &cells {
                let offset = wide(cell * 8);
                txn.write(&self.segments[segment], offset, &value.to_le_bytes()).unwrap();
            }
            parts.push(Part { segment, number, cells });
        }
        let lazy = draw(random, 8) == 0;
        let durability = if lazy { Durability::Lazy } else { Durability::Force };
        let transaction = txn.commit_with(durability).unwrap().transaction_id();
        self.notes.lock().unwrap().push(Note { transaction, parts });
        if !lazy {
            self.acknowledged.lock().unwrap().insert(transaction);
        }
    }

    fn commit_until_over(&self, mut random: u64) {
        while !self.over.load(Ordering::Relaxed) {
            self.transfer(&mut random);
        }
    }
}

/// Checks a restored backup against the notes: each segment is as it was behind some transaction of its own, each transaction is in all of its
/// segments or in none, none is missing that was acknowledged before, and no money came or went.
fn check(segments: &BTreeMap<String, Vec<u8>>, notes: &[Note], acknowledged: &BTreeSet<u64>) {
    let content: Vec<&[u8]> = (0..SEGMENTS).map(|i| &segments[&format!("s{i}.seg")][..]).collect();
    let counts: Vec<u64> = content.iter().map(|bytes| cell(bytes, 0)).collect();
    let mut model = vec![vec![0; CELLS]; SEGMENTS];
    let mut ordered: Vec<_> = notes.iter().collect();
    ordered.sort_by_key(|note| note.transaction);
    for note in ordered {
        let mut is_in = note.parts.iter().map(|part| part.number <= counts[part.segment]);
        let first = is_in.next().unwrap();
        assert!(is_in.all(|other| other == first), "half of transaction {}", note.transaction);
        assert!(first || !acknowledged.contains(&note.transaction), "{} is lost", note.transaction);
        for part in note.parts.iter().filter(|_| first) {
            for (cell, value) in &part.cells {
                model[part.segment][*cell] = *value;
            }
        }
    }
    let mut sum = 0_u64;
    for (segment, (bytes, model)) in content.iter().zip(&model).enumerate() {
        let cells: Vec<u64> = (0..CELLS).map(|number| cell(bytes, number)).collect();
        let wrong = cells.iter().zip(model).position(|(found, expected)| found != expected);
        assert_eq!(wrong, None, "segment {segment} has a wrong cell");
        sum = cells[1..CELLS / 2].iter().fold(sum, |sum, value| sum.wrapping_add(*value));
    }
    assert_eq!(sum, 0, "money came or went");
}

/// Runs threads against the store while backups are made, full ones and such as build on the one before; checks each.
fn back_up_while_committing(log_len: u64, backups: usize) {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let run = Run::new(&store, log_len);
    let mut made = Vec::new();
    thread::scope(|scope| {
        for thread in 0..3 {
            let run = &run;
            scope.spawn(move || run.commit_until_over(thread + 1));
        }
        let mut since: Option<PathBuf> = None;
        for number in 0..backups {
            while run.acknowledged.lock().unwrap().len() < 100 * (number + 1) {
                thread::yield_now();
            }
            let before = run.acknowledged.lock().unwrap().clone();
            let to = dir.path().join(format!("b{number}"));
            let report = back_up(&store, &to, since.as_deref()).unwrap();
            assert!(before.last() <= report.last_transaction.as_ref());
            since = (number % 4 != 3).then(|| to.clone());
            made.push((to, before));
        }
        run.over.store(true, Ordering::Relaxed);
    });
    run.rvm.flush().unwrap();
    let notes = run.notes.into_inner().unwrap();
    for (backup, acknowledged) in made {
        check(&restored(&backup).unwrap(), &notes, &acknowledged);
    }
}

/// Guards against a backup that is of no moment: one that misses what was acknowledged, has half of a transaction, or bytes that truncation wrote
/// too early. The logs are truncated many times during each.
#[test]
fn a_backup_beside_commits_is_the_committed_state_of_one_moment() {
    back_up_while_committing(64 << 10, 6);
}

/// The same where the logs have all that came since the base, so that only that is read.
#[test]
fn a_backup_of_what_the_logs_tell_is_the_committed_state_of_one_moment() {
    back_up_while_committing(1 << 20, 5);
}
