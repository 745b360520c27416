//! Arguments of `stats`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::spans::parse_seconds;

pub(super) const HELP: &str = "\
Shows what the logs hold: committed transactions, their records and ranges by size, by label and by segment, and how full each log is. \
That works with every store, also while a process has it open. If that process was asked to tell what it counts (`Options::publish_stats`; the \
demo and the benchmark do), its counters and the latencies of its commits and forces are shown, too; they are marked as stale if it is gone.

With --watch it goes on, with the rates since the last time, until Ctrl-C, which ends it with 130, or --count. With --format prometheus it prints \
the text format of Prometheus, for a collector of text files.";

/// Arguments of `stats`.
#[derive(Debug, Args)]
pub(crate) struct StatsArguments {
    /// How to print it
    #[arg(long, value_enum, default_value_t = StatsFormat::Text)]
    pub(crate) format: StatsFormat,
    /// Go on, each time so many seconds later, as in 2 or 0.5 [default: 1]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = parse_seconds)]
    pub(crate) watch: Option<Duration>,
    /// End after so many times
    #[arg(long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

/// How statistics are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StatsFormat {
    /// For people.
    Text,
    /// As metrics of Prometheus.
    Prometheus,
    /// As --json does; one object each time.
    Json,
}
