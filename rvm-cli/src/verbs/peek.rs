//! `rvmctl peek`: committed bytes of a segment at one moment. It works while the store is in use, and when recovery is due.

use rvm_core::rvm_storage::widths::narrow;

use super::portions::{Portion, Run};
use crate::arguments::PeekArguments;
use crate::failure::Failure;
use crate::hexdump::{self, ROW_LEN, Rows};
use crate::output::Output;
use crate::place::Place;
use crate::quantities::bytes;
use crate::reports::PeekReport;
use crate::sizes::to_hex;

/// How much that is not zero is shown at once, in bytes. It is copied before any of it is printed: the store's process waits for no reader of
/// ours.
const SHOWN_MAX: u64 = 64 << 20;

/// How much JSON holds, in bytes, zeros included.
const JSON_MAX: u64 = 16 << 20;

/// Zeros are written so many at once.
const ZEROS: [u8; 1 << 12] = [0; 1 << 12];

/// Shows bytes of a segment.
pub(super) fn run(
    place: &Place,
    asked: &PeekArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let start = asked.offset;
    let end = asked.len.map(|len| start.saturating_add(len));
    let found = Portion::copy(&storage, &asked.name, (start, end), SHOWN_MAX)?;
    if found.end < end.unwrap_or(found.segment_len) {
        return Err(too_much(SHOWN_MAX, "that are not zero"));
    }
    if asked.raw {
        return found.each(|run| match run {
            Run::Bytes(bytes) => output.raw(bytes),
            Run::Zeros(count) => zeros(count, |zeros| output.raw(zeros)),
        });
    }
    if output.wants_json() {
        if found.len() > JSON_MAX {
            return Err(too_much(JSON_MAX, "for one JSON object"));
        }
        let mut hex = String::new();
        found.each(|run| {
            match run {
                Run::Bytes(bytes) => hex.push_str(&to_hex(bytes)),
                Run::Zeros(count) => hex.extend(std::iter::repeat_n("00", narrow(count))),
            }
            Ok(())
        })?;
        let (segment, segment_len) = (asked.name.clone(), found.segment_len);
        let report = PeekReport { segment, segment_len, offset: start, len: found.len(), hex };
        return output.json(&report);
    }
    let mut rows = Rows::new(start, 0, ROW_LEN);
    let mut each = |row: hexdump::Row<'_>| {
        let line = hexdump::line(output, row, ROW_LEN);
        output.line(line)
    };
    found.each(|run| match run {
        Run::Bytes(bytes) => rows.push(bytes, &mut each),
        Run::Zeros(count) => rows.zeros(count, &mut each),
    })?;
    rows.finish(&mut each)
}

fn too_much(limit: u64, what: &str) -> Failure {
    Failure::Usage(format!("there are more than {} {what}: name a range", bytes(limit)))
}

fn zeros(
    mut count: u64,
    mut give: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while count > 0 {
        let some = ZEROS.get(..narrow(count)).unwrap_or(&ZEROS);
        give(some)?;
        count -= u64::try_from(some.len()).unwrap_or(count);
    }
    Ok(())
}
