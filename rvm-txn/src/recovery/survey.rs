//! What a scan of one log found that the others need to know.

use rvm_log::{
    Dependency, Epoch, LogError, LogFile, LogId, Lsn, Participant, Scanner, TornTail, TxnId,
};

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

/// Scans a log to its end.
///
/// # Errors
/// I/O; corruption.
pub(crate) fn survey(log: &LogFile) -> std::result::Result<Survey, LogError> {
    let header = log.header();
    let mut scanner = Scanner::new(log);
    let (mut records, mut linked, mut last_txn_id) = (0, Vec::new(), header.txn_id_max);
    while let Some(record) = scanner.next()? {
        let fixed = *record.header();
        records += 1;
        last_txn_id = last_txn_id.max(fixed.txn_id);
        if fixed.participant_count > 0 || fixed.dependency_count > 0 {
            linked.push(Linked {
                lsn: fixed.lsn,
                total_len: fixed.total_len,
                txn_id: fixed.txn_id,
                part_crc: record.part_crc(),
                participants: record.participants().collect(),
                dependencies: record.dependencies().collect(),
            });
        }
    }
    let verdict = scanner.verdict()?;
    Ok(Survey {
        segment: header.segment_name.to_string(),
        file: log.blob().location().to_owned(),
        log_id: header.log_id,
        epoch: header.epoch,
        head: header.head,
        prev_end: header.prev_end,
        end: verdict.end,
        torn: verdict.torn,
        records,
        last_txn_id,
        linked,
    })
}

/// True if the store was shut down cleanly: nothing has to be read, applied or written.
///
/// A record behind a clean end is never written; if there is one all the same, the logs are recovered.
///
/// # Errors
/// I/O; corruption.
pub(crate) fn is_clean(logs: &[LogFile]) -> Result<bool> {
    let Some(first) = logs.first() else { return Ok(true) };
    for log in logs {
        let header = log.header();
        let at_rest = header.clean && header.head == header.synced;
        if !at_rest || header.epoch != first.header().epoch || Scanner::new(log).next()?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
