//! Arguments of `demo`, and of the program that it kills.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const HELP: &str = "\
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
    /// Keep all history, so that the store can be copied as it was after any flight; see `rvmctl replay`
    #[arg(long)]
    pub(crate) archive: bool,
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
    /// Keep all history.
    #[arg(long)]
    pub(crate) archive: bool,
    /// The number of the last transaction to make; none: go on until killed.
    #[arg(long)]
    pub(crate) until: Option<u64>,
}
