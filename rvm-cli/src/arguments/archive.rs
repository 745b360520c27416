//! The arguments of the verbs around archives: `archive` and `replay`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rvm_core::rvm_history::point_in_time::Until;
use rvm_core::rvm_log::TxnId;

use crate::timestamps::parse_marked_time;

/// What `archive --help` says.
pub(super) const ARCHIVE_HELP: &str = "\
An archive keeps what a segment's log held before it was truncated, compressed, in NAME.arc beside NAME.log. Once it is on, whoever \
opens the store keeps it going, and segments that are made later have one, too. It stays when its segment is destroyed. `replay` makes a store \
of it as it was after any transaction.";

/// What `replay --help` says.
pub(super) const REPLAY_HELP: &str = "\
Writes into the directory OUT, which must be missing or empty, the segments as they were after transaction TXN, or at TIME: then it \
is all transactions before the first one that was committed later. The store is not written to, and may be in use.

What a segment was is known from where its archive begins (`archive status` tells); without an archive, from where its log \
begins. If a segment is not known as of then, nothing is written, and it ends with 7 and says from which transaction on it is.";

/// What can be done with archives.
#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveVerb {
    /// Keep what the logs hold beyond truncation from now on (writes)
    ///
    /// The store must not be in use; it is recovered first if that is due. Each archive begins with a copy of its segment. If it is on
    /// already, nothing changes.
    On(SwitchArguments),
    /// Keep nothing any more (writes)
    ///
    /// The store must not be in use; it is recovered first if that is due. What is archived by now stays, unless --remove is given;
    /// that is for good, so it asks first.
    Off {
        /// Remove what is archived, that of destroyed segments, too
        #[arg(long)]
        remove: bool,
        /// Do not ask before --remove
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        #[command(flatten)]
        switch: SwitchArguments,
    },
    /// Show from which transaction to which one each segment is known, and what is damaged (read-only)
    ///
    /// It reads the headers of frames only, and not what frames hold: `verify --deep` reads all. Ends with 4 if an archive is damaged.
    Status,
}

/// Arguments of `archive on` and `archive off`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct SwitchArguments {
    /// Write nothing: only tell which archives would change
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The last transaction, or a time: RFC 3339 as in 2026-11-26T12:00:00Z or 2026-11-26T13:00:00+01:00, or nanoseconds since 1970 behind an @
    #[arg(long, value_name = "TXN|TIME", value_parser = parse_until)]
    pub(crate) until: Until,
    /// The directory of the new store; it must be missing or empty
    #[arg(long, value_name = "OUT")]
    pub(crate) to: PathBuf,
    /// Write nothing: only tell what the new store would have
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `1234`, `2026-11-26T12:00:00Z`, `2026-11-26T13:00:00+01:00` or `@1764158400000000000`.
fn parse_until(text: &str) -> Result<Until, String> {
    if let Ok(transaction) = text.parse() {
        return Ok(Until::Transaction(TxnId(transaction)));
    }
    parse_marked_time(text)
        .map(Until::Time)
        .map_err(|fault| format!("it is no number of a transaction, and {fault}"))
}
