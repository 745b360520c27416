//! `rvmctl recover --salvage`: reads what is left of a damaged store, tells what is missing or in doubt, and writes the rest to a new
//! store. The damaged one is opened for reading only.

use std::path::Path;
use std::sync::Arc;

use rvm_core::rvm_storage::{FileName, FileRole, FileStorage, SegmentName, Storage};
use rvm_core::{Recovery, Rvm, SalvageReport};

use crate::arguments::RecoverArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Column, Output};
use crate::place::Place;
use crate::quantities::bytes;
use crate::reports::{DamageFacts, SalvageFacts, SalvagedSegment, word_of};

const COLUMNS: [Column; 4] = [
    Column::Text("SEGMENT"),
    Column::Number("LENGTH"),
    Column::Text("CONDITION"),
    Column::Text("MEANING"),
];

/// How much is written at once, in bytes.
const WRITE_LEN: usize = 1 << 20;

/// Salvages the store into the directory that the arguments name, or only tells what there is.
pub(super) fn run(
    place: &Place,
    arguments: &RecoverArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let storage = place.look()?;
    let options = Rvm::options().recovery(Recovery::Salvage);
    let store = options.open_with(Arc::new(storage))?;
    let report = &store.recovery_report().salvage;
    let target = arguments.to.as_deref().filter(|_| !arguments.dry_run);
    let target = target.map(Target::new).transpose()?;
    let mut segments = Vec::new();
    for name in names(&store, report)? {
        let len = match store.map(&name, 1) {
            // Without a byte, or without a file: there is nothing to map.
            Err(rvm_core::Error::NotFound { .. }) => None,
            mapped => {
                let mapped = mapped?;
                if let Some(target) = &target {
                    target.write(&name, &mapped.read()?)?;
                }
                let len = mapped.len();
                store.unmap(&mapped)?;
                Some(len)
            }
        };
        let condition = report.condition(&name);
        let kept_to = report.affected.iter().find(|affected| affected.segment == name);
        let kept_to = kept_to.and_then(|affected| affected.kept_to);
        let (condition, meaning) = word_of(condition);
        segments.push(SalvagedSegment { name, len, condition, meaning, kept_to });
    }
    if let Some(target) = &target {
        target.finish()?;
    }
    let facts = SalvageFacts {
        store: place.shown(),
        intact: report.is_empty(),
        written_to: target.map(|target| target.shown),
        damage: report.damage.iter().map(DamageFacts::from).collect(),
        segments,
    };
    if output.wants_json() {
        output.json(&facts)?;
    } else {
        show(&facts, output)?;
    }
    Ok(if facts.intact { Exit::Fine } else { Exit::Corrupt })
}

/// The segments that are there, and those that are not and should be; sorted.
fn names(store: &Rvm, report: &SalvageReport) -> Result<Vec<String>, Failure> {
    let mut names: Vec<_> = store.segments()?.into_iter().map(|info| info.name).collect();
    names.extend(report.affected.iter().map(|affected| affected.segment.clone()));
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The new store.
struct Target {
    storage: FileStorage,
    shown: String,
}

impl Target {
    /// A directory that is missing or empty, so that nothing is ever written over.
    fn new(directory: &Path) -> Result<Self, Failure> {
        let shown = directory.display().to_string();
        let is_empty = match directory.read_dir() {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(Failure::file("list", directory, error)),
        };
        if !is_empty {
            return Err(Failure::Usage(format!(
                "{shown} is not empty; --to wants a new directory"
            )));
        }
        Ok(Self { storage: FileStorage::open(directory)?, shown })
    }

    /// Writes a segment, durably. Stretches of zeros stay holes, so that a damaged length costs no space.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let file = FileName::new(&SegmentName::new(name)?, FileRole::Segment);
        let blob = self.storage.create(&file)?;
        let mut offset = 0;
        for piece in content.chunks(WRITE_LEN) {
            if piece.iter().any(|byte| *byte != 0) {
                blob.write_at(offset, piece)?;
            }
            offset += rvm_core::rvm_storage::widths::wide(piece.len());
        }
        blob.set_len(offset)?;
        Ok(blob.force()?)
    }

    /// Makes the names durable.
    fn finish(&self) -> Result<(), Failure> {
        Ok(self.storage.sync_names()?)
    }
}

fn show(facts: &SalvageFacts, output: &mut Output) -> Result<(), Failure> {
    for damage in &facts.damage {
        let DamageFacts { file, offset, cause, readable_to, .. } = damage;
        let read =
            readable_to.map_or_else(String::new, |lsn| format!("; readable up to LSN {lsn}"));
        output.statement(format_args!("{file}, byte {offset}: {cause}{read}"))?;
    }
    if !facts.damage.is_empty() {
        output.line("")?;
    }
    output.table(&COLUMNS, facts.segments.iter().map(row))?;
    output.line("")?;
    let verdict = if facts.intact { "nothing is damaged" } else { "the store is damaged" };
    let written = facts.written_to.as_ref();
    let written =
        written.map_or_else(|| "nothing was written".into(), |to| format!("written to {to}"));
    output.statement(format_args!("{}: {verdict}; {written}", facts.store))
}

fn row(segment: &SalvagedSegment) -> Vec<String> {
    vec![
        segment.name.clone(),
        segment.len.map_or_else(|| "-".into(), bytes),
        segment.condition.into(),
        segment.meaning.into(),
    ]
}
