//! A crashed store with one of everything that can be damaged, and the tools to damage it: a field changed, and its checksums made to fit
//! again, so that only the field's own check can find it.

use std::ops::Range;
use std::sync::Arc;

use rvm_core::rvm_history::verify::{Finding, FindingKind, VerifyOptions, VerifyReport, verify};
use rvm_core::rvm_log::format::fields::{RECORD_HEADER, SLOT, offset_of};
use rvm_core::rvm_log::format::header::{SLOT_LEN, seal};
use rvm_core::rvm_log::format::record::{HEADER_LEN, TRAILER_LEN};
use rvm_core::rvm_log::{Checksums, DATA_START, LogFile, LogHeader, Lsn, Scanner};
use rvm_core::rvm_storage::sim::SimStorage;
use rvm_core::rvm_storage::widths::narrow;
use rvm_core::rvm_storage::{FileName, SegmentName};
use rvm_core::{Durability, Rvm, Segment};

pub(super) const SEGMENT_LEN: u64 = 4096;

/// The store. `a` and `c` share transactions, `b` hangs on `a`, and the headers vouch for all of it.
pub(super) struct Specimen {
    pub(super) storage: SimStorage,
}

/// Which checksums of a record are made to fit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    None,
    Header,
    Body,
}

/// Records of the specimen that have what a damage needs, by the log and their place in it.
pub(super) const ALONE: (&str, usize) = ("a", 1);
pub(super) const SHARED: (&str, usize) = ("a", 2);
pub(super) const SHARED_BACK: (&str, usize) = ("c", 0);
pub(super) const DEPENDING: (&str, usize) = ("b", 1);

pub(super) fn open(storage: &SimStorage) -> (Rvm, [Segment; 3]) {
    let options = Rvm::options().background(false).helpers(0).log_capacity_initial(32 << 10);
    let store = options.open_with(Arc::new(storage.clone())).unwrap();
    let segments = ["a", "b", "c"].map(|name| store.map(name, SEGMENT_LEN).unwrap());
    (store, segments)
}

/// A transaction that writes `wrote`, is given `read`, and has a label.
pub(super) fn commit(store: &Rvm, wrote: &[&Segment], read: &[&Segment], durability: Durability) {
    let all: Vec<&Segment> = wrote.iter().chain(read).copied().collect();
    let mut txn = store.begin(&all).unwrap();
    txn.label("one").unwrap();
    for segment in wrote {
        txn.write(segment, 300, b"abcde").unwrap();
        txn.write(segment, 4090, b"end").unwrap();
    }
    txn.commit_with(durability).unwrap();
}

impl Specimen {
    pub(super) fn new() -> Self {
        Self::on(&SimStorage::new(7))
    }

    /// The same in a store that may have been used.
    pub(super) fn on(storage: &SimStorage) -> Self {
        let (store, [a, b, c]) = open(storage);
        for segment in [&a, &a, &b] {
            commit(&store, &[segment], &[], Durability::Force);
        }
        commit(&store, &[&a, &c], &[], Durability::Lazy);
        commit(&store, &[&b], &[&a], Durability::Force);
        for segment in [&a, &b, &c, &a, &b, &c] {
            commit(&store, &[segment], &[], Durability::Force);
        }
        let specimen = Self { storage: storage.moment().crash() };
        for name in ["a", "b", "c"] {
            let mut log = specimen.log(name);
            let end = Scanner::new(&log).verdict().unwrap().end;
            log.change_header(|header| {
                header.synced = end;
                header.txn_id_max.0 = 20;
            })
            .unwrap();
        }
        specimen
    }

    pub(super) fn verify(&self) -> VerifyReport {
        verify(&self.storage, &VerifyOptions::default(), &mut |_| ()).unwrap()
    }

    fn log(&self, name: &str) -> LogFile {
        LogFile::open(&self.storage, &SegmentName::new(name).unwrap()).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> LogHeader {
        self.log(name).header().clone()
    }

    pub(super) fn file(&self, file: &str) -> Vec<u8> {
        self.storage.read_file(&name(file)).unwrap()
    }

    pub(super) fn replace(&self, file: &str, bytes: &[u8]) {
        self.storage.replace_file(&name(file), bytes).unwrap();
    }

    /// Position and length of the record at this place of its log.
    pub(super) fn record(&self, (log, place): (&str, usize)) -> (Lsn, usize) {
        let log = self.log(log);
        let mut scanner = Scanner::new(&log);
        for _ in 0..place {
            scanner.next().unwrap().unwrap();
        }
        let record = scanner.next().unwrap().unwrap();
        (record.header().lsn, record.header().total_len as usize)
    }

    /// Where in its file the record lies.
    pub(super) fn place_of(&self, record: (&str, usize)) -> Range<u64> {
        let (lsn, len) = self.record(record);
        DATA_START + lsn.0..DATA_START + lsn.0 + len as u64
    }

    /// Changes a field of some slots of a log.
    pub(super) fn slots(&self, log: &str, slots: &[usize], field: &str, value: &[u8], fits: bool) {
        self.slot_bytes(log, slots, offset_of(SLOT, field), value, fits);
    }

    /// Changes bytes of some slots of a log.
    pub(super) fn slot_bytes(
        &self,
        log: &str,
        slots: &[usize],
        at: usize,
        value: &[u8],
        fits: bool,
    ) {
        let file = format!("{log}.log");
        let mut bytes = self.file(&file);
        for slot in bytes.chunks_exact_mut(SLOT_LEN).take(2).enumerate() {
            let (number, slot) = slot;
            if slots.contains(&number) {
                slot[at..at + value.len()].copy_from_slice(value);
                if fits {
                    seal(slot.first_chunk_mut().unwrap());
                }
            }
        }
        self.replace(&file, &bytes);
    }

    /// Changes a field of a record's fixed header.
    pub(super) fn field(&self, record: (&str, usize), field: &str, value: &[u8], fit: Fit) {
        self.bytes(record, offset_of(RECORD_HEADER, field), value, fit);
    }

    /// Changes bytes of a record.
    pub(super) fn bytes(&self, record: (&str, usize), at: usize, value: &[u8], fit: Fit) {
        let (file, (lsn, len)) = (format!("{}.log", record.0), self.record(record));
        let seed = Checksums::new(self.header(record.0).salt).at(lsn);
        let mut bytes = self.file(&file);
        let start = narrow(DATA_START + lsn.0);
        let whole = &mut bytes[start..start + len];
        whole[at..at + value.len()].copy_from_slice(value);
        if fit == Fit::Header {
            let crc = seed.over(&whole[..HEADER_LEN - 4]).value();
            whole[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
        }
        if fit == Fit::Body {
            let crc = seed.over(&whole[HEADER_LEN..len - TRAILER_LEN]).value();
            whole[len - TRAILER_LEN..len - 4].copy_from_slice(&crc.to_le_bytes());
        }
        self.replace(&file, &bytes);
    }
}

pub(super) fn name(file: &str) -> FileName {
    FileName::parse(file).unwrap()
}

/// One damage, and how it must be found.
pub(super) struct Planted {
    pub(super) what: String,
    pub(super) file: String,
    pub(super) within: Range<u64>,
    pub(super) kind: FindingKind,
}

/// Damages a fresh specimen, and wants exactly this to be found, among what else follows from it.
#[track_caller]
pub(super) fn plant(planted: &Planted, damage: impl FnOnce(&Specimen)) {
    let specimen = Specimen::new();
    damage(&specimen);
    found(planted, &specimen.verify());
}

/// Wants the damage to be among the findings.
#[track_caller]
pub(super) fn found(planted: &Planted, report: &VerifyReport) {
    let Planted { what, file, within, kind } = planted;
    let all: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let is_it = |finding: &&Finding| {
        finding.kind == *kind && finding.file.ends_with(file) && within.contains(&finding.offset)
    };
    let it = report.findings.iter().find(is_it);
    assert!(it.is_some(), "{what}: no {kind:?} in {file} {within:?} among\n{}", all.join("\n"));
}
