//! Every byte of a small log damaged in every way that is affordable. Damage to what was acknowledged must be told with
//! its place; only damage to the very last force may shorten the log without a word.

use rvm_log::{
    DATA_START, Damage, Dependency, Epoch, LogError, LogFile, LogId, Lsn, Participant, Verdict,
};
use rvm_storage::MemStorage;
use rvm_storage::widths::narrow;

use crate::workbench::{
    Found, LOG_LOCATION, Record, Workbench, ends, log_name, read_bytes, segment,
};

const SECTOR_LEN: usize = 512;

/// A log of four forces whose live records begin in the middle of a block and reach into the next one.
struct Sample {
    bytes: Vec<u8>,
    records: Vec<Record>,
    head: Lsn,
    end: Lsn,
    /// Where the last force began: everything below it is acknowledged by the stamps of that force.
    last_force: Lsn,
    synced: Lsn,
}

/// The sample; `acknowledge` lets the header say that all of it is durable.
fn sample(acknowledge: bool) -> Sample {
    let mut bench = Workbench::small();
    bench.append(Record::of_len(3_600, 0xee));
    bench.force();
    bench.move_head(bench.durable);
    let head = bench.head();

    let other = Participant {
        log_id: LogId(7),
        epoch: Epoch(1),
        lsn: Lsn(64),
        total_len: 128,
        part_crc: 0xabcd_ef01,
    };
    let given = Dependency { log_id: LogId(8), epoch: Epoch(1), lsn: Lsn(4096) };
    bench.append(Record::of(5, b"hello".to_vec()));
    bench.append(Record {
        label: b"three ranges".to_vec(),
        ranges: vec![(0, vec![1; 40]), (20, vec![2; 40]), (1 << 40, vec![3])],
        ..Record::default()
    });
    bench.force();
    bench.append(Record {
        participants: vec![other, Participant { log_id: LogId(9), ..other }],
        dependencies: vec![given],
        ..Record::of(100, vec![4; 20])
    });
    bench.force();
    bench.append(Record { lazy: true, ..Record::of(64, vec![5; 400]) });
    bench.append(Record { ranges: vec![(9, vec![]), (3, vec![])], ..Record::default() });
    bench.force();
    let last_force = bench.durable;
    bench.append(Record::of(0, vec![6; 150]));
    bench.append(Record { commit_time: 77, ..Record::of(8, vec![7; 30]) });
    bench.force();
    if acknowledge {
        bench.move_head(head);
    }
    let (end, synced) = (bench.durable, bench.log.header().synced);
    assert!(head.0 < 4096 && last_force.0 > 4096 && end.0 < 8192);
    Sample { bytes: bench.file(), records: bench.live, head, end, last_force, synced }
}

/// The place in the file of a position: the sample does not wrap.
fn place(lsn: Lsn) -> usize {
    narrow(DATA_START + lsn.0)
}

impl Sample {
    /// The record that the byte at this place belongs to.
    fn record_at(&self, at: usize) -> Option<usize> {
        let inside = |record: &Record| place(record.lsn) <= at && at < place(record.end());
        self.records.iter().position(inside)
    }

    fn assert_whole(&self, found: &Found, what: &str) {
        match found {
            Ok((records, verdict)) => {
                assert_eq!(*records, self.records, "{what}");
                assert_eq!(*verdict, Verdict { end: self.end, torn: None }, "{what}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }

    fn assert_lost(&self, found: &Found, index: usize, what: &str) {
        let place = place(self.records[index].lsn);
        match found {
            Err(LogError::Corrupt {
                file,
                offset,
                damage: Damage::DurableRecordLost { at, synced },
            }) => {
                assert_eq!(file, LOG_LOCATION, "{what}");
                assert_eq!(narrow(*offset), place, "{what}");
                assert_eq!(*at, self.records[index].lsn, "{what}");
                assert!(synced > at, "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }

    fn assert_shortened(&self, found: &Found, len: usize, what: &str) {
        match found {
            Ok((records, verdict)) => {
                assert_eq!(*records, self.records[..len], "{what}");
                assert_eq!(verdict.end, ends(self.head, &self.records)[len], "{what}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// What damage to one place must lead to.
    fn assert_judged(&self, found: &Found, place: usize, what: &str) {
        match self.record_at(place) {
            None => self.assert_whole(found, what),
            Some(index) if self.records[index].lsn < self.last_force.max(self.synced) => {
                self.assert_lost(found, index, what);
            }
            Some(index) => self.assert_shortened(found, index, what),
        }
    }

    fn with(&self, place: usize, flip: u8) -> Found {
        let mut bytes = self.bytes.clone();
        bytes[place] ^= flip;
        read_bytes(bytes)
    }

    fn live_places(&self) -> std::ops::Range<usize> {
        place(self.head)..place(self.end)
    }
}

/// Guards against a flipped bit of a record that goes unseen, or that is taken for a torn tail though later records
/// prove that it had been durable.
#[test]
fn every_bit_of_every_record_counts() {
    let sample = sample(false);
    sample.assert_whole(&read_bytes(sample.bytes.clone()), "undamaged");
    let mut lost = 0;
    for place in sample.live_places() {
        for flip in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            let found = sample.with(place, flip);
            sample.assert_judged(&found, place, &format!("byte {place} xor {flip:#04x}"));
            lost += usize::from(found.is_err());
        }
    }
    assert_eq!(lost, 9 * (place(sample.last_force) - place(sample.head)));
}

/// Guards against a header whose word is not taken: what it says was durable is missed even in the last force.
#[test]
fn the_last_force_is_not_torn_if_the_header_acknowledged_it() {
    let sample = sample(true);
    sample.assert_whole(&read_bytes(sample.bytes.clone()), "undamaged");
    for place in sample.live_places() {
        let found = sample.with(place, 0xff);
        let index = sample.record_at(place).unwrap();
        sample.assert_lost(&found, index, &format!("byte {place}"));
    }
}

/// Guards against a slot that cannot be lost: one of them may be damaged anywhere, without consequence. What is scanned
/// follows from the header, so it is enough that the header is the same.
#[test]
fn one_damaged_slot_costs_nothing() {
    let sample = sample(false);
    let header_of = |bytes: Vec<u8>| {
        let storage = MemStorage::new();
        storage.replace_file(&log_name(), bytes);
        LogFile::open(&storage, &segment()).map(|log| log.header().clone())
    };
    let whole = header_of(sample.bytes.clone()).unwrap();
    for place in 0..narrow(DATA_START) {
        for flip in [1_u8.rotate_left(u32::try_from(place % 8).unwrap()), 0xff] {
            let mut bytes = sample.bytes.clone();
            bytes[place] ^= flip;
            assert_eq!(header_of(bytes).unwrap(), whole, "byte {place} xor {flip:#04x}");
        }
    }
}

/// Guards against bytes outside the live records that change what is read: before the head, and behind the end. Several
/// are damaged at once, far from each other.
#[test]
fn damage_to_free_space_changes_nothing() {
    const STRIDE: usize = 2_048;
    let sample = sample(false);
    let live = sample.live_places();
    let mut damaged = 0;
    for first in 0..STRIDE {
        let mut bytes = sample.bytes.clone();
        let places = (narrow(DATA_START) + first..bytes.len()).step_by(STRIDE);
        for place in places.filter(|place| !live.contains(place)) {
            bytes[place] ^= 0xff;
            damaged += 1;
        }
        sample.assert_whole(&read_bytes(bytes), &format!("every {STRIDE}th byte from {first} on"));
    }
    assert_eq!(damaged, sample.bytes.len() - narrow(DATA_START) - live.len());
}

/// Guards against sectors that a device gives back as zeros, or as ones.
#[test]
fn lost_sectors_are_judged_like_lost_bytes() {
    for acknowledged in [false, true] {
        let sample = sample(acknowledged);
        let mut judged = [0; 3];
        for sector in 0..sample.bytes.len() / SECTOR_LEN {
            for fill in [0, 0xff] {
                let places = sector * SECTOR_LEN..(sector + 1) * SECTOR_LEN;
                let mut bytes = sample.bytes.clone();
                bytes[places.clone()].fill(fill);
                let first = places.into_iter().find(|place| {
                    bytes[*place] != sample.bytes[*place] && sample.record_at(*place).is_some()
                });
                let found = read_bytes(bytes);
                let what = format!("sector {sector} filled with {fill:#04x}");
                let index = first.and_then(|place| sample.record_at(place));
                // Later stamps may be lost with the same sector; then the header's word is all there is.
                let tail_is_hit = (sector + 1) * SECTOR_LEN > place(sample.last_force);
                match index {
                    None => sample.assert_whole(&found, &what),
                    Some(index) if !tail_is_hit || sample.records[index].lsn < sample.synced => {
                        sample.assert_lost(&found, index, &what);
                        judged[0] += 1;
                    }
                    Some(index) if found.is_ok() => {
                        sample.assert_shortened(&found, index, &what);
                        judged[1] += 1;
                    }
                    Some(index) => {
                        sample.assert_lost(&found, index, &what);
                        judged[2] += 1;
                    }
                }
            }
        }
        assert!(judged[0] > 0, "no sector held acknowledged records alone: {judged:?}");
    }
}

/// Guards against a file that ends early and is read all the same: its length is reserved before anything is written.
#[test]
fn a_file_cut_anywhere_is_too_short() {
    let sample = sample(false);
    for len in 0..sample.bytes.len() {
        let needed = if len < narrow(DATA_START) { narrow(DATA_START) } else { sample.bytes.len() };
        match read_bytes(sample.bytes[..len].to_vec()) {
            Err(LogError::Corrupt {
                file,
                offset,
                damage: Damage::TooShort { needed: n, found },
            }) => {
                assert_eq!(file, LOG_LOCATION);
                assert_eq!((narrow(offset), narrow(n), narrow(found)), (len, needed, len));
            }
            other => panic!("{len} bytes: {other:?}"),
        }
    }
}

/// Guards against a record of which only a beginning was written. Everything behind a place is lost here, the later
/// stamps too, so nothing but the header can say that something is missing.
#[test]
fn a_log_that_goes_blank_anywhere_is_a_prefix() {
    for acknowledged in [false, true] {
        let sample = sample(acknowledged);
        for place in sample.live_places() {
            let mut bytes = sample.bytes.clone();
            bytes[place..].fill(0);
            // A record ends in zeros, the high bytes of its length: they are not missed.
            let first = (place..bytes.len()).find(|at| sample.bytes[*at] != 0);
            let index = first.and_then(|first| sample.record_at(first));
            let (found, what) = (read_bytes(bytes), format!("blank from byte {place} on"));
            match index {
                None => sample.assert_whole(&found, &what),
                Some(index) if acknowledged => sample.assert_lost(&found, index, &what),
                Some(index) => sample.assert_shortened(&found, index, &what),
            }
        }
    }
}
