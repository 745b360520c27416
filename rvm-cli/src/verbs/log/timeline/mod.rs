//! `rvmctl log timeline`: the ring of each log, and how many commits there were in a second.

mod rates;
mod ring;
mod svg;
mod text;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use rvm_core::rvm_history::copy_error::CopyError;
use rvm_core::rvm_history::history::each_moment;

use self::rates::Rates;
use self::ring::pieces;
use crate::arguments::LogTimelineArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::reports::{CommitsFacts, RingFacts, RingPiece, TimelineReport};
use crate::timestamps::rfc3339;
use crate::verbs::status::WAIT;

/// Draws the logs.
pub(super) fn run(
    place: &Place,
    asked: &LogTimelineArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let storage = place.look()?;
    let mut rates = Rates::default();
    let layout = each_moment(&storage, WAIT, |time| rates.count(time))?;
    if let Some(path) = &asked.svg {
        write(path, &svg::picture(&layout, &rates))?;
        if !output.wants_json() {
            return output.statement(format_args!("drawn into {}", path.display()));
        }
    }
    if !output.wants_json() {
        return text::show(&layout, &rates, output);
    }
    let logs = layout.logs.iter().map(|log| RingFacts {
        segment: log.segment.clone(),
        capacity: log.capacity,
        head_lsn: log.head,
        synced_lsn: log.synced,
        cut_lsn: log.cut,
        end_lsn: log.end,
        torn_bytes: log.torn,
        ring: pieces(log)
            .into_iter()
            .map(|(kind, start, end)| RingPiece { kind: kind.word(), start, end })
            .collect(),
    });
    let (bucket_nanos, buckets) = rates.buckets();
    let (first, last) = rates.bounds().unzip();
    output.json(&TimelineReport {
        store: place.shown(),
        logs: logs.collect(),
        without_log: layout.without_log.clone(),
        commits: CommitsFacts {
            count: rates.total(),
            first: first.map(rfc3339),
            first_nanos: first,
            last: last.map(rfc3339),
            last_nanos: last,
            bucket_nanos,
            buckets,
        },
    })
}

fn write(path: &Path, picture: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let written = options.open(path).and_then(|mut file| file.write_all(picture.as_bytes()));
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CopyError::Exists { path: path.display().to_string() }.into(),
        _ => Failure::file("write", path, source),
    })
}
