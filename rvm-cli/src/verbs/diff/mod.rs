//! `rvmctl diff`: what differs between two stores, backups or segments.

mod show;
mod side;

use std::cell::RefCell;
use std::path::Path;

use rvm_core::rvm_history::compare::{Comparison, Difference, Sides, compare};
use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::typed::RecordLayout;

use self::show::{range_facts, show_difference, show_summary};
use self::side::Side;
use crate::arguments::DiffArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reports::DiffFacts;
use crate::watching::Watching;

/// Compares, and ends with 1 if something differs.
pub(super) fn run(asked: &DiffArguments, output: &mut Output) -> Result<Exit, Failure> {
    let layout = asked.types.as_deref().map(layout).transpose()?;
    let mut watching = Watching::begin()?;
    let first = Side::open(&asked.first, &mut watching)?;
    let second = Side::open(&asked.second, &mut watching)?;
    let mut sides = Sides::new(&first.image, &second.image);
    if let Some(layout) = &layout {
        sides = sides.with_records(layout.record());
    }
    let (mut told, mut ranges) = (0, Vec::new());
    let output = RefCell::new(output);
    let mut each = |difference: Difference<'_>| {
        if matches!(difference, Difference::Range { .. }) {
            told += 1;
        }
        let is_shown = !asked.stat && told <= asked.limit;
        if !is_shown {
            return Ok(());
        }
        if output.borrow().wants_json() {
            ranges.extend(range_facts(difference, layout.as_ref()));
            return Ok(());
        }
        show_difference(difference, layout.as_ref(), *output.borrow_mut()).map_err(|failure| {
            match failure {
                Failure::Output(error) => CopyError::Output(error),
                other => CopyError::Output(std::io::Error::other(other.message())),
            }
        })
    };
    let found = match names(&first, &second)? {
        None => compare(sides, &mut watching, &mut each)?,
        Some((a, b)) => {
            let mut found = Comparison::default();
            found.segments.push(sides.compare_segments((a, b), &mut watching, &mut each)?);
            found
        }
    };
    drop(watching);
    let facts = DiffFacts::new(shown(&asked.first), shown(&asked.second), found, ranges);
    let output = output.into_inner();
    if output.wants_json() {
        output.json(&facts)?;
    } else {
        show_summary(&facts, told.saturating_sub(asked.limit), asked.stat, output)?;
    }
    Ok(if facts.equal { Exit::Fine } else { Exit::Failure })
}

/// Records start at the segment's first byte unless something else is said.
fn layout(text: &str) -> Result<RecordLayout, Failure> {
    let anchored = if text.contains('@') { text.to_owned() } else { format!("{text}@0") };
    anchored.parse().map_err(|error| Failure::Usage(format!("--as: {error}")))
}

/// The segments to compare, if not all of both sides. One that names none has the one of the other side's name.
fn names<'a>(first: &'a Side, second: &'a Side) -> Result<Option<(&'a str, &'a str)>, Failure> {
    match (&first.segment, &second.segment) {
        (None, None) => Ok(None),
        (Some(a), Some(b)) => Ok(Some((a, b))),
        (Some(one), None) if !first.is_file => Ok(Some((one, one))),
        (None, Some(one)) if !second.is_file => Ok(Some((one, one))),
        _ => Err(Failure::Usage(
            "a file is one segment: name the segment on the other side, as in STORE:SEGMENT"
                .to_owned(),
        )),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
