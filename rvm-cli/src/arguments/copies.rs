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

/// What `export --help` says.
pub(super) const EXPORT_HELP: &str = "\
Writes segments as lines of JSON, to standard output or to a new file: portable text that any tool reads, and that `import` turns into the same \
bytes. Zeros take no room. The last line has a hash of all others. A store that is in use is copied to a temporary directory first, packed, so \
that its commits do not wait for whoever reads the text.";

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The segments [default: all]
    #[arg(value_name = "SEGMENT")]
    pub(crate) segments: Vec<String>,
    /// The new file for the text [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Export what a backup holds, and not the store
    #[arg(long, value_name = "BACKUP")]
    pub(crate) backup: Option<PathBuf>,
}

/// What `import --help` says.
pub(super) const IMPORT_HELP: &str = "\
Makes segments of text that `export` wrote, in the store, which is made if there is none. All of the text is read and its hash compared before \
anything is written, and new segments appear when all of them are on stable storage. A segment that is there already is refused, or with \
--replace gets the content of the text, in transactions of up to 256 KiB; it must not be longer than the text says. The store must not be in use.";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The file with the text; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// Change segments that are there already
    #[arg(long)]
    pub(crate) replace: bool,
    /// Write nothing: only check the text and tell what would be made
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `diff --help` says.
pub(super) const DIFF_HELP: &str = "\
Compares two stores, two backups, a store and a backup, or two segments, and shows what differs: segments that only one has, lengths, \
and ranges of bytes, the old ones and the new ones. A side is the directory of a store or of a backup, STORE:SEGMENT or BACKUP:SEGMENT, or a file \
with the bytes of a segment. Bytes that differ are shown as one range if fewer than 16 equal ones lie between them.

Ends with 0 if nothing differs and with 1 if something does.";

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The first, or old, side
    #[arg(value_name = "A")]
    pub(crate) first: PathBuf,
    /// The second, or new, side
    #[arg(value_name = "B")]
    pub(crate) second: PathBuf,
    /// Show values of these types, as in u64le,u32le; records start at the segment's first byte, or where @OFFSET says
    #[arg(long = "as", value_name = "TYPES")]
    pub(crate) types: Option<String>,
    /// Show only how many bytes of each segment differ
    #[arg(long)]
    pub(crate) stat: bool,
    /// Show at most so many ranges
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: u64,
}
