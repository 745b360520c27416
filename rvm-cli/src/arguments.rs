//! The command line: what can be asked, and its help.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::exit;
use crate::sizes::{parse_hex, parse_size};

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
    /// The directory of the store [default: the environment's `RVM_STORE`, or else the current directory; for the demo, a temporary one]
    #[arg(long, global = true, value_name = "DIR", help_heading = "For every command")]
    pub(crate) store: Option<PathBuf>,
    /// Print one JSON object on standard output; errors are JSON, too, on standard error
    #[arg(long, global = true, help_heading = "For every command")]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Kill a program 20 times while it keeps an airline's ledger, and count what is missing
    #[command(long_about = DEMO_HELP)]
    Demo(DemoArguments),
    /// Show segments, logs, and whether recovery is due (read-only)
    ///
    /// Ends with 3 if recovery is due: the store was not shut down cleanly, and nobody has it open.
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
    /// List the records of the logs (read-only)
    #[command(subcommand, arg_required_else_help = true)]
    Log(LogVerb),
    /// Fold all logs into their segments (writes)
    ///
    /// The store is recovered first if that is due.
    Truncate,
    /// Recover a store after a crash, and tell what was found (writes)
    Recover,
    /// The program that the demo kills.
    #[command(hide = true)]
    DemoChild(ChildArguments),
}

const DEMO_HELP: &str = "\
Keeps an airline's ledger in recoverable memory: four segments (aircraft, carriers, airports, journal), and one \
transaction for each flight, with six small ranges in it. The program that keeps it runs as a child and is killed with \
SIGKILL, again and again, most often at its work, sometimes while it opens the store. Each time the next one \
opens the store, which recovers it, and resumes from what the store itself says was committed. Each time, and at the end once more \
from the first flight, every total is compared with a straight count over the file.

A transaction counts as acknowledged when the child has said so through a pipe, after its commit. With --durability \
force none of those may be missing. With --durability lazy only the latest may be missing, none that is older than the \
interval, and none in part.

Without --store the ledger is kept in a temporary directory, which is removed at the end unless a check failed. Only the exit \
code 0 says that all checks were passed.";

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How often to kill the program; the flights are gone through again if one lap is too short for that
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) kills: u64,
    /// When a commit is durable: when it returns, or within the interval
    #[arg(long, value_enum, default_value_t = CommitKind::Force)]
    pub(crate) durability: CommitKind,
    /// How long a lazy commit may stay in memory only, in milliseconds
    #[arg(long, default_value_t = 100, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub(crate) interval: u64,
    /// How much later than the interval a lazy commit may become durable, in milliseconds; for machines under heavy load
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(crate) slack: u64,
    /// Other flight records than January 2013 from New York: a .csv or .csv.gz file with the columns `dep_time`, `dep_delay`,
    /// `carrier`, `tailnum`, `origin` and `dest`
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The seed of all random choices, to make them again [default: a new one each time; it is printed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Keep the temporary store
    #[arg(long)]
    pub(crate) keep: bool,
    /// Kill nothing: only compare the ledger in --store with the flight records (read-only)
    #[arg(long)]
    pub(crate) verify: bool,
}

/// When a commit of the demo is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum CommitKind {
    /// When it returns.
    Force,
    /// Within the interval.
    Lazy,
}

impl CommitKind {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Force => "force",
            Self::Lazy => "lazy",
        }
    }
}

/// Arguments of the program that the demo kills.
#[derive(Debug, Args)]
pub(crate) struct ChildArguments {
    /// The flight records.
    #[arg(long)]
    pub(crate) input: Option<PathBuf>,
    /// How many flights they have.
    #[arg(long)]
    pub(crate) rows: u64,
    /// How many entries the aircraft's table has room for.
    #[arg(long)]
    pub(crate) aircraft: u64,
    /// How many entries the carriers' table has room for.
    #[arg(long)]
    pub(crate) carriers: u64,
    /// How many entries the airports' table has room for.
    #[arg(long)]
    pub(crate) airports: u64,
    /// When a commit is durable.
    #[arg(long, value_enum)]
    pub(crate) durability: CommitKind,
    /// How long a lazy commit may stay in memory only, in milliseconds.
    #[arg(long)]
    pub(crate) interval: u64,
    /// The number of the last transaction to make; none: go on until killed.
    #[arg(long)]
    pub(crate) until: Option<u64>,
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
    },
    /// Erase a segment and its log, for good (writes; asks first)
    Destroy {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What can be done with logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    /// List the live records of a segment's log, or of all logs (read-only)
    Ls {
        /// The segment [default: all]
        name: Option<String>,
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
