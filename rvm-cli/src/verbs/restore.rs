//! `rvmctl restore`: makes a new store of a backup and all that it builds on.

use rvm_core::rvm_history::restore::{plan_restore, restore};

use crate::arguments::RestoreArguments;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::quantities::{bytes, counted};
use crate::reports::RestoreFacts;
use crate::watching::Watching;

const COLUMNS: [Column; 2] = [Column::Text("SEGMENT"), Column::Number("LENGTH")];

/// Restores a backup, or tells what would be restored.
pub(super) fn run(asked: &RestoreArguments, output: &mut Output) -> Result<(), Failure> {
    let report = if asked.dry_run {
        plan_restore(&asked.backup, &asked.to)?.1
    } else {
        restore(&asked.backup, &asked.to, &mut Watching::begin()?)?
    };
    let (backup, to) = (asked.backup.display().to_string(), asked.to.display().to_string());
    let facts = RestoreFacts::new(backup, to, asked.dry_run, report);
    if output.wants_json() {
        return output.json(&facts);
    }
    let rows = facts.segments.iter();
    output
        .table(&COLUMNS, rows.map(|segment| vec![segment.name.clone(), segment.len.to_string()]))?;
    output.statement(format_args!(
        "{}: {} as of transaction {}, from {}; {} {}",
        facts.to,
        if facts.dry_run { "the store would be" } else { "a store" },
        facts.last_transaction,
        counted(facts.backups, "backup"),
        bytes(facts.written_bytes),
        if facts.dry_run { "would be written" } else { "written" },
    ))
}
