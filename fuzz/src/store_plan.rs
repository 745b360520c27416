//! A store's files to be written: true ones, with transactions over several logs, and with lies and damage.

use arbitrary::Arbitrary;
use rvm_core::rvm_log::{Dependency, Participant};
use rvm_core::rvm_storage::{FileName, FileRole, MemStorage, SegmentName};

use crate::log_plan::{Damage, HeaderPlan, LogInMaking};
use crate::record_plan::RecordPlan;

/// The most segments; more would tell nothing new.
const SEGMENTS_MAX: usize = 3;

const ROLES: [FileRole; 6] = [
    FileRole::NewSegment,
    FileRole::NewLog,
    FileRole::NewArchive,
    FileRole::Segment,
    FileRole::Log,
    FileRole::Archive,
];

/// What a store's directory holds.
#[derive(Arbitrary, Debug)]
pub struct StorePlan {
    segments: Vec<SegmentPlan>,
    transactions: Vec<TransactionPlan>,
    others: Vec<FilePlan>,
}

#[derive(Arbitrary, Debug)]
struct SegmentPlan {
    len: u8,
    header: HeaderPlan,
    log_damage: Vec<Damage>,
    /// Bits: neither file is there; the log is not; the log has the next one's name; the file is short.
    missing: u8,
}

/// A transaction: for each log whether it writes to it, was given it, or has nothing to do with it.
#[derive(Arbitrary, Debug)]
struct TransactionPlan {
    uses: u8,
    records: Vec<RecordPlan>,
}

/// A file of any name and any bytes, in place of one that has that name.
#[derive(Arbitrary, Debug)]
struct FilePlan {
    /// What is no segment's name means one of the other segments, or one more.
    segment: String,
    role: u8,
    bytes: Vec<u8>,
}

impl StorePlan {
    /// Writes the files.
    #[must_use]
    pub fn write(&self) -> MemStorage {
        let storage = MemStorage::new();
        let segments = &self.segments[..self.segments.len().min(SEGMENTS_MAX)];
        let mut logs: Vec<LogInMaking<'_>> = Vec::new();
        for (number, segment) in (0_u8..).zip(segments) {
            logs.push(LogInMaking::new(&segment.header, &name(number), segment.len.into(), number));
        }
        for (txn_id, transaction) in (1..).zip(&self.transactions) {
            transaction.append_to(&mut logs, txn_id);
        }
        for ((number, segment), log) in (0_u8..).zip(segments).zip(logs) {
            let missing =
                |bit: u8| segment.missing & 0b11 == 0b11 && segment.missing >> 2 & bit != 0;
            let bytes = (0..segment.len - u8::from(missing(4) && segment.len > 0)).collect();
            if !missing(1) {
                storage.replace_file(&FileName::new(&name(number), FileRole::Segment), bytes);
            }
            if !missing(2) {
                let named = name(if missing(8) { number + 1 } else { number });
                let log = log.finish(&segment.log_damage);
                storage.replace_file(&FileName::new(&named, FileRole::Log), log);
            }
        }
        for file in &self.others {
            let role = ROLES[usize::from(file.role / 4) % ROLES.len()];
            let segment = SegmentName::new(&file.segment).unwrap_or_else(|_| name(file.role % 4));
            storage.replace_file(&FileName::new(&segment, role), file.bytes.clone());
        }
        storage
    }
}

fn name(number: u8) -> SegmentName {
    SegmentName::new(&char::from(b'a' + number).to_string()).expect("a good name")
}

impl TransactionPlan {
    /// Appends a record to each log that the transaction writes to, each of which names the others.
    fn append_to(&self, logs: &mut [LogInMaking<'_>], txn_id: u64) {
        let uses = |log: usize| self.uses >> (2 * log) & 0b11;
        let writes: Vec<usize> = (0..logs.len()).filter(|log| uses(*log) >= 2).collect();
        let dependencies: Vec<Dependency> = (0..logs.len())
            .filter(|log| uses(*log) == 1)
            .map(|log| logs[log].as_dependency())
            .collect();
        let Some(others) = writes.len().checked_sub(1) else { return };
        let work: Vec<(usize, &RecordPlan)> = writes.into_iter().zip(&self.records).collect();
        // Where a record is missing from the plan the others name one that is not there.
        let parts: Vec<(usize, Participant)> = work
            .iter()
            .map(|(log, record)| {
                (*log, logs[*log].next_part(record.measure(others, dependencies.len())))
            })
            .collect();
        for (log, record) in work {
            let named = parts.iter().filter(|(other, _)| *other != log);
            let named: Vec<Participant> = named.map(|(_, part)| *part).collect();
            logs[log].append(record, txn_id, &named, &dependencies);
        }
    }
}
