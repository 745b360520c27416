//! Walks one log record by record, on behind what is damaged, and checks what each record says by itself and after the one before.

use rvm_log::format::fields::{RECORD_HEADER, offset_of};
use rvm_log::format::record::{HEADER_LEN, MAGIC};
use rvm_log::{
    Checksums, Damage, Dependency, LogError, LogHeader, Lsn, Participant, RecordHeader, RecordView,
    Scanner, TxnId,
};
use rvm_storage::Blob;
use rvm_storage::widths::{narrow, wide};

use super::findings::Finding;
use super::kinds::FindingKind;

/// How often the walk goes on behind damage in one log. A file made to be slow has no more attempts than that.
const GAPS_MAX: u32 = 64;

/// How many findings of one log are told one by one.
pub(super) const FINDINGS_MAX: usize = 1000;

/// What was read of a log.
#[derive(Debug)]
pub(super) struct Walk {
    /// Whole records.
    pub(super) records: u64,
    /// Where records start and end without a gap, each with the starts of its records.
    stretches: Vec<Stretch>,
    /// The records that name other logs.
    pub(super) linked: Vec<Linked>,
    /// Whether anything lies behind the header's head.
    pub(super) is_used: bool,
}

/// Records one after the other.
#[derive(Debug)]
struct Stretch {
    starts: Vec<Lsn>,
    from: Lsn,
    end: Lsn,
}

impl Stretch {
    const fn at(from: Lsn) -> Self {
        Self { starts: Vec::new(), from, end: from }
    }

    /// Whether a record starts or ends at `lsn`; `None` if that lies elsewhere.
    fn has_boundary(&self, lsn: Lsn) -> Option<bool> {
        let within = self.from <= lsn && lsn <= self.end;
        within.then(|| lsn == self.end || self.starts.binary_search(&lsn).is_ok())
    }

    /// Whether a record starts at `lsn`; `None` if that lies elsewhere.
    fn has_start(&self, lsn: Lsn) -> Option<bool> {
        let within = self.from <= lsn && lsn < self.end;
        within.then(|| self.starts.binary_search(&lsn).is_ok())
    }
}

/// A record that names other logs.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) header: RecordHeader,
    pub(super) part_crc: u32,
    pub(super) participants: Vec<Participant>,
    pub(super) dependencies: Vec<Dependency>,
}

impl Walk {
    /// Whether a record starts or ends at `lsn`; `None` if that was not read.
    pub(super) fn has_boundary(&self, lsn: Lsn) -> Option<bool> {
        self.stretches.iter().find_map(|stretch| stretch.has_boundary(lsn))
    }

    /// Whether a record starts at `lsn`; `None` if that was not read.
    pub(super) fn has_start(&self, lsn: Lsn) -> Option<bool> {
        self.stretches.iter().find_map(|stretch| stretch.has_start(lsn))
    }

    /// The record at `lsn`, if it names other logs.
    pub(super) fn linked_at(&self, lsn: Lsn) -> Option<&Linked> {
        let found = self.linked.binary_search_by_key(&lsn, |linked| linked.header.lsn);
        found.ok().and_then(|at| self.linked.get(at))
    }
}

/// Reads a log, as its header says. `file_len` is the length of the segment's file.
pub(super) fn walk(
    blob: &dyn Blob,
    header: &LogHeader,
    file_len: u64,
    findings: &mut Vec<Finding>,
) -> Walk {
    let walk = Walk {
        records: 0,
        stretches: vec![Stretch::at(header.head)],
        linked: Vec::new(),
        is_used: false,
    };
    let segment_len = (header.segment_len, file_len.max(header.segment_len));
    let told = findings.len();
    let mut walker =
        Walker { blob, header, segment_len, findings, walk, last: None, stamp: Lsn(0), told };
    if let Err(error) = walker.run() {
        walker.tell(FindingKind::Unreadable, 0, error.to_string());
    }
    walker.walk
}

struct Walker<'a> {
    blob: &'a dyn Blob,
    header: &'a LogHeader,
    /// As the header says, and as the file is.
    segment_len: (u64, u64),
    findings: &'a mut Vec<Finding>,
    walk: Walk,
    last: Option<TxnId>,
    /// The highest stamp so far.
    stamp: Lsn,
    /// How many findings there were before.
    told: usize,
}

impl Walker<'_> {
    fn run(&mut self) -> Result<(), LogError> {
        let mut scanner = Scanner::starting_at(self.blob, self.header, self.header.head);
        for _ in 0..GAPS_MAX {
            self.stretch(&mut scanner)?;
            let Some(damage) = self.verdict(scanner.position())? else { return Ok(()) };
            self.gap(&mut scanner, &damage)?;
            let Some(next) = scanner.skip()? else { return Ok(()) };
            self.walk.stretches.push(Stretch::at(next));
        }
        let offset = self.offset(scanner.position());
        self.tell(
            FindingKind::More,
            offset,
            format!("{GAPS_MAX} gaps in this log; its rest was not read"),
        );
        Ok(())
    }

    /// Reads on until something is no record.
    fn stretch(&mut self, scanner: &mut Scanner<'_>) -> Result<(), LogError> {
        loop {
            let (record, reserved_at) = match scanner.next() {
                Ok(None) | Err(LogError::Corrupt { .. }) => return Ok(()),
                Err(error) => return Err(error),
                Ok(Some(view)) => {
                    self.check(&view);
                    (*view.header(), offset_of(RECORD_HEADER, "reserved"))
                }
            };
            let reserved = scanner.bytes_at(record.lsn.plus(wide(reserved_at)), 2)?;
            if reserved.iter().any(|byte| *byte != 0) {
                let detail = format!("transaction {}, LSN {}", record.txn_id, record.lsn);
                let offset = self.offset(record.lsn.plus(wide(reserved_at)));
                self.tell(FindingKind::RecordReserved, offset, detail);
            }
        }
    }

    fn check(&mut self, view: &RecordView<'_>) {
        let record = view.header();
        let about = format!("transaction {}, LSN {}", record.txn_id, record.lsn);
        let field = |name| record.lsn.plus(wide(offset_of(RECORD_HEADER, name)));
        self.walk.is_used = true;
        if self.last.is_some_and(|last| record.txn_id <= last) {
            let detail =
                format!("{about}: not behind transaction {}", self.last.unwrap_or_default());
            self.tell(FindingKind::TransactionOrder, self.offset(field("txn_id")), detail);
        }
        if record.lsn < self.header.synced && record.txn_id > self.header.txn_id_max {
            let detail =
                format!("{about}: the header knows of none beyond {}", self.header.txn_id_max);
            self.tell(FindingKind::TransactionMax, self.offset(field("txn_id")), detail);
        }
        let off_boundary = self.walk.has_boundary(record.synced) == Some(false);
        if record.synced < self.stamp || off_boundary {
            let detail = format!("{about}: durable up to LSN {}", record.synced);
            self.tell(FindingKind::SyncedStamp, self.offset(field("synced")), detail);
        }
        self.check_ranges(view, &about);
        self.last = Some(record.txn_id.max(self.last.unwrap_or_default()));
        self.stamp = self.stamp.max(record.synced);
        self.walk.records += 1;
        if let Some(stretch) = self.walk.stretches.last_mut() {
            stretch.starts.push(record.lsn);
            stretch.end = record.end();
        }
        if record.participant_count > 0 || record.dependency_count > 0 {
            self.walk.linked.push(Linked {
                header: *record,
                part_crc: view.part_crc(),
                participants: view.participants().collect(),
                dependencies: view.dependencies().collect(),
            });
        }
    }

    fn check_ranges(&mut self, view: &RecordView<'_>, about: &str) {
        let ends = view.ranges().map(|(offset, bytes)| offset.saturating_add(wide(bytes.len())));
        let end = ends.max().unwrap_or(0);
        let (in_header, in_file) = self.segment_len;
        let (kind, len) = if end > in_file {
            (FindingKind::RecordOutsideSegment, in_file)
        } else if end > in_header {
            (FindingKind::RecordBeyondHeader, in_header)
        } else {
            return;
        };
        let detail = format!("{about}: changes bytes up to {end} of {len}");
        self.tell(kind, self.offset(view.header().lsn), detail);
    }

    /// How the log ends at `at`: `None` if as it should, else what is wrong there.
    fn verdict(&mut self, at: Lsn) -> Result<Option<Damage>, LogError> {
        match Scanner::starting_at(self.blob, self.header, at).verdict() {
            Ok(verdict) => {
                if let Some(torn) = verdict.torn {
                    let detail = format!("{} bytes from LSN {at} on", torn.len);
                    self.walk.is_used = true;
                    self.tell(FindingKind::TornTail, self.offset(at), detail);
                }
                Ok(None)
            }
            Err(LogError::Corrupt { damage, .. }) => Ok(Some(damage)),
            Err(error) => Err(error),
        }
    }

    /// Tells of what is no record where one should be.
    fn gap(&mut self, scanner: &mut Scanner<'_>, damage: &Damage) -> Result<(), LogError> {
        let at = scanner.position();
        self.walk.is_used = true;
        let (kind, place, why) = match damage {
            Damage::Malformed { fault, .. } => {
                let what = (*fault).to_owned();
                (
                    FindingKind::RecordMalformed,
                    at,
                    format!("the record at LSN {at}: {what} cannot be"),
                )
            }
            damage => {
                let (field, why) = self.why_no_record(at, scanner.bytes_at(at, wide(HEADER_LEN))?);
                (FindingKind::RecordLost, at.plus(field), format!("{damage}: {why}"))
            }
        };
        self.tell(kind, self.offset(place), why);
        Ok(())
    }

    /// What is wrong with these bytes as the header of a record at `at`, and where.
    fn why_no_record(&self, at: Lsn, bytes: &[u8]) -> (u64, String) {
        let Some(bytes) = bytes.first_chunk::<HEADER_LEN>() else {
            return (0, "the ring ends there".to_owned());
        };
        let field = |name| wide(offset_of(RECORD_HEADER, name));
        let number = |name: &str| {
            let place = offset_of(RECORD_HEADER, name);
            bytes.get(place..).and_then(|rest| rest.first_chunk()).map(|n| u64::from_le_bytes(*n))
        };
        if !bytes.starts_with(&MAGIC) {
            return (0, "no record begins there".to_owned());
        }
        if let Some(lsn) = number("lsn").filter(|lsn| *lsn != at.0) {
            return (field("lsn"), format!("the record there says that it is at LSN {lsn}"));
        }
        if let Some(epoch) = number("epoch").filter(|epoch| *epoch != self.header.epoch.0) {
            return (field("epoch"), format!("the record there is of epoch {epoch}"));
        }
        match RecordHeader::decode(bytes, at, self.header.epoch, Checksums::new(self.header.salt)) {
            Err(_) => (field("header_crc"), "the checksum of its header is wrong".to_owned()),
            Ok(_) => {
                (wide(HEADER_LEN), "the checksum of its body, or its trailer, is wrong".to_owned())
            }
        }
    }

    fn offset(&self, lsn: Lsn) -> u64 {
        self.header.ring.file_offset(lsn)
    }

    fn tell(&mut self, kind: FindingKind, offset: u64, detail: String) {
        let told = self.findings.len() - self.told;
        let file = self.blob.location();
        if told < FINDINGS_MAX {
            self.findings.push(Finding::new(kind, file, offset, detail));
        } else if told == FINDINGS_MAX {
            let detail = format!("more than {FINDINGS_MAX} findings in this log");
            self.findings.push(Finding::new(FindingKind::More, file, offset, detail));
        }
    }
}

/// Tells of bytes that are not zero in a ring that was never written: one whose header never changed.
pub(super) fn check_zeros(
    blob: &dyn Blob,
    header: &LogHeader,
    findings: &mut Vec<Finding>,
) -> Result<(), LogError> {
    const PIECE: u64 = 1 << 16;
    if header.generation != 1 || !header.clean {
        return Ok(());
    }
    let end = header.ring.file_len();
    let mut at = rvm_log::DATA_START;
    let mut bytes = vec![0; narrow(PIECE)];
    while at < end {
        let piece = bytes.get_mut(..narrow(PIECE.min(end - at))).unwrap_or_default();
        blob.read_at(at, piece)?;
        if let Some(place) = piece.iter().position(|byte| *byte != 0) {
            let (offset, detail) = (at + wide(place), "the first byte that is not zero");
            findings.push(Finding::new(FindingKind::ZeroFilling, blob.location(), offset, detail));
            return Ok(());
        }
        at += wide(piece.len());
    }
    Ok(())
}
