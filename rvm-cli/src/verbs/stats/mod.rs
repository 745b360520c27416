//! `rvmctl stats`: what the logs hold and what the store's process counts, once or again and again.

mod rates;
pub(super) mod show;

use std::time::Instant;

use rvm_core::rvm_history::statistics::Statistics;

use super::status::WAIT;
use crate::arguments::{StatsArguments, StatsFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::reports::StatsReport;
use crate::waiting::Interrupt;

/// Moves to the corner of the screen and clears it.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Shows statistics.
pub(super) fn run(
    place: &Place,
    asked: &StatsArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let format = match asked.format {
        StatsFormat::Text if output.wants_json() => StatsFormat::Json,
        StatsFormat::Prometheus if output.wants_json() => {
            return Err(Failure::Usage("--json and --format prometheus exclude each other".into()));
        }
        format => format,
    };
    let Some(every) = asked.watch else {
        let found = Statistics::take(&place.look()?, WAIT)?;
        print(place, &found, None, format, output)?;
        return Ok(Exit::Fine);
    };
    let interrupt = Interrupt::listen()?;
    let redraws = format == StatsFormat::Text && output.terminal_width().is_some();
    let mut before: Option<(Statistics, Instant)> = None;
    let mut shown = 0;
    loop {
        let next = Instant::now().checked_add(every).unwrap_or_else(Instant::now);
        let found = Statistics::take(&place.look()?, WAIT)?;
        let now = Instant::now();
        if redraws {
            output.raw(CLEAR.as_bytes())?;
        } else if shown > 0 && format == StatsFormat::Text {
            output.line("")?;
        }
        print(place, &found, before.as_ref().map(|before| (before, now)), format, output)?;
        output.flush()?;
        before = Some((found, now));
        shown += 1;
        if asked.count.is_some_and(|count| shown >= count) {
            return Ok(Exit::Fine);
        }
        if interrupt.pause(next) {
            return Ok(Exit::Interrupted);
        }
    }
}

fn print(
    place: &Place,
    found: &Statistics,
    since: Option<(&(Statistics, Instant), Instant)>,
    format: StatsFormat,
    output: &mut Output,
) -> Result<(), Failure> {
    if format == StatsFormat::Prometheus {
        return output.raw(found.to_prometheus(&[("store", &place.shown())]).as_bytes());
    }
    let rates =
        since.map(|((before, then), now)| rates::between(before, found, now.duration_since(*then)));
    let report = StatsReport::new(place.shown(), found, rates);
    match format {
        StatsFormat::Json => output.json(&report),
        _ => show::all(&report, output),
    }
}
