//! What a log holds behind the place where it is to be cut off.

use rvm_log::{LogError, LogFile, Lsn, Scanner};

use super::steps::LostRecord;

/// How many records are named at most.
const NAMED_MAX: usize = 1000;

/// How often to look on behind damage.
const GAPS_MAX: u32 = 64;

/// The records that can be read from `from` on, and behind damage.
///
/// # Errors
/// I/O.
pub(super) fn behind(log: &LogFile, from: Lsn) -> Result<Vec<LostRecord>, LogError> {
    let mut found = Vec::new();
    let mut scanner = Scanner::starting_at(log.blob(), log.header(), from);
    for _ in 0..GAPS_MAX {
        loop {
            match scanner.next() {
                Ok(Some(record)) if found.len() < NAMED_MAX => found.push(LostRecord {
                    transaction: record.header().txn_id,
                    lsn: record.header().lsn,
                    label: String::from_utf8_lossy(record.label()).into_owned(),
                }),
                Ok(Some(_)) => return Ok(found),
                Ok(None) | Err(LogError::Corrupt { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        if scanner.skip()?.is_none() {
            break;
        }
    }
    Ok(found)
}
