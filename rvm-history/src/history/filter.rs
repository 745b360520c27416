//! Which transactions are wanted.

use rvm_log::RecordView;

use super::overlap;

/// Which transactions are wanted: those that all of it is true of. The default lets everything through.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Filter {
    /// It changed this segment.
    pub segment: Option<String>,
    /// It declared one of these bytes.
    pub touching: Option<Touching>,
    /// It wrote these bytes, one after the other, in a range that `touching` and `segment` let through.
    pub value: Option<Vec<u8>>,
    /// Its label has this text in it.
    pub label: Option<String>,
    /// It was committed at this time or later, in nanoseconds since 1970, by the machine's clock then.
    pub since: Option<u64>,
    /// It was committed at this time or before.
    pub until: Option<u64>,
}

/// Bytes of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touching {
    /// The segment.
    pub segment: String,
    /// The first byte.
    pub start: u64,
    /// The byte behind the last.
    pub end: u64,
}

impl Filter {
    /// Whether a record, one part of a transaction, has the bytes that are wanted.
    pub(super) fn takes_bytes(&self, segment: &str, record: &RecordView<'_>) -> bool {
        if self.segment.as_ref().is_some_and(|wanted| wanted != segment) {
            return false;
        }
        let touching = match &self.touching {
            None => None,
            Some(touching) if touching.segment == segment => Some((touching.start, touching.end)),
            Some(_) => return false,
        };
        if touching.is_none() && self.value.is_none() {
            return true;
        }
        let is_wanted = |(offset, bytes): (u64, &[u8])| {
            touching.is_none_or(|bounds| overlap(bounds, offset, bytes.len()))
                && self.value.as_ref().is_none_or(|value| has(bytes, value))
        };
        record.ranges().any(is_wanted)
    }

    /// Whether what all parts of a transaction have in common is wanted.
    pub(super) fn takes_all(&self, commit_time: u64, label: &str) -> bool {
        self.since.is_none_or(|since| commit_time >= since)
            && self.until.is_none_or(|until| commit_time <= until)
            && self.label.as_ref().is_none_or(|wanted| label.contains(wanted.as_str()))
    }
}

fn has(bytes: &[u8], value: &[u8]) -> bool {
    value.is_empty() || bytes.windows(value.len()).any(|window| window == value)
}
