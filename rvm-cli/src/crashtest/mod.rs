//! `rvmctl crashtest`: kills a program of the user's again and again, and checks each time that what it acknowledged is there.
//!
//! A plan (`plan.rs`) says what is drawn from the seed. A session (`session.rs`) goes through the rounds: one life (`life.rs`), of which
//! every line that is printed goes into a file (`evidence.rs`), then the checks (`check.rs`), which read that file. Programs and checks run
//! in process groups (`group.rs`), so that nothing they started is left, also when the user interrupts.

mod check;
mod evidence;
mod group;
mod life;
mod plan;
mod progress;
mod session;
mod show;

use std::path::PathBuf;

use self::evidence::Evidence;
use self::plan::Plan;
use self::session::{Ending, Session};
use crate::arguments::CrashtestArguments;
use crate::failure::Failure;
use crate::output::Output;

/// Runs the crash test.
pub(crate) fn run(
    arguments: CrashtestArguments,
    store: Option<PathBuf>,
    output: &mut Output,
) -> Result<(), Failure> {
    let plan = Plan::new(arguments, store)?;
    let evidence = Evidence::new()?;
    if !output.wants_json() {
        show::beginning(&plan, output)?;
        output.flush()?;
    }
    let bar = progress::bar(&plan);
    let ended = Session::new(&plan, &evidence, &bar).and_then(Session::run);
    bar.finish_and_clear();
    let outcome = ended?;
    let kept = match &outcome.ending {
        Ending::Found(_) => Some(evidence.keep()),
        _ => None,
    };
    let report = show::report(&plan, &outcome, kept);
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show::ending(&report, output)?;
    }
    outcome.verdict()
}
