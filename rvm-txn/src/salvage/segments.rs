//! The bytes of one segment: its file as far as it is there, and over that what counts of its log.

use rvm_log::{Damage, LogError, Lsn, Replayed, Scanner, replay};
use rvm_storage::memory::Region;
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{FileName, FileRole, SegmentName, Storage};

use super::cuts::Kept;
use super::logs::Readable;
use crate::coverage::Coverage;
use crate::error::Result;
use crate::naming::IntoMemory;
use crate::recovery::{Condition, DamageFound};

/// What was salvaged of a segment.
pub(super) struct Salvaged {
    /// `None` if there is nothing, or no byte.
    pub(super) memory: Option<Region>,
    pub(super) condition: Condition,
    pub(super) replayed: Replayed,
    /// What is wrong with its file.
    pub(super) damage: Option<DamageFound>,
}

/// The segment of a log.
///
/// # Errors
/// I/O.
pub(super) fn of_log(storage: &dyn Storage, log: &Readable, kept: Kept) -> Result<Salvaged> {
    let needed = log.file.header().segment_len;
    let (memory, fault) = read(storage, log.name(), needed)?;
    let damage = fault.map(|fault| DamageFound::new(log.name().as_str(), "", fault));
    let nothing = memory.is_none() && damage.is_some();
    let condition = if nothing { Condition::Lost } else { kept.condition };
    let mut salvaged = Salvaged { memory, condition, replayed: Replayed::default(), damage };
    let Some(memory) = &mut salvaged.memory else { return Ok(salvaged) };
    let (header, head) = (log.file.header(), log.survey.head);
    let (len, mut sink) = (wide(memory.len()), IntoMemory(&mut *memory));
    salvaged.replayed = replay(log.file.blob(), header, (head, kept.cut), len, &mut sink)?;
    if kept.condition == Condition::Older && may_hold_newer(log, kept.cut, memory)? {
        salvaged.condition = Condition::MayHoldNewer;
    }
    if salvaged.damage.is_some() {
        salvaged.condition = salvaged.condition.max(Condition::FileDamaged);
    }
    Ok(salvaged)
}

/// A segment whose log is not there or does not count.
///
/// # Errors
/// I/O.
pub(super) fn of_file(
    storage: &dyn Storage,
    name: &SegmentName,
    condition: Condition,
) -> Result<Salvaged> {
    let (memory, fault) = read(storage, name, 0)?;
    let condition = if fault.is_some() { Condition::Lost } else { condition };
    let damage = fault.map(|fault| DamageFound::new(name.as_str(), "", fault));
    Ok(Salvaged { memory, condition, replayed: Replayed::default(), damage })
}

/// Reads a segment's file, with zeros up to `needed` where it is too short.
fn read(
    storage: &dyn Storage,
    name: &SegmentName,
    needed: u64,
) -> Result<(Option<Region>, Option<LogError>)> {
    let file_name = FileName::new(name, FileRole::Segment);
    let blob = match storage.open(&file_name) {
        Err(error) if error.is_not_found() => {
            let damage = Damage::MissingSegment { segment: file_name.to_string() };
            let fault = LogError::Corrupt { file: file_name.to_string(), offset: 0, damage };
            let zeros = if needed > 0 { Some(Region::zeroed(needed)?) } else { None };
            return Ok((zeros, Some(fault)));
        }
        opened => opened?,
    };
    let found = blob.len()?;
    let len = found.max(needed);
    let memory = if len > 0 { Some(Region::resident(blob.as_ref(), found, len)?) } else { None };
    let damage = Damage::TooShort { needed, found };
    let fault = || LogError::Corrupt { file: blob.location().to_owned(), offset: found, damage };
    Ok((memory, (found < needed).then(fault)))
}

/// Whether bytes of the records behind the cut may have reached the segment's file. They have not where the file shows other bytes, and it does
/// not matter where a record that counts has put its own over them.
fn may_hold_newer(log: &Readable, cut: Lsn, memory: &[u8]) -> Result<bool> {
    let (blob, header) = (log.file.blob(), log.file.header());
    let mut kept = Coverage::default();
    let mut scanner = Scanner::between(blob, header, log.survey.head, cut);
    while let Some(record) = scanner.next()? {
        for (offset, bytes) in record.ranges() {
            kept.add(narrow(offset), narrow(offset).saturating_add(bytes.len()), |_, _| ());
        }
    }
    let mut scanner = Scanner::between(blob, header, cut, log.survey.end);
    while let Some(record) = scanner.next()? {
        for (offset, bytes) in record.ranges() {
            let mut places = (narrow(offset)..).zip(bytes);
            if places.any(|(at, byte)| {
                memory.get(at) == Some(byte) && !kept.contains(at, at.saturating_add(1))
            }) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
