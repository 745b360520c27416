//! What a shell knows: the store, the mapped segments, the open transaction, what was committed; and what each command does with it.

use std::collections::BTreeMap;

use rvm_core::rvm_history::Snapshot;
use rvm_core::rvm_history::statistics::Statistics;
use rvm_core::rvm_storage::widths::{narrow, wide};
use rvm_core::{Durability, Error, Rvm, Segment};

use super::command::{Command, FORMS};
use super::transaction::{Done, Open};
use crate::failure::Failure;
use crate::hexdump::dump;
use crate::output::{Column, Output, complain, printable};
use crate::place::{self, Place};
use crate::quantities::{bytes, counted, grouped};
use crate::reports::StatsReport;
use crate::verbs::stats::show;
use crate::verbs::status::{self, WAIT};

/// How many bytes are shown unless asked otherwise.
const SHOWN: u64 = 256;

/// How many bytes are shown at most.
const SHOWN_MAX: u64 = 16 << 20;

/// A shell at work.
#[derive(Debug)]
pub(super) struct Session {
    place: Place,
    /// `None` if it only looks.
    store: Option<Rvm>,
    mapped: BTreeMap<String, Segment>,
    open: Option<Open>,
    done: Vec<Done>,
}

/// What comes behind a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// The next one.
    GoOn,
    /// Nothing.
    Leave,
}

impl Session {
    pub(super) fn open(place: Place, read_only: bool) -> Result<Self, Failure> {
        let store = if read_only {
            place.look()?;
            None
        } else {
            Some(place.open()?)
        };
        Ok(Self { place, store, mapped: BTreeMap::new(), open: None, done: Vec::new() })
    }

    /// What is said first.
    pub(super) fn greeting(&self) -> String {
        let place = self.place.shown();
        match &self.store {
            None => format!("{place}: for looking only"),
            Some(store) if store.recovery_report().recovered => {
                format!("{place}: open for writing, after it was recovered")
            }
            Some(_) => format!("{place}: open for writing"),
        }
    }

    /// What stands in front of a line: the store's name, and the segments of the open transaction.
    pub(super) fn prompt(&self) -> String {
        let place = self.place.path();
        let name = place
            .file_name()
            .map_or_else(|| self.place.shown(), |name| name.to_string_lossy().into_owned());
        let name = printable(&name);
        match &self.open {
            None => format!("{name}> "),
            Some(open) => format!("{name} ({})> ", open.names().join(" ")),
        }
    }

    /// The names of all segments, for completion.
    pub(super) fn names(&self) -> Vec<String> {
        let found = self.place.look().and_then(|storage| place::segments(&storage));
        found.unwrap_or_default().into_iter().map(|(name, _)| name).collect()
    }

    /// Aborts what is open, and says so; closes the store.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        if let Some(open) = self.open.take() {
            open.abort()?;
            complain("the open transaction was aborted: nothing of it is kept");
        }
        self.store.map_or(Ok(()), |store| Ok(store.close()?))
    }

    pub(super) fn obey(&mut self, command: Command, output: &mut Output) -> Result<Then, Failure> {
        match command {
            Command::Help => help(output)?,
            Command::Segments => self.segments(output)?,
            Command::Map { name, len } => self.map(&name, len, output)?,
            Command::Unmap { name } => self.unmap(&name)?,
            Command::Begin { names } => self.begin(&names)?,
            Command::Set { name, offset, bytes } => {
                self.transaction()?.fill(&name, offset, wide(bytes.len()), &bytes)?;
            }
            Command::Fill { name, offset, len, pattern } => {
                self.transaction()?.fill(&name, offset, len, &pattern)?;
            }
            Command::Show { name, offset, len } => self.show(&name, offset, len, output)?,
            Command::Changes => self.transaction()?.show_changes(output)?,
            Command::Label { text } => self.transaction()?.label(&text)?,
            Command::Commit { durability } => self.commit(durability, output)?,
            Command::Abort => {
                self.transaction()?;
                self.open.take().map_or(Ok(()), Open::abort)?;
            }
            Command::Flush => self.store()?.flush()?,
            Command::Truncate => self.truncate(output)?,
            Command::Status => {
                status::run(&self.place, output)?;
            }
            Command::Stats => self.stats(output)?,
            Command::History => self.history(output)?,
            Command::Quit => return Ok(Then::Leave),
        }
        Ok(Then::GoOn)
    }

    fn store(&self) -> Result<&Rvm, Failure> {
        let refused = || Failure::Usage("this shell is for looking only".to_owned());
        self.store.as_ref().ok_or_else(refused)
    }

    fn transaction(&mut self) -> Result<&mut Open, Failure> {
        self.store()?;
        let refused = || Failure::Usage("there is no transaction: begin one first".to_owned());
        self.open.as_mut().ok_or_else(refused)
    }

    fn mapped(&self, name: &str) -> Result<&Segment, Failure> {
        let refused = || Failure::Usage(format!("segment {name:?} is not mapped: map it first"));
        self.mapped.get(name).ok_or_else(refused)
    }

    fn segments(&self, output: &mut Output) -> Result<(), Failure> {
        let columns = [Column::Text("SEGMENT"), Column::Number("BYTES"), Column::Text("MAPPED")];
        let segments = place::segments(&self.place.look()?)?;
        let row = |(name, len): (String, u64)| {
            let mapped = if self.mapped.contains_key(&name) { "mapped" } else { "-" };
            vec![name, grouped(len), mapped.to_owned()]
        };
        output.table(&columns, segments.into_iter().map(row))
    }

    fn map(&mut self, name: &str, len: Option<u64>, output: &mut Output) -> Result<(), Failure> {
        let store = self.store()?;
        let is_there = store.segments()?.iter().any(|segment| segment.name == name);
        if len.is_none() && !is_there {
            let (segment, store) = (name.to_owned(), self.place.shown());
            return Err(Error::NotFound { segment, store }.into());
        }
        // One byte: a segment that is there is mapped whole.
        let segment = store.map(name, len.unwrap_or(1))?;
        output.line(format_args!("{name}: {} bytes", grouped(segment.len())))?;
        self.mapped.insert(name.to_owned(), segment);
        Ok(())
    }

    fn unmap(&mut self, name: &str) -> Result<(), Failure> {
        self.store()?.unmap(self.mapped(name)?)?;
        self.mapped.remove(name);
        Ok(())
    }

    fn begin(&mut self, names: &[String]) -> Result<(), Failure> {
        let store = self.store()?;
        if self.open.is_some() {
            return Err(Failure::Usage("there is a transaction: commit or abort it first".into()));
        }
        let segments = names.iter().map(|name| self.mapped(name).cloned());
        self.open = Some(Open::begin(store, segments.collect::<Result<_, _>>()?)?);
        Ok(())
    }

    fn commit(&mut self, durability: Durability, output: &mut Output) -> Result<(), Failure> {
        self.transaction()?;
        let Some(open) = self.open.take() else { return Ok(()) };
        let done = open.commit(durability)?;
        let when = if done.lazy { "lazily" } else { "durable" };
        output.line(format_args!("transaction {} is committed, {when}", done.id))?;
        self.done.push(done);
        Ok(())
    }

    fn show(
        &self,
        name: &str,
        offset: u64,
        len: Option<u64>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        if let Some(changed) =
            self.open.as_ref().map(|open| open.bytes(name)).transpose()?.flatten()
        {
            let (start, end) = range(name, wide(changed.len()), offset, len)?;
            return dump(
                start,
                changed.get(narrow(start)..narrow(end)).unwrap_or_default(),
                output,
            );
        }
        let snapshot = Snapshot::take(&self.place.look()?, WAIT)?;
        let (start, end) = range(name, snapshot.len(name)?, offset, len)?;
        let mut bytes = vec![0; narrow(end - start)];
        snapshot.read_at(name, start, &mut bytes)?;
        drop(snapshot);
        dump(start, &bytes, output)
    }

    fn truncate(&self, output: &mut Output) -> Result<(), Failure> {
        let report = self.store()?.truncate_log()?;
        if !report.out_of_space.is_empty() {
            return Err(Failure::OutOfSpace { segments: report.out_of_space });
        }
        let logs = counted(report.logs_truncated, "log");
        output.line(format_args!("{logs} folded, {} freed", bytes(report.freed_bytes)))
    }

    fn stats(&self, output: &mut Output) -> Result<(), Failure> {
        if let Some(store) = &self.store {
            return show::counted_by(&store.stats(), output);
        }
        let found = Statistics::take(&self.place.look()?, WAIT)?;
        show::all(&StatsReport::new(self.place.shown(), &found, None), output)
    }

    fn history(&self, output: &mut Output) -> Result<(), Failure> {
        if self.done.is_empty() {
            return output.line("nothing is committed yet");
        }
        let columns = [
            Column::Number("TRANSACTION"),
            Column::Text("KIND"),
            Column::Text("SEGMENTS"),
            Column::Number("RANGES"),
            Column::Number("BYTES"),
            Column::Text("LABEL"),
        ];
        let row = |done: &Done| {
            vec![
                done.id.to_string(),
                if done.lazy { "lazy" } else { "force" }.to_owned(),
                done.segments.join(" "),
                grouped(done.ranges),
                grouped(done.bytes),
                printable(&done.label),
            ]
        };
        output.table(&columns, self.done.iter().map(row))
    }
}

fn help(output: &mut Output) -> Result<(), Failure> {
    let columns = [Column::Text("COMMAND"), Column::Text("WHAT IT DOES")];
    let row = |(form, meaning): (&str, &str)| vec![form.to_owned(), meaning.to_owned()];
    output.table(&columns, FORMS.into_iter().map(row))?;
    output.statement(format_args!("\nVALUE is {}.", super::values::FORMS))
}

/// What is to be shown of a segment.
fn range(
    name: &str,
    segment_len: u64,
    start: u64,
    len: Option<u64>,
) -> Result<(u64, u64), Failure> {
    let end = match len {
        Some(len) => start.saturating_add(len),
        None => start.saturating_add(SHOWN).min(segment_len.max(start)),
    };
    if end > segment_len {
        let segment = name.to_owned();
        return Err(Error::OutOfRange { segment, start, end, segment_len }.into());
    }
    if end - start > SHOWN_MAX {
        let limit = bytes(SHOWN_MAX);
        return Err(Failure::Usage(format!(
            "{} bytes are too many to show, the limit is {limit}",
            grouped(end - start)
        )));
    }
    Ok((start, end))
}
