//! `rvmctl peek`: committed bytes of a segment, from a copy made in memory. It works while the store is in use, and when recovery is due.

use std::sync::Arc;

use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Error, Rvm};

use crate::arguments::PeekArguments;
use crate::failure::Failure;
use crate::hexdump::{dump, to_hex};
use crate::output::Output;
use crate::place::Place;
use crate::reports::PeekReport;

/// Shows bytes of a segment.
pub(super) fn run(
    place: &Place,
    asked: &PeekArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let options = Rvm::options().read_only_segments([&asked.name]);
    let store = options.open_with(Arc::new(place.look()?))?;
    let segment = store.map(&asked.name, 1)?;
    let view = segment.read()?;
    let start = asked.offset;
    let end = asked.len.map_or(segment.len().max(start), |len| start.saturating_add(len));
    let Some(bytes) = view.get(narrow(start)..narrow(end)) else {
        let (segment, segment_len) = (asked.name.clone(), segment.len());
        return Err(Error::OutOfRange { segment, start, end, segment_len }.into());
    };
    if asked.raw {
        return output.raw(bytes);
    }
    if output.wants_json() {
        return output.json(&PeekReport {
            segment: asked.name.clone(),
            segment_len: segment.len(),
            offset: start,
            len: wide(bytes.len()),
            hex: to_hex(bytes),
        });
    }
    dump(start, bytes, |line| output.line(line))
}
