//! `rvmctl log`: the logs as history.

mod diff;
mod list;
mod show;
mod tail;
mod timeline;

use rvm_core::Error;
use rvm_core::rvm_storage::Storage;

use crate::arguments::{FilterArguments, LogVerb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::{self, Place};

pub(super) use diff::{Known, all_known, hex_rows, row_len, values_of};

/// Does what was asked.
pub(super) fn run(place: &Place, asked: &LogVerb, output: &mut Output) -> Result<Exit, Failure> {
    match asked {
        LogVerb::Ls(asked) => list::run(place, asked, output)?,
        LogVerb::Show(asked) => show::run(place, asked, output)?,
        LogVerb::Timeline(asked) => timeline::run(place, asked, output)?,
        LogVerb::Tail(asked) => return tail::run(place, asked, output),
    }
    Ok(Exit::Fine)
}

/// Whoever asks for a segment that is not there should learn it, and not that nothing was found.
fn check_segments(
    place: &Place,
    storage: &dyn Storage,
    filter: &FilterArguments,
) -> Result<(), Failure> {
    let known = place::segments(storage)?;
    for wanted in filter.segments() {
        if !known.iter().any(|(name, _)| name == wanted) {
            return Err(Error::NotFound { segment: wanted.to_owned(), store: place.shown() }.into());
        }
    }
    Ok(())
}

/// The word for how a transaction was committed.
pub(super) const fn kind_of(lazy: bool) -> &'static str {
    if lazy { "lazy" } else { "force" }
}
