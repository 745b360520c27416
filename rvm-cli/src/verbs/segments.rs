//! `rvmctl seg`: list, create and destroy segments.

use rvm_core::Error;
use rvm_core::rvm_storage::{LockMode, LockScope, SegmentName, Storage};

use super::confirm::confirm;
use super::status::WAIT;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::{self, Place};
use crate::quantities::{bytes, grouped};
use crate::reports::{CreatedReport, DestroyedReport, NamedLength, SegmentsReport};

/// Lists the segments, without a look at their logs: it works on a damaged store, too.
pub(super) fn list(place: &Place, output: &mut Output) -> Result<(), Failure> {
    let storage = place.look()?;
    let still = storage.lock(LockScope::Layout, LockMode::Shared, WAIT)?;
    let segments = place::segments(&storage)?;
    drop(still);
    if output.wants_json() {
        let segments = segments.into_iter().map(|(name, len)| NamedLength { name, len }).collect();
        return output.json(&SegmentsReport { store: place.shown(), segments });
    }
    if segments.is_empty() {
        return output.line("no segments");
    }
    let columns = [Column::Text("SEGMENT"), Column::Number("BYTES"), Column::Number("LENGTH")];
    let rows = segments.into_iter().map(|(name, len)| vec![name, grouped(len), bytes(len)]);
    output.table(&columns, rows)
}

/// Makes a segment of zeros, and the store if there is none.
pub(super) fn create(
    place: &Place,
    name: &str,
    len: u64,
    dry_run: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    // Checked before there is a store, so that a slip leaves none behind.
    SegmentName::new(name)?;
    if len == 0 {
        return Err(Failure::Usage("a segment has at least 1 byte".to_owned()));
    }
    if dry_run {
        let known = match place.look_as_writer(WAIT) {
            Err(Failure::NoStore { .. }) => Vec::new(),
            looked => place::segments(&looked?)?,
        };
        check_new(name, known)?;
    } else {
        let store = place.open_or_create()?;
        let known = store.segments()?;
        check_new(name, known.into_iter().map(|segment| (segment.name, segment.len)))?;
        store.map(name, len)?;
        store.close()?;
    }
    if output.wants_json() {
        let created = NamedLength { name: name.to_owned(), len };
        return output.json(&CreatedReport { store: place.shown(), created, dry_run });
    }
    let created = if dry_run { "would create" } else { "created" };
    output.statement(format_args!(
        "{created} {name}, {} bytes of zeros, in {}",
        grouped(len),
        place.shown()
    ))
}

fn check_new(name: &str, known: impl IntoIterator<Item = (String, u64)>) -> Result<(), Failure> {
    match known.into_iter().find(|(known, _)| known == name) {
        None => Ok(()),
        Some((segment, len)) => Err(Failure::SegmentExists { segment, len }),
    }
}

/// How a segment is erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Not at all: it is only told.
    DryRun,
    /// Once the user says yes.
    Ask,
    /// The user said yes already.
    AtOnce,
}

impl Mode {
    /// What the arguments say.
    pub(super) const fn of(dry_run: bool, yes: bool) -> Self {
        match (dry_run, yes) {
            (true, _) => Self::DryRun,
            (false, true) => Self::AtOnce,
            (false, false) => Self::Ask,
        }
    }
}

/// Erases a segment and its log, once that is confirmed.
pub(super) fn destroy(
    place: &Place,
    name: &str,
    mode: Mode,
    output: &mut Output,
) -> Result<(), Failure> {
    SegmentName::new(name)?;
    let segments = place::segments(&place.look()?)?;
    let Some((_, len)) = segments.into_iter().find(|(found, _)| found == name) else {
        return Err(Error::NotFound { segment: name.to_owned(), store: place.shown() }.into());
    };
    if mode == Mode::Ask {
        let refused = format!("segment {name} was not destroyed");
        let question =
            format!("Destroy {name} ({} bytes) in {} for good?", grouped(len), place.shown());
        confirm(&format!("destroying {name} is for good"), &question, &refused)?;
    }
    let dry_run = mode == Mode::DryRun;
    if dry_run {
        place.look_as_writer(WAIT)?;
    } else {
        let store = place.open()?;
        store.destroy(name)?;
        store.close()?;
    }
    if output.wants_json() {
        let destroyed = NamedLength { name: name.to_owned(), len };
        return output.json(&DestroyedReport { store: place.shown(), destroyed, dry_run });
    }
    let destroyed = if dry_run { "would destroy" } else { "destroyed" };
    output.statement(format_args!(
        "{destroyed} {name}, {} bytes, in {}",
        grouped(len),
        place.shown()
    ))
}
