//! Checks what records say of other logs: that every part is there as it was named, names its namer back, and that whatever a
//! transaction hangs on is a position that the other log has.
//!
//! Of what lies before another log's head, or in an older epoch of it, nothing is left to compare with. What lies behind its end may be
//! a crash's doing; whether it may is the cut's business.

use std::collections::{BTreeMap, BTreeSet};

use rvm_log::format::fields::{DEPENDENCY, PARTICIPANT, len_of};
use rvm_log::format::record::{HEADER_LEN, RECORD_ALIGN};
use rvm_log::{Epoch, LogId, Lsn};
use rvm_storage::widths::wide;

use super::Log;
use super::findings::Finding;
use super::kinds::FindingKind;
use super::records::{FINDINGS_MAX, Linked};

/// Where one entry of a list names another log.
struct Name<'a> {
    from: &'a Log,
    record: &'a Linked,
    /// Where the entry lies.
    offset: u64,
    log_id: LogId,
    epoch: Epoch,
    lsn: Lsn,
}

/// Checks all lists. With `may_be_unread`, a log that is not known may be one that cannot be read.
pub(super) fn check(logs: &[Log], may_be_unread: bool, findings: &mut Vec<Finding>) {
    let by_id: BTreeMap<u64, &Log> = logs.iter().map(|log| (log.header.log_id.0, log)).collect();
    let mut links = Links { by_id, may_be_unread, missing: BTreeSet::new(), found: Vec::new() };
    for log in logs {
        for record in &log.walk.linked {
            links.record(log, record);
        }
    }
    findings.append(&mut links.found);
}

struct Links<'a> {
    by_id: BTreeMap<u64, &'a Log>,
    may_be_unread: bool,
    /// The logs that are named and not there, each with who named it first.
    missing: BTreeSet<(u64, String)>,
    found: Vec<Finding>,
}

impl<'a> Links<'a> {
    fn record(&mut self, log: &'a Log, record: &'a Linked) {
        let mut named = BTreeSet::new();
        let lists = record.header.lsn.plus(wide(HEADER_LEN));
        let mut at = lists;
        let name = |at, log_id, epoch, lsn| {
            let offset = log.header.ring.file_offset(at);
            Name { from: log, record, offset, log_id, epoch, lsn }
        };
        for part in &record.participants {
            let name = name(at, part.log_id, part.epoch, part.lsn);
            let len = u64::from(part.total_len);
            let is_record = len.is_multiple_of(RECORD_ALIGN) && len >= wide(HEADER_LEN);
            if self.entry(&name, &mut named, is_record) {
                self.part(&name, part.total_len, part.part_crc);
            }
            at = at.plus(wide(len_of(PARTICIPANT)));
        }
        for dependency in &record.dependencies {
            let name = name(at, dependency.log_id, dependency.epoch, dependency.lsn);
            if self.entry(&name, &mut named, true) {
                self.dependency(&name);
            }
            at = at.plus(wide(len_of(DEPENDENCY)));
        }
    }

    /// Checks an entry by itself; true if the log that it names can be asked.
    fn entry(&mut self, name: &Name<'a>, named: &mut BTreeSet<u64>, is_record: bool) -> bool {
        let own = name.from.header.log_id;
        let fault = if name.log_id == own {
            "names its own log"
        } else if !named.insert(name.log_id.0) {
            "names a log twice"
        } else if name.epoch != name.record.header.epoch {
            "names another epoch than its own"
        } else if !name.lsn.0.is_multiple_of(RECORD_ALIGN) || !is_record {
            "names what is no place of a record"
        } else {
            return self.is_there(name);
        };
        self.tell(FindingKind::PartList, name, fault);
        false
    }

    fn is_there(&mut self, name: &Name<'a>) -> bool {
        if self.by_id.contains_key(&name.log_id.0) {
            return true;
        }
        let is_news = self.missing.insert((name.log_id.0, name.from.file.clone()));
        if is_news && !self.may_be_unread {
            let detail = format!("names log {}, which is not in the store", name.log_id);
            self.tell(FindingKind::MissingLog, name, &detail);
        }
        false
    }

    fn part(&mut self, name: &Name<'a>, total_len: u32, part_crc: u32) {
        let Some(other) = self.other(name) else { return };
        let Some(is_record) = other.walk.has_start(name.lsn) else { return };
        let Some(part) = other.walk.linked_at(name.lsn) else {
            let what = if is_record { "a record that names no other log" } else { "no record" };
            let detail =
                format!("names a part in {} at LSN {}, where {what} is", other.file, name.lsn);
            return self.tell(FindingKind::PartMismatch, name, &detail);
        };
        let found = &part.header;
        let differs = if found.txn_id != name.record.header.txn_id {
            "its transaction"
        } else if found.total_len != total_len {
            "its length"
        } else if part.part_crc != part_crc {
            "the checksum of its data"
        } else {
            return self.answered(name, other, part);
        };
        let detail =
            format!("names a part in {} at LSN {}, and {differs} is another", other.file, name.lsn);
        self.tell(FindingKind::PartMismatch, name, &detail);
    }

    /// A part that is there must name back whoever names it.
    fn answered(&mut self, name: &Name<'a>, other: &Log, part: &Linked) {
        let from = (name.from.header.log_id, name.record.header.lsn);
        if !part.participants.iter().any(|back| (back.log_id, back.lsn) == from) {
            let detail = format!(
                "names a part in {} at LSN {}, which does not name it back",
                other.file, name.lsn
            );
            self.tell(FindingKind::PartUnanswered, name, &detail);
        }
    }

    fn dependency(&mut self, name: &Name<'a>) {
        let Some(other) = self.other(name) else { return };
        if other.walk.has_boundary(name.lsn) == Some(false) {
            let detail = format!("hangs on {} up to LSN {}", other.file, name.lsn);
            self.tell(FindingKind::DependencyMismatch, name, &detail);
        }
    }

    /// The log that is named, if what it has now can be compared.
    fn other(&self, name: &Name<'a>) -> Option<&'a Log> {
        let other = *self.by_id.get(&name.log_id.0)?;
        (name.epoch == other.header.epoch && name.lsn >= other.header.head).then_some(other)
    }

    fn tell(&mut self, kind: FindingKind, name: &Name<'a>, detail: &str) {
        if self.found.len() < FINDINGS_MAX {
            let record = &name.record.header;
            let detail = format!("transaction {}, LSN {}: {detail}", record.txn_id, record.lsn);
            self.found.push(Finding::new(kind, &name.from.file, name.offset, detail));
        }
    }
}
