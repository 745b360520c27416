//! `rvmctl backup`: makes a backup of a store, beside whoever has it open, or checks one. The store is opened for reading only.

use std::time::Duration;

use rvm_core::rvm_history::backup::{BackupPlan, Kind, backup, plan_backup, verify_backup};

use super::status::WAIT;
use crate::arguments::BackupArguments;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::{Place, refuse_damaged};
use crate::quantities::{bytes, counted, duration};
use crate::reports::{BackupFacts, VerifiedFacts};
use crate::watching::Watching;

const COLUMNS: [Column; 5] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Number("CHUNKS"),
    Column::Number("BYTES"),
    Column::Text("REST"),
];

/// Makes a backup, or plans or checks one.
pub(super) fn run(
    place: &Place,
    asked: &BackupArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    if asked.verify {
        return verify(asked, output);
    }
    let storage = place.look()?;
    let mut plan = BackupPlan::default();
    plan.since.clone_from(&asked.since);
    let report = if asked.dry_run {
        refuse_damaged(&storage, WAIT)?;
        plan_backup(&storage, &asked.out, &plan)?
    } else {
        backup(&storage, &asked.out, &plan, &mut Watching::begin()?)?
    };
    let since = asked.since.as_ref().map(|since| since.display().to_string());
    let facts = BackupFacts::new(place.shown(), asked.out.display().to_string(), since, report);
    if output.wants_json() { output.json(&facts) } else { show(&facts, output) }
}

fn show(facts: &BackupFacts, output: &mut Output) -> Result<(), Failure> {
    output.table(
        &COLUMNS,
        facts.segments.iter().map(|segment| {
            let rest = if segment.on_base { "in the base" } else { "zeros" };
            vec![
                segment.name.clone(),
                segment.len.to_string(),
                segment.chunks.to_string(),
                segment.bytes.to_string(),
                rest.to_owned(),
            ]
        }),
    )?;
    let sum = bytes(facts.segments.iter().map(|segment| segment.bytes).sum());
    let kind = word_of(facts.kind);
    let Some(last) = facts.last_transaction else {
        return output.statement(format_args!(
            "{}: {kind} backup would read {sum} of {}, and more if it changes meanwhile",
            facts.backup, facts.store
        ));
    };
    output.statement(format_args!(
        "{}: {kind} backup of {} up to transaction {last}, {sum} in {}; the store was held still for {}",
        facts.backup,
        facts.store,
        duration(Duration::from_nanos(facts.duration_nanos)),
        duration(Duration::from_nanos(facts.held_nanos)),
    ))
}

fn verify(asked: &BackupArguments, output: &mut Output) -> Result<(), Failure> {
    let verified = verify_backup(&asked.out, &mut Watching::begin()?)?;
    let facts = VerifiedFacts::new(asked.out.display().to_string(), verified);
    if output.wants_json() {
        return output.json(&facts);
    }
    for link in &facts.chain {
        output.statement(format_args!("{link}: every hash is right"))?;
    }
    output.statement(format_args!(
        "{}: {} backup of {}, made {}, up to transaction {}; {} of {} read",
        facts.backup,
        word_of(facts.kind),
        counted(rvm_core::rvm_storage::widths::wide(facts.segments.len()), "segment"),
        facts.made,
        facts.last_transaction,
        counted(facts.chunks, "chunk"),
        bytes(facts.bytes),
    ))
}

const fn word_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Full => "full",
        Kind::Incremental => "incremental",
    }
}
