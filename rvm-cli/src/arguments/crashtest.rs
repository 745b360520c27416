//! Arguments of `crashtest`.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::spans::parse_span;

pub(super) const HELP: &str = "\
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
