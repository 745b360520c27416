//! A log that is written and read back here, and what it should hold.

use rvm_log::{
    CAPACITY_MIN, Dependency, Draft, LogError, LogFile, Lsn, NewLog, Participant, RecordView, Ring,
    Scanner, Tail, TxnId, Verdict,
};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, MemStorage, SegmentName, Storage};

/// A record, copied out of a log or about to go into one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Record {
    pub(crate) lsn: Lsn,
    pub(crate) len: u64,
    pub(crate) synced: Lsn,
    pub(crate) txn_id: TxnId,
    pub(crate) commit_time: u64,
    pub(crate) lazy: bool,
    pub(crate) label: Vec<u8>,
    pub(crate) ranges: Vec<(u64, Vec<u8>)>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Record {
    /// A record with one range.
    pub(crate) fn of(offset: u64, bytes: Vec<u8>) -> Self {
        Self { ranges: vec![(offset, bytes)], ..Self::default() }
    }

    /// A record with one range that takes exactly `len` bytes of log.
    pub(crate) fn of_len(len: u64, fill: u8) -> Self {
        let fixed = Self::of(0, Vec::new()).draft_len();
        let mut record = Self::of(0, vec![fill; narrow(len - fixed)]);
        while record.draft_len() > len {
            record.ranges[0].1.pop();
        }
        assert_eq!(record.draft_len(), len, "no record has this length");
        record
    }

    pub(crate) fn end(&self) -> Lsn {
        self.lsn.plus(self.len)
    }

    pub(crate) fn draft(&self) -> Draft<'_, impl Iterator<Item = (u64, &[u8])> + Clone> {
        Draft {
            commit_time: self.commit_time,
            lazy: self.lazy,
            participants: &self.participants,
            dependencies: &self.dependencies,
            label: &self.label,
            ..Draft::new(
                self.txn_id,
                self.ranges.iter().map(|(offset, bytes)| (*offset, bytes.as_slice())),
            )
        }
    }

    fn draft_len(&self) -> u64 {
        self.draft().measure().unwrap().total_len.into()
    }
}

impl From<RecordView<'_>> for Record {
    fn from(view: RecordView<'_>) -> Self {
        let header = view.header();
        Self {
            lsn: header.lsn,
            len: header.total_len.into(),
            synced: header.synced,
            txn_id: header.txn_id,
            commit_time: header.commit_time,
            lazy: header.is_lazy(),
            label: view.label().to_vec(),
            ranges: view.ranges().map(|(offset, bytes)| (offset, bytes.to_vec())).collect(),
            participants: view.participants().collect(),
            dependencies: view.dependencies().collect(),
        }
    }
}

pub(crate) fn segment() -> SegmentName {
    SegmentName::new("sample").unwrap()
}

pub(crate) fn log_name() -> FileName {
    FileName::new(&segment(), FileRole::Log)
}

pub(crate) const LOG_LOCATION: &str = "memory/sample.log";

/// A log under construction, as a store would drive it: one force at a time.
pub(crate) struct Workbench<S = MemStorage> {
    pub(crate) storage: S,
    pub(crate) log: LogFile,
    pub(crate) tail: Tail,
    pub(crate) durable: Lsn,
    /// All records from the head on; the last `pending` of them are not forced.
    pub(crate) live: Vec<Record>,
    pending: usize,
    txn_id: u64,
}

impl Workbench {
    /// An empty log with the smallest ring.
    pub(crate) fn small() -> Self {
        Self::on(MemStorage::new(), CAPACITY_MIN)
    }
}

impl<S: Storage> Workbench<S> {
    pub(crate) fn on(storage: S, capacity: u64) -> Self {
        let new = NewLog::first_of_store(&storage, &segment(), 1 << 20, ring(capacity)).unwrap();
        let log = LogFile::create(&storage, &new).unwrap();
        let tail = Tail::new(log.header().head);
        let (durable, live) = (tail.end(), Vec::new());
        Self { storage, log, tail, durable, live, pending: 0, txn_id: 0 }
    }

    pub(crate) fn head(&self) -> Lsn {
        self.log.header().head
    }

    pub(crate) fn has_room(&self, record: &Record) -> bool {
        self.log.ring().fits(self.head(), self.tail.end().plus(record.draft_len()))
    }

    pub(crate) fn append(&mut self, mut record: Record) {
        self.txn_id += 1;
        record.txn_id = TxnId(self.txn_id);
        assert!(self.has_room(&record), "the test wants more than the ring holds");
        let draft = record.draft();
        let measure = draft.measure().unwrap();
        let lsn = self.tail.append(&draft, &measure, self.log.header().epoch, self.log.checksums());
        drop(draft);
        record.lsn = lsn;
        record.len = measure.total_len.into();
        self.live.push(record);
        self.pending += 1;
    }

    /// Forces what was appended; returns how many bytes were written.
    pub(crate) fn force(&mut self) -> u64 {
        let batch = self.tail.seal(self.durable, self.log.checksums());
        batch.force(self.log.blob(), self.log.ring()).unwrap();
        let first = self.live.len() - self.pending;
        for record in &mut self.live[first..] {
            record.synced = self.durable;
        }
        self.pending = 0;
        self.durable = batch.end();
        let written = batch.byte_len();
        self.tail.recycle(batch);
        written
    }

    /// Moves the head, which forgets the records before it.
    pub(crate) fn move_head(&mut self, head: Lsn) {
        let (synced, txn_id_max) = (self.durable, TxnId(self.txn_id));
        self.log
            .change_header(|header| {
                header.head = head;
                header.synced = synced;
                header.txn_id_max = txn_id_max;
                header.clean = false;
            })
            .unwrap();
        self.live.retain(|record| record.lsn >= head);
    }

    /// The place in the file of a position of the log.
    pub(crate) fn place(&self, lsn: Lsn) -> usize {
        narrow(self.log.ring().file_offset(lsn))
    }
}

impl Workbench {
    pub(crate) fn file(&self) -> Vec<u8> {
        self.storage.read_file(&log_name()).unwrap()
    }
}

/// What opening and scanning finds.
pub(crate) type Found = Result<(Vec<Record>, Verdict), LogError>;

pub(crate) fn read(storage: &dyn Storage) -> Found {
    scan(&LogFile::open(storage, &segment())?)
}

pub(crate) fn scan(log: &LogFile) -> Found {
    let mut scanner = Scanner::new(log);
    let mut records = Vec::new();
    while let Some(record) = scanner.next()? {
        records.push(Record::from(record));
    }
    Ok((records, scanner.verdict()?))
}

/// What opening and scanning a file of these bytes finds.
pub(crate) fn read_bytes(bytes: Vec<u8>) -> Found {
    let storage = MemStorage::new();
    storage.replace_file(&log_name(), bytes);
    read(&storage)
}

/// Numbers without a pattern, the same in each run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << shift } else { self.0 >> shift };
        }
        (self.0 >> 11) % limit
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256).to_le_bytes()[0]).collect()
    }
}

/// A ring of `capacity` bytes.
pub(crate) fn ring(capacity: u64) -> Ring {
    Ring::new(capacity).unwrap()
}

/// The ends that a scan which lost its last records could have: the head and the end of each record.
pub(crate) fn ends(head: Lsn, records: &[Record]) -> Vec<Lsn> {
    std::iter::once(head).chain(records.iter().map(Record::end)).collect()
}

/// A length in memory as a length of the log.
pub(crate) fn position(at: usize) -> Lsn {
    Lsn(wide(at))
}
