//! Arguments of `shell`.

use clap::Args;

pub(super) const HELP: &str = "\
Opens the store for writing, which recovers it first if that is due, and takes commands one by one: map segments, begin a transaction, set bytes, \
show them, commit or abort. `help` lists them. A transaction that is open at the end is aborted.

At a terminal, lines can be edited and searched, and Tab completes commands and segments; Ctrl-C drops a line, Ctrl-D leaves. From a pipe or a \
file each line is a command, empty lines and those that start with # do not count, and the first that fails ends it with its number and its \
exit code, unless --keep-going.

With --read-only the store is only looked at, also while another process has it open.";

/// Arguments of `shell`.
#[derive(Debug, Args)]
pub(crate) struct ShellArguments {
    /// Only look: show, segments, status, stats; nothing is written
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Go on behind a line that fails; the exit code is that of the first
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Keep what is typed for the next time, in rvmctl/history under `XDG_STATE_HOME`, or else ~/.local/state
    #[arg(long)]
    pub(crate) keep_history: bool,
}
