//! What can be asked of `verify` and `repair`.

use std::path::PathBuf;

use clap::Args;

/// The long help of `verify`.
pub(super) const VERIFY_HELP: &str = "\
Checks everything that the store's files say against everything else that they say: each header slot by itself, every \
record of every log, on behind what is damaged, and the logs with each other and with the segments. Each finding names \
the file, the place in it and what it means. It never stops at the first one, and nothing is written.

A finding is damage if what was acknowledged is lost or may be, a warning if nothing is lost but a safeguard is, and a \
note if it is what a crash leaves. It works while the store is in use; then it tells only what is still wrong when \
looked at again. A bit error in a segment's file is found by nobody: it has no checksums.

Ends with 0 if there is no damage, with 3 if recovery is due besides, with 4 if something is damaged, and with 6 if a \
file is of a format that this version does not know.";

/// The long help of `repair`.
pub(super) const REPAIR_HELP: &str = "\
Repairs what can be repaired without guessing: it writes a header slot that has rotted again from the other one, and \
removes files whose making a crash cut short. With --cut it also cuts logs off where they are damaged; what they held \
behind that is lost, and the plan names it.

The plan is printed first. Everything that is to be changed is copied before into a new directory, with a text that \
says what it was. --dry-run only prints the plan. The store must not be in use, and it is not recovered. Where a log \
cannot be read at all, `rvmctl recover --salvage --to DIR` makes a new store of what is left. It goes by what `verify` \
finds without --deep.

Ends with 4 if damage is left.";

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Read every byte of every file, too, to see whether the system can, and all that archives hold
    #[arg(long)]
    pub(crate) deep: bool,
}

/// Arguments of `repair`.
#[derive(Debug, Args)]
pub(crate) struct RepairArguments {
    /// Cut logs off where they are damaged, and lose what lies behind
    #[arg(long)]
    pub(crate) cut: bool,
    /// Where to keep what is changed [default: `STORE.repair-TIME` beside the store]
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write nothing: only print the plan
    #[arg(long)]
    pub(crate) dry_run: bool,
}
