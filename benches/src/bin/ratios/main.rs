//! Prints what the library costs beside the plain operation, and whether that is within its targets. The documentation of the crate
//! says how to run it.

#![deny(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

mod c;
mod codec;
mod commits;
mod declare;
mod device;
mod large;
mod lazy;
mod log;
mod map;
mod memory;
mod replays;
mod table;
mod threads;
mod wrap;

use std::io::{Write, stdout};
use std::path::PathBuf;

use benches::{Machine, Result, Row};
use clap::{Parser, ValueEnum};
use rvm_core::MappedToken;

use table::Style;

/// Measures ours and the same work by hand in turn, round by round, and prints both with their ratio and its target.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many rounds count; groups that take long have fewer
    #[arg(default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only these groups
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<Group>,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// What a process of its own does for the group `memory`
    #[arg(long, hide = true)]
    memory_of: Option<memory::Kind>,
    /// What a process of its own does for the group `c`: commits in this store
    #[arg(long, hide = true)]
    commits_in: Option<PathBuf>,
}

/// Rows that are measured together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Group {
    /// Durable commits of one thread
    Commits,
    /// Bytes that reach the device
    Device,
    /// Durable commits of several threads
    Threads,
    /// Lazy commits
    Lazy,
    /// `about_to_modify` alone
    Declare,
    /// Bytes of log, and ranges laid together
    Log,
    /// A log that wraps all the time
    Wrap,
    /// Commits of 1 to 64 MiB
    Large,
    /// A log replayed into memory
    Replay,
    /// A store opened after a crash
    Reopen,
    /// A clean segment mapped and read
    Map,
    /// Memory of the process
    Memory,
    /// Records encoded, decoded and scanned
    Codec,
    /// Durable commits from C, and in checked mode
    C,
}

/// What all groups are told.
#[derive(Clone, Copy, Debug)]
struct Run {
    rounds: usize,
    token: MappedToken,
}

impl Run {
    /// For rows that take long: at most so many rounds.
    fn at_most(self, rounds: usize) -> usize {
        self.rounds.min(rounds)
    }
}

impl Group {
    fn measure(self, run: Run) -> Result<Vec<Row>> {
        match self {
            Self::Commits => commits::measure(run),
            Self::Device => device::measure(run),
            Self::Threads => threads::measure(run),
            Self::Lazy => lazy::measure(run),
            Self::Declare => declare::measure(run),
            Self::Log => log::measure(run),
            Self::Wrap => wrap::measure(run),
            Self::Large => large::measure(run),
            Self::Replay => replays::measure_replays(run),
            Self::Reopen => replays::measure_reopenings(run),
            Self::Map => map::measure(run),
            Self::Memory => memory::measure(),
            Self::Codec => codec::measure(run),
            Self::C => c::measure(run),
        }
    }
}

#[expect(unsafe_code, reason = "the token of the mapped residency is unsafe to make")]
fn mapped_token() -> MappedToken {
    // SAFETY: stores lie in temporary directories of this process; nothing else writes to their files or truncates them.
    unsafe { MappedToken::new() }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let run = Run { rounds: arguments.rounds.into(), token: mapped_token() };
    if let Some(kind) = arguments.memory_of {
        return memory::print_of(kind, run.token);
    }
    if let Some(store) = arguments.commits_in {
        return c::commit_when_asked(&store);
    }
    let style = if arguments.markdown { Style::Markdown } else { Style::Plain };
    print!("{}{}", style.facts(&Machine::here(&std::env::temp_dir())?.facts()), style.head());
    for group in Group::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(group) {
            for row in group.measure(run)? {
                println!("{}", style.row(&row));
            }
            // Whoever waits sees what there is.
            stdout().flush()?;
        }
    }
    print!("{}", table::foot());
    Ok(())
}
