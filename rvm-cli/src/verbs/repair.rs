//! `rvmctl repair`: plans, keeps a copy of what it will change, and then repairs what can be repaired without guessing.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rvm_core::rvm_history::repair::{Repair, RepairOptions, Step};
use rvm_core::rvm_history::verify::Severity;
use rvm_core::rvm_storage::widths::wide;
use rvm_core::rvm_storage::{FileStorage, Storage};

use super::confirm::confirm;
use super::verify::show_findings;
use crate::arguments::RepairArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::place::Place;
use crate::quantities::{counted, grouped};
use crate::reports::{FoundFacts, RepairReport, StepFacts};
use crate::timestamps::rfc3339;

/// The text beside what is kept.
const TEXT: &str = "what-was-changed.txt";

/// How many lost transactions of a log are shown.
const LOST_SHOWN: usize = 20;

/// Repairs the store.
pub(super) fn run(
    place: &Place,
    arguments: &RepairArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let looking = place.look()?;
    let storage = if arguments.dry_run { looking } else { FileStorage::open(place.path())? };
    let mut options = RepairOptions::default();
    (options.cut, options.dry_run) = (arguments.cut, arguments.dry_run);
    let repair = Repair::plan(&storage, &options)?;
    let is_damaged = repair.left().iter().any(|left| left.severity() == Severity::Damage);
    let (cut_helps, salvage_helps) = (repair.cut_helps(), repair.salvage_helps());
    let mut report = RepairReport {
        store: place.shown(),
        dry_run: arguments.dry_run,
        saved_to: None,
        steps: repair.steps().iter().map(StepFacts::from).collect(),
        left: repair.left().iter().map(FoundFacts::from).collect(),
    };
    if !output.wants_json() {
        show_plan(place, &repair, output)?;
    }
    if !arguments.dry_run && !repair.steps().is_empty() {
        if !arguments.yes {
            output.flush()?;
            let steps = counted(wide(repair.steps().len()), "step");
            let question = format!("Do {steps}?");
            confirm("a repair changes files", &question, "nothing was repaired")?;
        }
        let kept = keep(place, arguments.save.as_deref(), &storage)?;
        write_text(&kept, place, repair.steps())?;
        repair.carry_out(&FileStorage::open(&kept)?)?;
        report.saved_to = Some(kept.display().to_string());
    }
    if output.wants_json() {
        output.json(&report)?;
    } else {
        let hint = hint(cut_helps, salvage_helps);
        output.statement(outcome(&report, hint))?;
    }
    Ok(if is_damaged { Exit::Corrupt } else { Exit::Fine })
}

fn show_plan(place: &Place, repair: &Repair<'_>, output: &mut Output) -> Result<(), Failure> {
    for step in repair.steps() {
        output.statement(step)?;
        for lost in step.lost().iter().take(LOST_SHOWN) {
            let label = printable(&lost.label);
            let (transaction, lsn) = (lost.transaction, grouped(lost.lsn.0));
            output
                .statement(format_args!("  loses transaction {transaction}, LSN {lsn} {label}"))?;
        }
        let more = step.lost().len().saturating_sub(LOST_SHOWN);
        if more > 0 {
            output.statement(format_args!("  and {more} more"))?;
        }
    }
    if !repair.left().is_empty() {
        output.statement("left as it is:")?;
        show_findings(place, repair.left(), output)?;
    }
    Ok(())
}

/// What may help against what is left, and nothing that would not.
const fn hint(cut_helps: bool, salvage_helps: bool) -> &'static str {
    match (cut_helps, salvage_helps) {
        (true, true) => ": `--cut` may help, or `rvmctl recover --salvage --to DIR`",
        (true, false) => ": `--cut` may help",
        (false, true) => ": `rvmctl recover --salvage --to DIR` may help",
        (false, false) => "",
    }
}

fn outcome(report: &RepairReport, hint: &str) -> String {
    let store = &report.store;
    let steps = counted(u64::try_from(report.steps.len()).unwrap_or(u64::MAX), "step");
    let done = match &report.saved_to {
        _ if report.steps.is_empty() => "nothing to repair".to_owned(),
        None => format!("{steps}, of which none was done"),
        Some(kept) => format!("{steps} done; what was changed is kept in {kept}"),
    };
    let left = u64::try_from(report.left.len()).unwrap_or(u64::MAX);
    if left == 0 {
        return format!("{store}: {done}");
    }
    format!("{store}: {done}; {} left{hint}", counted(left, "finding"))
}

/// A directory that is missing or empty: nothing is ever written over. By itself it lies beside the store, named by the time.
fn keep(place: &Place, given: Option<&Path>, storage: &dyn Storage) -> Result<PathBuf, Failure> {
    let beside = || {
        let store = place.path().canonicalize();
        let store = store.map_err(|error| Failure::file("find", place.path(), error))?;
        let name = store.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let time = rfc3339(storage.unix_nanos()).replace([':', '.'], "-");
        Ok::<_, Failure>(store.with_file_name(format!("{name}.repair-{time}")))
    };
    let path = given.map_or_else(beside, |path| Ok(path.to_owned()))?;
    let is_empty = match path.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::file("list", &path, error)),
    };
    if !is_empty {
        let shown = path.display();
        return Err(Failure::Usage(format!("{shown} is not empty; --save wants a new directory")));
    }
    Ok(path)
}

fn write_text(kept: &Path, place: &Place, steps: &[Step]) -> Result<(), Failure> {
    // It makes the directory, for its owner only.
    FileStorage::open(kept)?;
    let path = kept.join(TEXT);
    let mut lines =
        vec![format!("What `rvmctl repair` changed in {}, as it was before.", place.shown())];
    for step in steps {
        lines.push(step.to_string());
        lines.extend(step.lost().iter().map(|lost| {
            let label = printable(&lost.label);
            format!("  loses transaction {}, LSN {} {label}", lost.transaction, lost.lsn)
        }));
    }
    let failed = |error| Failure::file("write", &path, error);
    let mut text = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    writeln!(text, "{}", lines.join("\n")).map_err(failed)?;
    text.sync_all().map_err(failed)
}
