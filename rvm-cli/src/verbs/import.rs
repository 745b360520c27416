//! `rvmctl import`: makes segments of exported text, or gives those that are there its content.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rvm_core::rvm_history::portable::{ImportPlan, ImportReport, import};
use rvm_core::rvm_storage::{FileStorage, MemStorage, Storage};

use super::status::WAIT;
use crate::arguments::ImportArguments;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::{Place, refuse_damaged, refuse_in_use};
use crate::quantities::counted;
use crate::reports::ImportFacts;
use crate::watching::Watching;

const COLUMNS: [Column; 3] =
    [Column::Text("SEGMENT"), Column::Number("LENGTH"), Column::Text("WAS")];

/// Imports from a file or from standard input.
pub(super) fn run(
    place: &Place,
    asked: &ImportArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let (name, mut text) = open(&asked.file)?;
    let mut plan = ImportPlan::default();
    (plan.replace, plan.dry_run) = (asked.replace, asked.dry_run);
    let was_there = place.path().exists();
    let storage: Arc<dyn Storage> = if !asked.dry_run {
        Arc::new(FileStorage::open(place.path())?)
    } else if was_there {
        Arc::new(FileStorage::read_only(place.path())?)
    } else {
        // A store that would be made has nothing in it.
        Arc::new(MemStorage::new())
    };
    let imported = import(Arc::clone(&storage), &mut text, &name, &plan, &mut Watching::begin()?);
    if imported.is_err() && !was_there && !asked.dry_run {
        // Only if nothing is in it: once a segment was begun there is a lock, which somebody else may hold by now.
        fs::remove_dir(place.path()).ok();
    }
    let report = imported?;
    if asked.dry_run {
        check_as_writer(storage.as_ref(), &report)?;
    }
    let facts = ImportFacts::new(place.shown(), asked.dry_run, report);
    if output.wants_json() {
        return output.json(&facts);
    }
    output.table(
        &COLUMNS,
        facts.segments.iter().map(|segment| {
            let was = if segment.replaced { "there" } else { "missing" };
            vec![segment.name.clone(), segment.len.to_string(), was.to_owned()]
        }),
    )?;
    if facts.dry_run {
        return output.statement(format_args!("{}: these would be imported", facts.store));
    }
    output.statement(format_args!(
        "{}: imported; {} changed what was there",
        facts.store,
        counted(facts.transactions, "transaction")
    ))
}

/// Refuses what the real import would. Only to change what is there it opens the store, and needs the logs.
fn check_as_writer(storage: &dyn Storage, report: &ImportReport) -> Result<(), Failure> {
    refuse_in_use(storage)?;
    if report.segments.iter().any(|segment| segment.replaced) {
        refuse_damaged(storage, WAIT)?;
    }
    Ok(())
}

/// The text, and what errors call it. It is read several times, so what comes through a pipe is kept in a file without a name.
fn open(path: &Path) -> Result<(String, File), Failure> {
    if path == Path::new("-") {
        let name = "standard input";
        let kept = tempfile::tempfile().and_then(|mut file| {
            io::copy(&mut io::stdin().lock(), &mut file)?;
            Ok(file)
        });
        return Ok((
            name.to_owned(),
            kept.map_err(|error| Failure::file("keep", Path::new(name), error))?,
        ));
    }
    let file = File::open(path).map_err(|error| Failure::file("open", path, error))?;
    Ok((path.display().to_string(), file))
}
