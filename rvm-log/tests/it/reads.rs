//! A read that fails is never taken for the end of the log, and a sink that fails stops a replay.

use std::io;

use rvm_log::{Damage, LogError, LogFile, ReplaySink, Result, Scanner, replay};
use rvm_storage::StorageError;
use rvm_storage::sim::{Failure, Fault, OperationKind, SimStorage};

use crate::workbench::{Record, Workbench, read, scan, segment};

const MIB: u64 = 1 << 20;

/// A log of several windows, so that it takes several reads.
fn long_log() -> Workbench<SimStorage> {
    let mut bench = Workbench::on(SimStorage::new(1), 4 * MIB);
    for fill in 1..=20 {
        bench.append(Record::of_len(160_000, fill));
        bench.force();
    }
    bench
}

fn reads(storage: &SimStorage) -> u64 {
    storage.count(OperationKind::Read)
}

/// Lets the `n`-th read from now on fail, counted from 0, and only that one.
fn fail_read(storage: &SimStorage, n: u64) {
    storage.inject(Fault::nth(n, Failure::Error).of(OperationKind::Read));
}

/// True for the failure of a read that a test asked for.
fn is_failed_read(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Storage(StorageError::Io { operation: "read", source, .. }) if source.kind() == io::ErrorKind::Other
    )
}

/// Guards against an I/O error that is read as "nothing more was written": records would be lost without a word.
#[test]
fn no_failed_read_is_an_end_of_log() {
    let bench = long_log();
    let whole = read(&bench.storage).unwrap();
    let before = reads(&bench.storage);
    assert_eq!(read(&bench.storage).unwrap(), whole);
    let count = reads(&bench.storage) - before;
    assert!(count >= 5, "{count} reads: too few to fail in different places");
    for n in 0..count {
        fail_read(&bench.storage, n);
        match read(&bench.storage) {
            Err(error) => assert!(is_failed_read(&error), "read {n}: {error}"),
            Ok((records, _)) => panic!("read {n} failed, and {} records were found", records.len()),
        }
        assert_eq!(bench.storage.faults_fired(), n + 1);
    }
}

/// Guards against a scanner that a failed read leaves with half a window: asked again, it goes on where it was.
#[test]
fn a_scanner_goes_on_behind_a_failed_read() {
    let bench = long_log();
    let log = LogFile::open(&bench.storage, &segment()).unwrap();
    let before = reads(&bench.storage);
    scan(&log).unwrap();
    for n in 0..reads(&bench.storage) - before {
        fail_read(&bench.storage, n);
        let (mut scanner, mut records, mut failures) = (Scanner::new(&log), Vec::new(), 0);
        loop {
            match scanner.next() {
                Ok(Some(record)) => records.push(Record::from(record)),
                Ok(None) => break,
                Err(error) => {
                    assert!(is_failed_read(&error));
                    failures += 1;
                }
            }
        }
        match scanner.verdict() {
            Ok(verdict) => assert_eq!(verdict.end, bench.durable),
            Err(error) => {
                assert!(is_failed_read(&error), "{error}");
                failures += 1;
            }
        }
        assert!(records == bench.live, "read {n}");
        assert_eq!(failures, 1, "read {n}");
    }
}

/// Takes a number of calls, then fails as a full device does.
struct Full {
    calls_left: u32,
}

impl ReplaySink for Full {
    fn apply(&mut self, _offset: u64, _bytes: &[u8]) -> Result<()> {
        if self.calls_left == 0 {
            return Err(LogError::Storage(StorageError::Io {
                operation: "write",
                path: "sample.seg".to_owned(),
                offset: None,
                source: io::ErrorKind::StorageFull.into(),
            }));
        }
        self.calls_left -= 1;
        Ok(())
    }
}

/// Guards against a sink's error that is lost, or that does not stop the replay.
#[test]
fn a_failing_sink_stops_the_replay_with_its_own_error() {
    let mut bench = Workbench::small();
    for at in 0..4 {
        bench.append(Record::of(1_000 * at, vec![1; 10]));
    }
    bench.force();
    let header = bench.log.header();
    for calls_left in 0..4 {
        let mut sink = Full { calls_left };
        let span = (header.head, bench.durable);
        match replay(bench.log.blob(), header, span, 1 << 20, &mut sink) {
            Err(LogError::Storage(error)) => assert!(error.is_out_of_space()),
            other => panic!("{other:?}"),
        }
    }
    let mut sink = Full { calls_left: 4 };
    replay(bench.log.blob(), header, (header.head, bench.durable), 1 << 20, &mut sink).unwrap();
}

/// Guards against a replay that stops at a damaged record and calls that the end; and against a range that a record
/// puts behind its segment's end.
#[test]
fn a_replay_reads_all_it_was_told_to_or_fails() {
    let mut bench = Workbench::small();
    for at in 0..4 {
        bench.append(Record::of(1_000 * at, vec![1; 10]));
    }
    bench.force();
    let header = bench.log.header().clone();
    let (span, lost) = ((header.head, bench.durable), bench.live[2].lsn);
    let outside = replay(bench.log.blob(), &header, span, 3_009, &mut Full { calls_left: 9 });
    match outside {
        Err(LogError::Corrupt {
            offset,
            damage: Damage::OutsideSegment { at, end, segment_len },
            ..
        }) => {
            assert_eq!((at, end, segment_len), (bench.live[3].lsn, 3_010, 3_009));
            assert_eq!(offset, header.ring.file_offset(at));
        }
        other => panic!("{other:?}"),
    }
    let place = header.ring.file_offset(lost) + 70;
    bench.log.blob().write_at(place, &[0xff]).unwrap();
    match replay(bench.log.blob(), &header, span, 1 << 20, &mut Full { calls_left: 9 }) {
        Err(LogError::Corrupt { damage: Damage::DurableRecordLost { at, synced }, .. }) => {
            assert_eq!((at, synced), (lost, bench.durable));
        }
        other => panic!("{other:?}"),
    }
}
