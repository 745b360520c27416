//! What a scan of one log found that the others need to know.

use rvm_log::{
    Damage, Dependency, Epoch, LogError, LogFile, LogId, Lsn, Participant, RecordView, Ring,
    Scanner, TornTail, TxnId,
};
use rvm_storage::widths::wide;
use rvm_storage::{FileName, FileRole, Storage};

use crate::error::Result;

/// What a log holds.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    pub(crate) segment: String,
    pub(crate) file: String,
    pub(crate) log_id: LogId,
    pub(crate) epoch: Epoch,
    pub(crate) head: Lsn,
    pub(crate) prev_end: Lsn,
    /// Behind the last record.
    pub(crate) end: Lsn,
    /// Up to where the header vouches: no crash takes anything below back.
    pub(crate) synced: Lsn,
    pub(crate) ring: Ring,
    pub(crate) torn: Option<TornTail>,
    /// Where records start.
    pub(crate) records: u64,
    pub(crate) last_txn_id: TxnId,
    /// The records that other logs name, or that name other logs; in order.
    pub(crate) linked: Vec<Linked>,
}

/// A record that has to do with other logs.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    pub(crate) lsn: Lsn,
    pub(crate) total_len: u32,
    pub(crate) txn_id: TxnId,
    pub(crate) part_crc: u32,
    pub(crate) participants: Vec<Participant>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// Scans a log to its end. A record that reaches behind its segment is found here, before anything is applied anywhere.
///
/// # Errors
/// I/O; corruption.
pub(crate) fn survey(
    storage: &dyn Storage,
    log: &LogFile,
) -> std::result::Result<Survey, LogError> {
    let header = log.header();
    // No record that was ever committed reaches behind what the header promises; the file is asked only where one does.
    let (mut survey, mut fault) = survey_readable(log, header.segment_len);
    if let Some(LogError::Corrupt { damage: Damage::OutsideSegment { .. }, .. }) = fault {
        let segment = FileName::new(&header.segment_name, FileRole::Segment);
        (survey, fault) = survey_readable(log, storage.open(&segment)?.len()?);
    }
    fault.map_or(Ok(survey), Err)
}

/// Scans a log as far as it can be read, and says what ended that before the log's end. A record that reaches behind the segment's
/// length is damage, too.
pub(crate) fn survey_readable(log: &LogFile, segment_len: u64) -> (Survey, Option<LogError>) {
    let mut survey = Survey::before_scan(log);
    let mut scanner = Scanner::new(log);
    loop {
        match scanner.next() {
            Ok(Some(record)) => match outside(log, &record, segment_len) {
                None => survey.add(&record),
                fault => return (survey, fault),
            },
            Ok(None) => break,
            Err(fault) => return (survey, Some(fault)),
        }
    }
    match scanner.verdict() {
        Ok(verdict) => {
            survey.torn = verdict.torn;
            (survey, None)
        }
        Err(fault) => (survey, Some(fault)),
    }
}

/// What is wrong with a record that changes bytes behind its segment's end.
fn outside(log: &LogFile, record: &RecordView<'_>, segment_len: u64) -> Option<LogError> {
    let ends = record.ranges().map(|(offset, bytes)| offset.saturating_add(wide(bytes.len())));
    let end = ends.max().filter(|end| *end > segment_len)?;
    let at = record.header().lsn;
    let damage = Damage::OutsideSegment { at, end, segment_len };
    let (file, offset) = (log.blob().location().to_owned(), log.ring().file_offset(at));
    Some(LogError::Corrupt { file, offset, damage })
}

impl Survey {
    fn before_scan(log: &LogFile) -> Self {
        let header = log.header();
        Self {
            segment: header.segment_name.to_string(),
            file: log.blob().location().to_owned(),
            log_id: header.log_id,
            epoch: header.epoch,
            head: header.head,
            prev_end: header.prev_end,
            end: header.head,
            synced: header.synced,
            ring: header.ring,
            torn: None,
            records: 0,
            last_txn_id: header.txn_id_max,
            linked: Vec::new(),
        }
    }

    fn add(&mut self, record: &RecordView<'_>) {
        let fixed = *record.header();
        self.end = fixed.end();
        self.records += 1;
        self.last_txn_id = self.last_txn_id.max(fixed.txn_id);
        if fixed.participant_count > 0 || fixed.dependency_count > 0 {
            self.linked.push(Linked {
                lsn: fixed.lsn,
                total_len: fixed.total_len,
                txn_id: fixed.txn_id,
                part_crc: record.part_crc(),
                participants: record.participants().collect(),
                dependencies: record.dependencies().collect(),
            });
        }
    }
}

/// True if the store was shut down cleanly: nothing has to be read, applied or written.
///
/// A record behind a clean end is never written; if there is one all the same, the logs are recovered. So the ring is looked through: a
/// clean log has its initial size, which is small unless it was asked for otherwise.
///
/// # Errors
/// I/O; corruption.
pub(crate) fn is_clean(logs: &[LogFile]) -> Result<bool> {
    let Some(first) = logs.first() else { return Ok(true) };
    for log in logs {
        let header = log.header();
        let at_rest = header.clean && header.head == header.synced;
        if !at_rest || header.epoch != first.header().epoch {
            return Ok(false);
        }
        let found = Scanner::new(log).verdict()?;
        // What lies behind the end would follow the next commit, and count, in the same epoch.
        if found.end != header.head || found.torn.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
