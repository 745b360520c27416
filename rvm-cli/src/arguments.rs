//! The command line: what can be asked, and its help.

mod archive;
mod bench;
mod copies;
mod crashtest;
mod demo;
mod history;
mod shell;
mod shells;
mod stats;
mod verify;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::colours::Colour;
use crate::exit;
use crate::sizes::{parse_hex, parse_size};

pub(crate) use self::archive::{ArchiveVerb, ReplayArguments};
pub(crate) use self::bench::{BenchArguments, PatternKind, SegmentsKind};
pub(crate) use self::copies::{
    BackupArguments, DiffArguments, ExportArguments, ImportArguments, RestoreArguments,
};
pub(crate) use self::crashtest::CrashtestArguments;
pub(crate) use self::demo::{ChildArguments, CommitKind, DemoArguments};
pub(crate) use self::history::{
    BlameArguments, DumpArguments, FilterArguments, LogLsArguments, LogShowArguments,
    LogTailArguments, LogTimelineArguments, LogVerb, Stretch,
};
pub(crate) use self::shell::ShellArguments;
pub(crate) use self::shells::{CompletionsArguments, ManArguments};
pub(crate) use self::stats::{StatsArguments, StatsFormat};
pub(crate) use self::verify::{RepairArguments, VerifyArguments};

/// Looks at stores of recoverable virtual memory, changes them, and shows that they keep what they promise.
#[derive(Debug, Parser)]
#[command(
    name = "rvmctl",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 110,
    after_help = exit::TABLE,
    after_long_help = exit::TABLE
)]
pub(crate) struct Arguments {
    /// The directory of the store [default: the environment's `RVM_STORE`, or else the current directory; for the demo, a temporary one; not for the benchmark]
    #[arg(long, global = true, value_name = "DIR", help_heading = "For every command")]
    pub(crate) store: Option<PathBuf>,
    /// Print one JSON object on standard output; errors are JSON, too, on standard error
    #[arg(long, global = true, help_heading = "For every command")]
    pub(crate) json: bool,
    /// When to colour what is printed; a `NO_COLOR` that is not empty in the environment makes it never, unless this says always
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", hide_possible_values = false, help_heading = "For every command")]
    pub(crate) color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Kill a program 20 times while it keeps an airline's ledger, and count what is missing
    #[command(long_about = demo::HELP)]
    Demo(DemoArguments),
    /// Kill a program of yours again and again, and check each time that what it acknowledged is there
    #[command(long_about = crashtest::HELP)]
    Crashtest(CrashtestArguments),
    /// Commit as fast as a disk allows, and measure that beside what the disk itself can do
    #[command(long_about = bench::HELP)]
    Bench(BenchArguments),
    /// Show segments, logs, who has the store open, and whether recovery is due (read-only)
    ///
    /// Of each log: how full it is, where its records start (head), up to where no crash takes them back (resolved) and where they end (tail),
    /// what is to be replayed and how long that takes by rates that were measured, and its last transaction. Ends with 3 if recovery is due: the store was not shut down cleanly, and nobody has it open.
    Status,
    /// List, create or destroy segments
    #[command(subcommand, arg_required_else_help = true)]
    Seg(SegVerb),
    /// Show committed bytes of a segment (read-only)
    ///
    /// It works while the store is in use, and when recovery is due: what is committed and still in the log is shown, too.
    Peek(PeekArguments),
    /// Change bytes of a segment in one transaction (writes)
    ///
    /// The store is recovered first if that is due. The segment is never made or extended.
    Poke(PokeArguments),
    /// Read the logs as history: who changed what, when (read-only)
    #[command(subcommand, arg_required_else_help = true)]
    Log(LogVerb),
    /// Show which transactions wrote some bytes, newest first (read-only)
    ///
    /// At the end stands what was there before the oldest transaction that the segment's log and archive hold.
    Blame(BlameArguments),
    /// Show a segment in hexadecimal digits, or as values (read-only)
    #[command(long_about = history::DUMP_HELP)]
    Dump(DumpArguments),
    /// Fold all logs into their segments (writes)
    ///
    /// The store is recovered first if that is due. With --dry-run it only tells what would be folded, and ends with 3 if recovery is due.
    Truncate {
        /// Write nothing: only tell what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Recover a store after a crash, and tell what was found (writes)
    ///
    /// A damaged store is refused and left as it is. With --salvage it is opened for reading only, and what is left of it goes to a new
    /// store; that ends with 4 if anything is missing or in doubt, and 0 if nothing is damaged. With --dry-run alone it tells which records would be
    /// applied, which would be dropped and why, and how long it would take; that ends with 3 if recovery is due.
    Recover(RecoverArguments),
    /// Show what the logs hold, and what the store's process counts (read-only)
    #[command(long_about = stats::HELP)]
    Stats(StatsArguments),
    /// Take commands one by one: map, begin, set, show, commit, abort (writes, unless with --read-only)
    #[command(long_about = shell::HELP)]
    Shell(ShellArguments),
    /// Print a script that completes what is typed in a shell
    ///
    /// It is made for bash, zsh, fish, elvish or powershell, and goes to standard output; the README says where to put it.
    Completions(CompletionsArguments),
    /// Print the manual page, or write one for each command (writes with --to)
    ///
    /// Without --to it is rvmctl(1), for `rvmctl man | man -l -`. With --to there are also rvmctl-status(1), rvmctl-log-ls(1) and so on; each
    /// path is printed.
    Man(ManArguments),
    /// Make a backup of the store, also while it is in use, or check one (writes elsewhere)
    #[command(long_about = copies::BACKUP_HELP)]
    Backup(BackupArguments),
    /// Make a new store of a backup (writes elsewhere)
    ///
    /// The backups that it builds on are read, too, and every hash is checked. The store has segments and no logs; the next opening
    /// adopts them. It appears under its name when it is whole.
    Restore(RestoreArguments),
    /// Write segments as portable text (read-only)
    #[command(long_about = copies::EXPORT_HELP)]
    Export(ExportArguments),
    /// Make segments of such text (writes)
    #[command(long_about = copies::IMPORT_HELP)]
    Import(ImportArguments),
    /// Show what differs between two stores, backups or segments (read-only)
    #[command(long_about = copies::DIFF_HELP)]
    Diff(DiffArguments),
    /// Check everything that the files say, and name each fault (read-only)
    #[command(long_about = verify::VERIFY_HELP)]
    Verify(VerifyArguments),
    /// Repair what can be repaired without guessing, and keep what is changed (writes; asks first)
    #[command(long_about = verify::REPAIR_HELP)]
    Repair(RepairArguments),
    /// Keep what logs held beyond truncation, or tell what is kept
    #[command(subcommand, arg_required_else_help = true, long_about = archive::ARCHIVE_HELP)]
    Archive(ArchiveVerb),
    /// Make a new store of this one as it was after a transaction, or at a time (writes elsewhere)
    #[command(long_about = archive::REPLAY_HELP)]
    Replay(ReplayArguments),
    /// The program that the demo kills.
    #[command(hide = true)]
    DemoChild(ChildArguments),
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverArguments {
    /// Read what is left of a damaged store; it is not written to
    #[arg(long, requires = "outcome")]
    pub(crate) salvage: bool,
    /// The directory of the new store; it must be missing or empty
    #[arg(long, value_name = "DIR", requires = "salvage", group = "outcome")]
    pub(crate) to: Option<PathBuf>,
    /// Write nothing: only tell what would be done; with --salvage, what is damaged and what is left
    #[arg(long, group = "outcome")]
    pub(crate) dry_run: bool,
}

/// What can be done with segments.
#[derive(Debug, Subcommand)]
pub(crate) enum SegVerb {
    /// List the segments and their lengths (read-only)
    Ls,
    /// Make a segment of zeros, and the store if there is none (writes)
    Create {
        /// Its name: 1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot
        name: String,
        /// Its length in bytes, as in 4096, 64K, 1M or 0x1000
        #[arg(value_parser = parse_size, value_name = "LEN")]
        len: u64,
        /// Write nothing: only tell what would be made
        #[arg(long)]
        dry_run: bool,
    },
    /// Erase a segment and its log, for good (writes; asks first)
    Destroy {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Write nothing: only tell what would be erased
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
    },
}

/// Arguments of `peek`.
#[derive(Debug, Args)]
pub(crate) struct PeekArguments {
    /// The segment
    pub(crate) name: String,
    /// The first byte, as in 4096, 64K or 0x1000
    #[arg(value_parser = parse_size, default_value = "0")]
    pub(crate) offset: u64,
    /// How many bytes [default: all up to the end]
    #[arg(value_parser = parse_size, value_name = "LEN")]
    pub(crate) len: Option<u64>,
    /// Print the bytes as they are, for a pipe or a file
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
}

/// Arguments of `poke`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("bytes").required(true)))]
pub(crate) struct PokeArguments {
    /// The segment; it is never made or extended
    pub(crate) name: String,
    /// Where the bytes go, as in 4096, 64K or 0x1000
    #[arg(value_parser = parse_size)]
    pub(crate) offset: u64,
    /// The bytes in hexadecimal, as in 0a0b
    #[arg(long, group = "bytes", value_name = "DIGITS")]
    pub(crate) hex: Option<String>,
    /// The bytes as text, in UTF-8
    #[arg(long, group = "bytes")]
    pub(crate) text: Option<String>,
    /// A file that holds the bytes; - for standard input
    #[arg(long, group = "bytes")]
    pub(crate) file: Option<PathBuf>,
    /// What the transaction is labelled with, which the log shows: up to 255 bytes
    #[arg(long, value_name = "TEXT", default_value = "rvmctl poke")]
    pub(crate) label: String,
    /// Write nothing: only tell what would be changed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl PokeArguments {
    /// The bytes, if they are on the command line.
    pub(crate) fn given_bytes(&self) -> Result<Option<Vec<u8>>, String> {
        match (&self.hex, &self.text) {
            (Some(hex), _) => parse_hex(hex).map(Some),
            (None, Some(text)) => Ok(Some(text.clone().into_bytes())),
            (None, None) => Ok(None),
        }
    }
}
