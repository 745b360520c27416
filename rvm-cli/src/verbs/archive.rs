//! `rvmctl archive`: switches archives on and off, and tells what they hold.

use rvm_core::rvm_history::archive::SegmentArchive;
use rvm_core::rvm_history::point_in_time::{Reach, reach};
use rvm_core::rvm_log::LogFile;
use rvm_core::rvm_storage::widths::wide;
use rvm_core::rvm_storage::{FileName, FileRole, SegmentName, Storage};
use rvm_core::{ArchivedHistory, inspect};

use super::confirm::confirm;
use super::recover::tell_if_recovered;
use super::status::WAIT;
use crate::arguments::ArchiveVerb;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::{Place, refuse_in_use};
use crate::quantities::{bytes, counted};
use crate::reports::{
    ArchiveDamage, ArchiveStatus, ArchiveSwitched, ArchivedSegment, KnownFacts, RecoveryFacts,
};

const COLUMNS: [Column; 5] = [
    Column::Text("SEGMENT"),
    Column::Text("ARCHIVE"),
    Column::Number("SIZE"),
    Column::Number("RECORDS"),
    Column::Text("KNOWN AFTER TRANSACTIONS"),
];

/// Does what was asked.
pub(super) fn run(
    place: &Place,
    asked: &ArchiveVerb,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match *asked {
        ArchiveVerb::Status => return status(place, output),
        ArchiveVerb::On(switch) if switch.dry_run => foretell(place, None, output)?,
        ArchiveVerb::Off { remove, switch, .. } if switch.dry_run => {
            foretell(place, Some(history(remove)), output)?;
        }
        ArchiveVerb::On(_) => switch(place, None, output)?,
        ArchiveVerb::Off { remove, yes, .. } => {
            if remove && !yes {
                ask_to_remove(place)?;
            }
            switch(place, Some(history(remove)), output)?;
        }
    }
    Ok(Exit::Fine)
}

fn ask_to_remove(place: &Place) -> Result<(), Failure> {
    let archived = SegmentArchive::names(&place.look()?)?;
    let names = archived.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return Ok(());
    }
    let question = format!("Remove the archives of {names} in {} for good?", place.shown());
    confirm("removing what is archived is for good", &question, "no archive was removed")
}

const fn history(remove: bool) -> ArchivedHistory {
    if remove { ArchivedHistory::Remove } else { ArchivedHistory::Keep }
}

/// On, or off with what becomes of what is archived.
fn switch(place: &Place, off: Option<ArchivedHistory>, output: &mut Output) -> Result<(), Failure> {
    let store = place.open()?;
    let recovery = RecoveryFacts::from(store.recovery_report());
    let done = match off {
        None => store.archive_on()?,
        Some(history) => store.archive_off(history)?,
    };
    store.close()?;
    let report = ArchiveSwitched {
        store: place.shown(),
        on: off.is_none(),
        removed: off == Some(ArchivedHistory::Remove),
        changed: done.changed,
        unchanged: done.unchanged,
        dry_run: false,
    };
    if output.wants_json() {
        return output.json(&report);
    }
    tell_if_recovered(&recovery, output)?;
    show_switched(&report, output)
}

/// Tells what a switch would change.
fn foretell(
    place: &Place,
    off: Option<ArchivedHistory>,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    refuse_in_use(&storage)?;
    let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
    let status = inspect::status(&storage, WAIT)?;
    let with_log = status.segments.iter().filter(|segment| segment.log.is_some());
    let mut names: Vec<String> = with_log.map(|segment| segment.name.clone()).collect();
    if off.is_some() {
        let archived = SegmentArchive::names(&storage)?;
        names = archived.iter().map(ToString::to_string).collect();
    }
    for name in names {
        let kept = SegmentArchive::open(&storage, &SegmentName::new(&name)?)?;
        let is_on = kept.is_some_and(|archive| !archive.is_stopped());
        let is_news = match off {
            None => !is_on,
            Some(ArchivedHistory::Keep) => is_on,
            Some(ArchivedHistory::Remove) => true,
        };
        if is_news { &mut changed } else { &mut unchanged }.push(name);
    }
    let removed = off == Some(ArchivedHistory::Remove);
    let (store, on) = (place.shown(), off.is_none());
    let report = ArchiveSwitched { store, on, removed, changed, unchanged, dry_run: true };
    if output.wants_json() { output.json(&report) } else { show_switched(&report, output) }
}

fn show_switched(report: &ArchiveSwitched, output: &mut Output) -> Result<(), Failure> {
    let ArchiveSwitched { store, on, removed, changed, unchanged, dry_run } = report;
    let what = match (on, removed) {
        (true, _) => "on",
        (false, false) => "off",
        (false, true) => "off, and what was kept is removed",
    };
    let would = if *dry_run { "would be " } else { "" };
    if changed.is_empty() {
        let state = if *on { "on" } else { "off" };
        let already = match counted(wide(unchanged.len()), "archive") {
            _ if unchanged.is_empty() && *on => "there are no segments with a log".to_owned(),
            _ if unchanged.is_empty() => "there are no archives".to_owned(),
            count => format!("{count} {state} already"),
        };
        return output.statement(format_args!("{store}: nothing to change, {already}"));
    }
    for name in changed {
        output.line(name)?;
    }
    output.statement(format_args!("{store}: archives {would}{what} for {}", changed.len()))
}

fn status(place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let storage = place.look()?;
    let reach = reach(&storage, WAIT)?;
    let segments = reach.into_iter().map(|reach| facts(&storage, reach));
    let segments = segments.collect::<Result<Vec<_>, Failure>>()?;
    let is_damaged = segments.iter().any(|segment| !segment.damage.is_empty());
    let report = ArchiveStatus { store: place.shown(), segments };
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show_status(&report, output)?;
    }
    Ok(if is_damaged { Exit::Corrupt } else { Exit::Fine })
}

fn facts(storage: &dyn Storage, reach: Reach) -> Result<ArchivedSegment, Failure> {
    let known = reach.stretches.iter().map(|(first, last)| KnownFacts {
        first_transaction: first.0,
        last_transaction: last.map(|last| last.0),
    });
    let mut facts = ArchivedSegment {
        name: reach.segment.clone(),
        is_there: reach.is_there,
        archive: "none",
        archive_len: 0,
        record_bytes: 0,
        created: reach.created,
        known: known.collect(),
        damage: Vec::new(),
        torn_bytes: 0,
    };
    let name = SegmentName::new(&reach.segment)?;
    let file = FileName::new(&name, FileRole::Archive).to_string();
    if let Some(fault) = reach.unreadable {
        (facts.archive, facts.damage) = ("damaged", vec![ArchiveDamage { file, offset: 0, fault }]);
        return Ok(facts);
    }
    // Before the archive: the head of a log in use moves behind what is archived. A log that cannot be read is the business of others.
    let log = LogFile::open(storage, &name).ok();
    let Some(archive) = SegmentArchive::open(storage, &name)? else { return Ok(facts) };
    let damage = archive.breaks().iter().map(|broken| ArchiveDamage {
        file: file.clone(),
        offset: broken.offset,
        fault: broken.fault.to_owned(),
    });
    facts.damage = damage.collect();
    (facts.archive_len, facts.torn_bytes) = (archive.file_len(), archive.torn_len());
    if let Some(missing) = log.and_then(|log| archive.missing_before(log.header())) {
        let offset = archive.file_len().saturating_sub(archive.torn_len());
        let (from, to) = (missing.start, missing.end);
        let fault = format!("history from LSN {from} to LSN {to} is in no file");
        facts.damage.push(ArchiveDamage { file, offset, fault });
        facts.torn_bytes = 0;
    }
    facts.archive = match (facts.damage.is_empty(), archive.is_stopped()) {
        (false, _) => "damaged",
        (true, true) => "stopped",
        (true, false) => "on",
    };
    facts.record_bytes = archive.stretches().iter().map(|stretch| stretch.record_bytes).sum();
    Ok(facts)
}

fn show_status(report: &ArchiveStatus, output: &mut Output) -> Result<(), Failure> {
    output.table(&COLUMNS, report.segments.iter().map(row))?;
    for segment in &report.segments {
        for ArchiveDamage { file, offset, fault } in &segment.damage {
            output.statement(format_args!("{file} is damaged at byte {offset}: {fault}"))?;
        }
        if segment.torn_bytes > 0 {
            let torn = bytes(segment.torn_bytes);
            let name = &segment.name;
            output.statement(format_args!(
                "{name}: {torn} of an append that was cut short; the log has it"
            ))?;
        }
    }
    Ok(())
}

fn row(segment: &ArchivedSegment) -> Vec<String> {
    let known = segment.known.iter().enumerate().map(|(place, known)| {
        let first = match (place, segment.created) {
            (0, true) => "all".to_owned(),
            _ => known.first_transaction.to_string(),
        };
        match known.last_transaction {
            Some(last) => format!("{first} to {last}"),
            None if first == "all" => first,
            None => format!("{first} on"),
        }
    });
    let name = if segment.is_there { "" } else { " (destroyed)" };
    vec![
        format!("{}{name}", segment.name),
        segment.archive.to_owned(),
        bytes(segment.archive_len),
        bytes(segment.record_bytes),
        known.collect::<Vec<_>>().join(", "),
    ]
}
