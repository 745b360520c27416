//! `rvmctl bench`: transactions of TPC-A on a disk of the user's, beside what that disk itself can do.
//!
//! A plan (`plan.rs`) says what is measured. In a new directory (`home.rs`) a session (`session.rs`) goes through rounds, in which tellers
//! (`branch.rs`) commit, in turn with forces of the disk (`disk.rs`) or, for lazy commits, plain stores (`memory.rs`): each for a slice
//! of time (`slice.rs`). What comes of it is told (`show.rs`), with latencies in columns (`columns.rs`) and bars (`chart.rs`), and drawn (`drawing.rs`).

mod branch;
mod chart;
mod columns;
mod disk;
mod drawing;
mod home;
mod memory;
mod plan;
mod progress;
mod session;
mod show;
mod slice;
mod spread;

use std::path::PathBuf;

use self::drawing::Drawing;
use self::home::Home;
use self::plan::Plan;
use self::session::{Outcome, Session};
use crate::arguments::BenchArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::waiting::Interrupt;

/// Runs the benchmark.
pub(crate) fn run(
    arguments: &BenchArguments,
    store: Option<PathBuf>,
    output: &mut Output,
) -> Result<(), Failure> {
    if let Some(store) = store {
        return Err(Failure::Usage(format!(
            "the benchmark makes a store of its own: instead of --store {}, name a directory on the same disk",
            store.display()
        )));
    }
    let plan = Plan::new(arguments)?;
    // Before the time is spent: a drawing that can be made nowhere is told with nothing to clean up.
    let drawing = arguments.svg.as_deref().map(Drawing::prepare).transpose()?;
    let interrupt = Interrupt::listen()?;
    let home = Home::new(arguments.directory.as_deref())?;
    if !output.wants_json() {
        show::beginning(&plan, &home, output)?;
        output.flush()?;
    }
    let outcome = measure(&plan, &home, &interrupt)?;
    let report = show::report(&plan, &home, &outcome);
    // The figures first: what fails behind them costs nobody the time.
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show::ending(&report, output)?;
    }
    home.remove()?;
    drawing.map_or(Ok(()), |drawing| drawing.draw(&plan, &outcome))
}

fn measure(plan: &Plan, home: &Home, interrupt: &Interrupt) -> Result<Outcome, Failure> {
    let bar = progress::bar(plan);
    let ended = Session::new(plan, home, interrupt, &bar).and_then(Session::run);
    bar.finish_and_clear();
    ended
}
