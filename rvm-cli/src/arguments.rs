//! The command line: what can be asked, and its help.

mod bench;
mod shells;
mod stats;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::colours::Colour;
use crate::exit;
use crate::sizes::{parse_hex, parse_size};
use crate::spans::parse_span;

pub(crate) use self::bench::{BenchArguments, PatternKind, SegmentsKind};
pub(crate) use self::shells::{CompletionsArguments, ManArguments};
pub(crate) use self::stats::{StatsArguments, StatsFormat};

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
    #[command(long_about = DEMO_HELP)]
    Demo(DemoArguments),
    /// Kill a program of yours again and again, and check each time that what it acknowledged is there
    #[command(long_about = CRASHTEST_HELP)]
    Crashtest(CrashtestArguments),
    /// Commit as fast as a disk allows, and measure that beside what the disk itself can do
    #[command(long_about = bench::HELP)]
    Bench(BenchArguments),
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
    ///
    /// A damaged store is refused and left as it is. With --salvage it is opened for reading only, and what is left of it goes to a new
    /// store; that ends with 4 if anything is missing or in doubt, and 0 if nothing is damaged.
    Recover(RecoverArguments),
    /// Show what the logs hold, and what the store's process counts (read-only)
    #[command(long_about = stats::HELP)]
    Stats(StatsArguments),
    /// Print a script that completes what is typed in a shell
    ///
    /// It is made for bash, zsh, fish, elvish or powershell, and goes to standard output; the README says where to put it.
    Completions(CompletionsArguments),
    /// Print the manual page, or write one for each command (writes with --to)
    ///
    /// Without --to it is rvmctl(1), for `rvmctl man | man -l -`. With --to there are also rvmctl-status(1), rvmctl-log-ls(1) and so on; each
    /// path is printed.
    Man(ManArguments),
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

const CRASHTEST_HELP: &str = "\
Starts CMD in a process group of its own, kills the whole group with SIGKILL at a random moment, and runs a check; \
again and again. Every line that CMD prints on standard output is an acknowledgement: what it promises must survive. So CMD has to print \
it after the commit, and flush it.

--check names a shell command. It gets all lines acknowledged so far on standard input, in order, and the variables \
RVM_ROUND, RVM_SEED and RVM_ACKS (how many lines). Exit code 0 means that nothing is missing. It runs once before the first \
start, with no lines and RVM_ROUND=0. CMD has RVM_ROUND and RVM_SEED, too. The check had better open a store for reading only, so that it is CMD that recovers \
it and is killed at that, too. Without --check, or as well, --store DIR is opened for reading after each kill; it must not be damaged.

At the first failure the test stops, tells round, seed and delay, keeps the acknowledged lines, and prints the command line that makes the same \
choices again; begin with the same files as the first time. It is a failure, too, if CMD fails by itself, if it ended by itself \
so often that the kills asked for were not made, and if none hit.";

/// Arguments of `crashtest`.
#[derive(Debug, Args)]
pub(crate) struct CrashtestArguments {
    /// What checks, through `sh -c`: lines on standard input, exit code 0 if all is well
    #[arg(long, value_name = "CMD2")]
    pub(crate) check: Option<String>,
    /// How many kills have to hit [default: 100, or as many as --for has time for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) kills: Option<u64>,
    /// How long to go on at most, as in 90s, 10m or 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_span)]
    pub(crate) time: Option<Duration>,
    /// The seed of all random choices, to make them again [default: a new one each time; it is printed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The shortest time before a kill, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=3_600_000))]
    pub(crate) min_ms: u64,
    /// The longest time before a kill, in milliseconds [default: 50, or 2 with --after-lines, and at least --min-ms]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=3_600_000))]
    pub(crate) max_ms: Option<u64>,
    /// Count that time from a line of CMD's that is drawn from the first MAX, and not from the start
    #[arg(long, value_name = "MAX", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) after_lines: Option<u64>,
    /// How long a check may take, and CMD be silent with --after-lines, as in 90s or 10m
    #[arg(long, default_value = "120s", value_name = "DURATION", value_parser = parse_span)]
    pub(crate) patience: Duration,
    /// The program to kill, and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
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
    /// Write nothing: only tell what is damaged and what is left
    #[arg(long, requires = "salvage", group = "outcome")]
    pub(crate) dry_run: bool,
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
