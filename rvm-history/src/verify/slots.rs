//! Checks each slot of a log's header pair by itself, and then both together.
//!
//! Which slot counts is decided as the log itself decides it. A slot that is not whole may be a crash's doing: sectors of one write in any
//! order, so the fields are those of one change and the checksum is that of another. What no such mixture explains has rotted.

use rvm_log::format::fields::{SLOT, offset_of};
use rvm_log::format::header::{MAGIC, SLOT_CRC_OFFSET, SLOT_LEN, SlotFault, seal};
use rvm_log::{BLOCK_LEN, DATA_START, LogHeader};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, StorageError};

use super::findings::Finding;
use super::kinds::FindingKind;

/// The header that counts, and where its slot lies.
pub(super) type Counting = (LogHeader, u64);

/// One slot as it was read.
struct Slot<'a> {
    bytes: &'a [u8],
    offset: u64,
    header: Result<LogHeader, SlotFault>,
}

/// Checks the pair; `None` if no slot counts.
pub(super) fn check(blob: &dyn Blob, findings: &mut Vec<Finding>) -> Option<Counting> {
    let file = blob.location();
    let mut pair = vec![0; narrow(DATA_START)];
    match blob.read_at(0, &mut pair) {
        Err(StorageError::ShortFile { file_len, .. }) => {
            let detail = format!("{file_len} bytes are less than the two header slots need");
            findings.push(Finding::new(FindingKind::FileTooShort, file, file_len, detail));
            return None;
        }
        Err(error) => {
            findings.push(Finding::new(FindingKind::Unreadable, file, 0, error.to_string()));
            return None;
        }
        Ok(()) => {}
    }
    let mut slots = pair.chunks_exact(SLOT_LEN).zip([0, BLOCK_LEN]).map(|(bytes, offset)| Slot {
        bytes,
        offset,
        header: LogHeader::decode(bytes),
    });
    let (first, second) = (slots.next()?, slots.next()?);
    for slot in [&first, &second] {
        slot.check_alone(file, findings);
    }
    together(&first, &second, file, findings)
}

impl Slot<'_> {
    /// What the slot says that is never written; whether it is whole depends on the other one.
    fn check_alone(&self, file: &str, findings: &mut Vec<Finding>) {
        match &self.header {
            Err(SlotFault::Unreadable) => {}
            Err(SlotFault::Version(found)) => {
                let detail = format!("version {found}");
                findings.push(self.at("version", FindingKind::FormatUnknown, file, detail));
            }
            Err(SlotFault::Features(found)) => {
                let detail = format!("feature bits {found:#x}");
                findings.push(self.at("features", FindingKind::FormatUnknown, file, detail));
            }
            Err(SlotFault::Field { name, value }) => {
                let detail = format!("the header's {name} cannot be {value}");
                findings.push(self.at(name, FindingKind::HeaderField, file, detail));
            }
            Ok(header) => {
                let zeros = self.zeros_from(header.segment_name.as_str().len());
                if let Some(place) = zeros {
                    let detail = "a byte behind the segment's name is not zero";
                    let offset = self.offset + wide(place);
                    findings.push(Finding::new(FindingKind::SlotReserved, file, offset, detail));
                }
            }
        }
    }

    fn at(&self, field: &str, kind: FindingKind, file: &str, detail: String) -> Finding {
        Finding::new(kind, file, self.offset + wide(offset_of(SLOT, field)), detail)
    }

    /// The first byte that is not zero behind a name of this length.
    fn zeros_from(&self, name_len: usize) -> Option<usize> {
        let start = offset_of(SLOT, "segment_name") + name_len;
        let zeros = self.bytes.get(start..SLOT_CRC_OFFSET)?;
        zeros.iter().position(|byte| *byte != 0).map(|place| start + place)
    }

    fn content(&self) -> &[u8] {
        self.bytes.get(..SLOT_CRC_OFFSET).unwrap_or_default()
    }

    /// The slot with a checksum that fits.
    fn resealed(&self) -> Option<[u8; SLOT_LEN]> {
        let mut slot = *self.bytes.first_chunk()?;
        seal(&mut slot);
        Some(slot)
    }

    /// Why it is not whole, and where.
    fn why_unreadable(&self) -> (u64, &'static str) {
        if self.resealed().is_some_and(|slot| slot == *self.bytes) {
            return (0, "the magic is wrong");
        }
        let has_magic = self.bytes.first_chunk() == Some(&MAGIC);
        if has_magic {
            return (wide(SLOT_CRC_OFFSET), "the checksum does not fit the slot");
        }
        (0, "neither the magic nor the checksum is right")
    }

    /// Whether a header write that a crash cut short explains the slot, where `other` is whole. The fields lie in the slot's first
    /// sector and the checksum in its last, so each of them is old or new.
    fn may_be_torn(&self, other: &Slot<'_>, counting: &LogHeader) -> bool {
        let resealed = self.resealed().and_then(|slot| LogHeader::decode(&slot).ok());
        let Some(header) = resealed else { return false };
        let is_of_this_log = header.store_id == counting.store_id
            && header.log_id == counting.log_id
            && header.segment_name == counting.segment_name
            && self.zeros_from(header.segment_name.as_str().len()).is_none();
        let is_next = header.generation.abs_diff(counting.generation) == 1;
        is_of_this_log && (self.content() == other.content() || is_next)
    }
}

/// What the two slots say of each other.
fn together(
    first: &Slot<'_>,
    second: &Slot<'_>,
    file: &str,
    findings: &mut Vec<Finding>,
) -> Option<Counting> {
    let unreadable = |slot: &Slot<'_>| matches!(slot.header, Err(SlotFault::Unreadable));
    let (one, other) = match (&first.header, &second.header) {
        (Ok(a), Ok(b)) => {
            let (newer, older) =
                if b.generation > a.generation { (second, first) } else { (first, second) };
            let (new, old) = if b.generation > a.generation { (b, a) } else { (a, b) };
            compare((new, newer), (old, older), file, findings);
            return Some((new.clone(), newer.offset));
        }
        (Ok(header), Err(_)) => ((header, first), second),
        (Err(_), Ok(header)) => ((header, second), first),
        (Err(_), Err(_)) => {
            if unreadable(first) && unreadable(second) {
                let (place, why) = first.why_unreadable();
                let detail = format!("both slots are unreadable; in the first {why}");
                findings.push(Finding::new(FindingKind::HeaderPair, file, place, detail));
            }
            return None;
        }
    };
    let (header, whole) = one;
    if unreadable(other) {
        let (place, why) = other.why_unreadable();
        let kind = if other.may_be_torn(whole, header) {
            FindingKind::SlotTorn
        } else {
            FindingKind::SlotUnreadable
        };
        findings.push(Finding::new(kind, file, other.offset + place, why));
    }
    Some((header.clone(), whole.offset))
}

/// Two whole slots: the same header, or two that follow one another.
fn compare(
    (new, newer): (&LogHeader, &Slot<'_>),
    (old, older): (&LogHeader, &Slot<'_>),
    file: &str,
    findings: &mut Vec<Finding>,
) {
    let mut disagree = |field: &str, detail: String| {
        findings.push(older.at(field, FindingKind::SlotsDisagree, file, detail));
    };
    let is_same_epoch = new.epoch == old.epoch;
    let never_differ = [
        ("store_id", new.store_id == old.store_id),
        ("log_id", new.log_id == old.log_id),
        ("segment_name", new.segment_name == old.segment_name),
        ("salt", (new.salt == old.salt) == is_same_epoch),
    ];
    for (field, _) in never_differ.iter().filter(|(_, fits)| !fits) {
        disagree(
            field,
            format!("the slots differ in {field}, which this change of the header never does"),
        );
    }
    let grow = [
        ("segment_len", old.segment_len, new.segment_len),
        ("epoch", old.epoch.0, new.epoch.0),
        ("head", old.head.0, new.head.0),
        ("prev_end", old.prev_end.0, new.prev_end.0),
        ("synced", old.synced.0, new.synced.0),
        ("txn_id_max", old.txn_id_max.0, new.txn_id_max.0),
    ];
    for (field, old, new) in grow.into_iter().filter(|(_, old, new)| old > new) {
        disagree(field, format!("the older slot has the higher {field}: {old}, and not {new}"));
    }
    match new.generation - old.generation {
        0 if newer.content() == older.content() => {}
        0 => {
            let place = newer.content().iter().zip(older.content()).position(|(a, b)| a != b);
            let offset = older.offset + wide(place.unwrap_or(0));
            let detail = format!("both slots are of generation {} and differ", new.generation);
            findings.push(Finding::new(FindingKind::SlotsDisagree, file, offset, detail));
        }
        1 => {
            let detail = format!("generation {}, and {} counts", old.generation, new.generation);
            findings.push(older.at("generation", FindingKind::SlotLags, file, detail));
        }
        _ => {
            let (old, new) = (old.generation, new.generation);
            let detail = format!("generations {old} and {new} do not follow one another");
            disagree("generation", detail);
        }
    }
}
