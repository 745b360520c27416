//! The arguments of the verbs that copy stores, and put copies back.

use std::path::PathBuf;

use clap::Args;

/// What `backup --help` says.
pub(super) const BACKUP_HELP: &str = "\
Makes a backup of the store in the directory OUT, which must be missing. It works beside the process that has the store open, and holds the \
state that was committed and durable at one moment. The store's files are held still for a short time only; how long that was is told. The \
backup appears under its name when it is whole and on stable storage; until then it is called OUT.unfinished.

With --since it stores only what changed since another backup of the same store, full or not, which is then needed to restore it: \
keep both in one directory, and both can be moved. Only what the logs say is read, as long as they reach back so far.

With --verify nothing is made: the backup in OUT and all that it builds on are read, and every hash is checked. That ends with 4 if anything is \
damaged, and 7 if a backup that it builds on is missing.";

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The directory of the backup
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// The backup that this one builds on
    #[arg(long, value_name = "BACKUP")]
    pub(crate) since: Option<PathBuf>,
    /// Write nothing: only tell what would be read
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write nothing: read the backup in OUT and check all of it
    #[arg(long, conflicts_with_all = ["since", "dry_run"])]
    pub(crate) verify: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The directory of the backup
    pub(crate) backup: PathBuf,
    /// The directory of the new store; it must be missing or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Write nothing: only tell what would be restored
    #[arg(long)]
    pub(crate) dry_run: bool,
}
