//! `rvmctl demo`: real flights, a ledger in recoverable memory, and a program that is killed again and again.
//!
//! The parent (`parent/`) starts this same program as its child (`child.rs`), which keeps the ledger (`ledger/`) and acknowledges each
//! transaction through a pipe (`messages.rs`). The parent kills it, starts it anew, and compares what it finds (`compare.rs`) with what was
//! acknowledged and with a count of its own (`straight.rs`), which shares the row parser (`flights.rs`) with the ledger and nothing else.

mod child;
mod compare;
mod faults;
mod flights;
mod home;
mod input;
mod key;
mod ledger;
mod messages;
mod parent;
mod progress;
mod show;
mod straight;
mod survey;
mod verify;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use self::home::Home;
use self::input::Input;
use self::parent::{Session, Setup};
use self::survey::Survey;
use crate::arguments::{ChildArguments, DemoArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::random::Random;

/// The program that the demo kills.
pub(crate) fn run_child(arguments: &ChildArguments, place: &Place) -> Result<Exit, Failure> {
    child::run(arguments, place.path())
}

/// Runs the demo, or compares the ledger that an earlier one left.
pub(crate) fn run(
    arguments: &DemoArguments,
    store: Option<PathBuf>,
    output: &mut Output,
) -> Result<(), Failure> {
    let input = Input::new(arguments.input.clone());
    // All of the input is read before anything is made: what is wrong with it is told with nothing to clean up.
    let survey = Survey::of(&input)?;
    match store {
        Some(directory) if arguments.verify => verify::run(&directory, &input, &survey, output),
        None if arguments.verify => Err(Failure::Usage(
            "--verify wants to be told the ledger's directory by --store".to_owned(),
        )),
        store => kill_and_compare(arguments, &input, &survey, Home::new(store)?, output),
    }
}

fn kill_and_compare(
    arguments: &DemoArguments,
    input: &Input,
    survey: &Survey,
    home: Home,
    output: &mut Output,
) -> Result<(), Failure> {
    let started = Instant::now();
    let setup = Setup {
        directory: home.path().to_owned(),
        input: input.clone(),
        flights: survey.flights,
        sizes: survey.sizes(),
        kills: arguments.kills,
        durability: arguments.durability,
        interval: Duration::from_millis(arguments.interval),
        archive: arguments.archive,
        slack: Duration::from_millis(arguments.slack),
        seed: arguments.seed.unwrap_or_else(Random::draw_seed),
    };
    if !output.wants_json() {
        show::beginning(&setup, survey, output)?;
        output.flush()?;
    }
    let bar = progress::bar(survey.flights);
    let ended = Session::new(&setup, bar.clone()).and_then(Session::run);
    bar.finish_and_clear();
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(failure) => return Err(with_evidence(failure, home)),
    };
    let broken = !outcome.faults.is_empty();
    let kept = home.leave(arguments.keep || broken);
    let report = show::report(&setup, survey, &outcome, started.elapsed(), kept);
    if output.wants_json() {
        output.json(&report)?;
    } else {
        show::ending(&report, output)?;
    }
    outcome.faults.verdict(&setup.directory)
}

/// A failure with the place where the store is left for whoever looks into it.
fn with_evidence(failure: Failure, home: Home) -> Failure {
    let directory = home.path().display().to_string();
    let reason = failure.message();
    if home.leave(true) {
        return Failure::Demo(format!("{reason}; the store is kept in {directory}"));
    }
    failure
}
