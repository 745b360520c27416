//! A whole log file of any bytes: opened, scanned to its verdict, replayed and walked backwards. A log or an error, never
//! more memory than the file is long (and a little), and the same each time.

use arbitrary::{Arbitrary, Unstructured};
use rvm_core::rvm_log::{
    CAPACITY_MIN, DATA_START, LogError, LogFile, Lsn, ReplaySink, Scanner, Verdict, replay,
};
use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName};

use crate::log_plan::{Damage, HeaderPlan, LogInMaking};
use crate::record_plan::RecordPlan;

/// What reading may allocate for each byte of the file, and besides.
const MEMORY_FACTOR: usize = 16;
const MEMORY_BESIDES: usize = 1 << 20;

/// Segments up to this length are replayed into memory and compared.
const SEGMENT_LEN_MAX: u64 = 64 << 10;

#[derive(Arbitrary, Debug)]
struct Plan {
    header: HeaderPlan,
    segment_len: u16,
    records: Vec<RecordPlan>,
    damage: Vec<Damage>,
}

/// Checks an input: one byte that says whether the rest is a plan, or the file itself, or that with zeros behind it.
pub fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    let name = SegmentName::new("sample").expect("a good name");
    let file = match kind {
        0 => bytes.to_vec(),
        1 => {
            let mut file = bytes.to_vec();
            file.resize(narrow(DATA_START + CAPACITY_MIN).max(file.len()), 0);
            file
        }
        _ => {
            let Ok(plan) = Plan::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
            let mut log = LogInMaking::new(&plan.header, &name, plan.segment_len.into(), 0);
            for (txn_id, record) in (1..).zip(&plan.records) {
                log.append(record, txn_id, &[], &[]);
            }
            log.finish(&plan.damage)
        }
    };
    let more = MEMORY_BESIDES + MEMORY_FACTOR * file.len();
    // Scanning is most of the work, so not each input is scanned again.
    let again = *kind % 8 == 7;
    crate::memory::bounded(more, || read(&name, file, again));
}

fn read(name: &SegmentName, file: Vec<u8>, again: bool) {
    let storage = MemStorage::new();
    let log_name = FileName::new(name, FileRole::Log);
    storage.replace_file(&log_name, file.clone());
    let opened = LogFile::open(&storage, name);
    let Some(mut log) = allowed(opened) else {
        assert_eq!(storage.read_file(&log_name), Some(file), "a file was changed by looking at it");
        return;
    };
    let found = scan(&log);
    if again {
        assert_eq!(format!("{found:?}"), format!("{:?}", scan(&log)), "scanning is not pure");
    }
    if let Some((records, verdict)) = allowed(found) {
        let header = log.header();
        let ends: Vec<Lsn> = records.iter().map(|record| record.end).collect();
        assert_eq!(verdict.end, ends.last().copied().unwrap_or(header.head));
        assert!(verdict.end <= header.ring.limit(header.head) && verdict.end >= header.synced);
        if let Some(torn) = verdict.torn {
            assert!(torn.len > 0);
            assert!(verdict.end.plus(torn.len) <= header.ring.limit(header.head));
        }
        walk_back(&log, &file, &ends);
        replay_all(&log, &records, verdict.end);
    }
    assert_eq!(storage.read_file(&log_name), Some(file), "a file was changed by looking at it");

    let before = log.header().clone();
    if allowed(log.change_header(|_| {})).is_some() {
        let header =
            LogFile::open(&storage, name).expect("what was written is read").header().clone();
        assert_eq!(header.generation, before.generation.saturating_add(1));
        assert_eq!(
            header,
            rvm_core::rvm_log::LogHeader { generation: header.generation, ..before }
        );
    }
}

/// A record that was scanned.
#[derive(Debug)]
struct Scanned {
    start: Lsn,
    end: Lsn,
    ranges: Vec<(u64, Vec<u8>)>,
}

fn scan(log: &LogFile) -> Result<(Vec<Scanned>, Verdict), LogError> {
    let mut scanner = Scanner::new(log);
    let (mut records, mut at) = (Vec::new(), log.header().head);
    while let Some(record) = scanner.next()? {
        let header = record.header();
        assert_eq!(header.lsn, at, "records that do not follow each other");
        at = header.end();
        let ranges = record.ranges().map(|(offset, bytes)| (offset, bytes.to_vec())).collect();
        records.push(Scanned { start: header.lsn, end: at, ranges });
    }
    assert_eq!(scanner.position(), at);
    let verdict = scanner.verdict()?;
    Ok((records, verdict))
}

/// The length at the end of each record must lead to its start: that is how a tool walks backwards.
fn walk_back(log: &LogFile, file: &[u8], ends: &[Lsn]) {
    let (head, ring) = (log.header().head, log.ring());
    let mut at = ends.last().copied().unwrap_or(head);
    for end in ends.iter().rev() {
        assert_eq!(*end, at);
        let place = narrow(ring.file_offset(Lsn(at.0 - 8)));
        let len = u32::from_le_bytes(file[place + 4..place + 8].try_into().expect("4 bytes"));
        at = Lsn(at.0 - u64::from(len));
    }
    assert_eq!(at, head);
}

/// Replays the whole log, and each record by itself, which must come to the same.
fn replay_all(log: &LogFile, records: &[Scanned], end: Lsn) {
    let header = log.header();
    let len = header.segment_len;
    let outside = records
        .iter()
        .flat_map(|record| &record.ranges)
        .any(|(offset, bytes)| offset.checked_add(wide(bytes.len())).is_none_or(|end| end > len));
    let mut sink = Sink { len, ..Sink::default() };
    let whole = replay(log.blob(), header, (header.head, end), len, &mut sink);
    assert_eq!(whole.is_err(), outside, "{whole:?}");
    let Some(done) = allowed(whole) else { return };
    assert_eq!(done.records, wide(records.len()));
    assert_eq!(done.applied_bytes, sink.applied);
    if len > SEGMENT_LEN_MAX {
        return;
    }
    let (mut expected, mut found) = (vec![0; narrow(len)], vec![0; narrow(len)]);
    let mut one_by_one = expected.clone();
    for record in records {
        let mut sink = Sink { len, ..Sink::default() };
        replay(log.blob(), header, (record.start, record.end), len, &mut sink)
            .expect("a part of what could be replayed");
        sink.put_into(&mut one_by_one);
        for (offset, bytes) in &record.ranges {
            expected[narrow(*offset)..][..bytes.len()].copy_from_slice(bytes);
        }
    }
    sink.put_into(&mut found);
    assert!(found == expected, "replaying is not what the ranges say");
    let mut as_written = Memory(vec![0; narrow(len)]);
    replay(log.blob(), header, (header.head, end), len, &mut as_written)
        .expect("what another sink was given");
    assert!(as_written.0 == expected, "replaying as it was written is not what the ranges say");
    assert!(one_by_one == expected, "replaying in parts is not replaying at once");
}

#[derive(Default)]
struct Sink {
    len: u64,
    /// The end of what was applied last.
    at: u64,
    applied: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl ReplaySink for Sink {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        assert!(offset >= self.at && !bytes.is_empty(), "out of order, overlapping, or empty");
        self.at = offset + wide(bytes.len());
        assert!(self.at <= self.len, "outside the segment");
        self.applied += wide(bytes.len());
        self.pieces.push((offset, bytes.to_vec()));
        Ok(())
    }
}

/// A segment in memory, which takes ranges as they were written.
struct Memory(Vec<u8>);

impl ReplaySink for Memory {
    fn apply(&mut self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        self.0[narrow(offset)..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn takes_overlaps(&self) -> bool {
        true
    }
}

impl Sink {
    fn put_into(&self, segment: &mut [u8]) {
        for (offset, bytes) in &self.pieces {
            segment[narrow(*offset)..][..bytes.len()].copy_from_slice(bytes);
        }
    }
}

/// What was found, if it is no damage; any other error is a finding.
fn allowed<T>(result: Result<T, LogError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(LogError::Corrupt { file, .. } | LogError::Unsupported { file, .. }) => {
            assert!(file.ends_with("sample.log"), "{file}");
            None
        }
        Err(other) => panic!("neither a log nor damage: {other}"),
    }
}
