//! Counters and latency histograms of a store. Those that any thread raises at any time are relaxed: they order nothing.

mod exposition;
mod latencies;
mod published;

use crate::sync::Tally;
use crate::sync::atomic::Ordering;

pub use exposition::{Exposition, Metric};
pub(crate) use latencies::Histogram;
pub use latencies::Latencies;
pub use published::{PUBLISHED_FILE, Published};

/// A counter that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Counter(Tally);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was appended to a log. Counted under its latch, where that costs next to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Appends {
    /// Of a transaction over several logs, in the first.
    pub(crate) commits_lazy: u64,
    /// As the lazy commits.
    pub(crate) undo_records: u64,
    pub(crate) redo_ranges: u64,
    pub(crate) log_bytes: u64,
}

impl Appends {
    pub(crate) fn add(&mut self, more: &Self) {
        self.commits_lazy += more.commits_lazy;
        self.undo_records += more.undo_records;
        self.redo_ranges += more.redo_ranges;
        self.log_bytes += more.log_bytes;
    }
}

/// What a store counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits_forced: Counter,
    /// Besides those that [`Appends`] counts.
    pub(crate) commits_lazy: Counter,
    pub(crate) aborts: Counter,
    /// Besides those that [`Appends`] counts.
    pub(crate) undo_records: Counter,
    pub(crate) log_forces: Counter,
    pub(crate) force_bytes: Counter,
    pub(crate) truncations: Counter,
    pub(crate) truncated_bytes: Counter,
    pub(crate) truncations_out_of_space: Counter,
    pub(crate) log_growths: Counter,
    pub(crate) force_latency: Histogram,
    pub(crate) commit_latency: Histogram,
}

/// What a store did since it was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Transactions committed with `Durability::Force`.
    pub commits_forced: u64,
    /// Transactions committed with `Durability::Lazy`.
    pub commits_lazy: u64,
    /// Transactions aborted, dropped ones included.
    pub aborts: u64,
    /// Undo records made.
    pub undo_records: u64,
    /// Redo ranges logged.
    pub redo_ranges: u64,
    /// Bytes of records appended to logs.
    pub log_bytes: u64,
    /// Forces of a log.
    pub log_forces: u64,
    /// Bytes that those wrote, in whole blocks.
    pub force_bytes: u64,
    /// Truncations that moved a log's head.
    pub truncations: u64,
    /// Bytes of log that they freed.
    pub truncated_bytes: u64,
    /// Truncations that ran out of space and changed nothing.
    pub truncations_out_of_space: u64,
    /// Times that a log grew.
    pub log_growths: u64,
    /// How long forces of a log took.
    pub force_latency: Latencies,
    /// How long commits with `Durability::Force` took.
    pub commit_latency: Latencies,
}

impl Counters {
    /// `appends` are those of all logs, of which some may be gone.
    pub(crate) fn read(&self, appends: Appends) -> Stats {
        Stats {
            commits_forced: self.commits_forced.get(),
            commits_lazy: appends.commits_lazy + self.commits_lazy.get(),
            aborts: self.aborts.get(),
            undo_records: appends.undo_records + self.undo_records.get(),
            redo_ranges: appends.redo_ranges,
            log_bytes: appends.log_bytes,
            log_forces: self.log_forces.get(),
            force_bytes: self.force_bytes.get(),
            truncations: self.truncations.get(),
            truncated_bytes: self.truncated_bytes.get(),
            truncations_out_of_space: self.truncations_out_of_space.get(),
            log_growths: self.log_growths.get(),
            force_latency: self.force_latency.read(),
            commit_latency: self.commit_latency.read(),
        }
    }
}

impl Stats {
    /// All of it as metrics of Prometheus, in its text format, for a program that serves them. Every sample gets these `labels`, such as the
    /// store's name. Counters end in `_total`; durations are in seconds.
    #[must_use]
    pub fn to_prometheus(&self, labels: &[(&str, &str)]) -> String {
        let mut exposition = Exposition::new(labels);
        self.expose(&mut exposition);
        exposition.into_text()
    }

    /// Adds all of it to metrics of the caller's.
    pub fn expose(&self, to: &mut Exposition) {
        to.family(
            "rvm_commits_total",
            Metric::Counter,
            "Transactions committed, by when they are durable: on return, or within the interval.",
        );
        to.sample("rvm_commits_total", &[("durability", "force")], self.commits_forced);
        to.sample("rvm_commits_total", &[("durability", "lazy")], self.commits_lazy);
        for (name, help, value) in [
            ("rvm_aborts_total", "Transactions aborted, dropped ones included.", self.aborts),
            ("rvm_undo_records_total", "Undo records made.", self.undo_records),
            ("rvm_redo_ranges_total", "Redo ranges logged.", self.redo_ranges),
            ("rvm_log_appended_bytes_total", "Bytes of records appended to logs.", self.log_bytes),
            ("rvm_log_forces_total", "Forces of a log.", self.log_forces),
            (
                "rvm_log_forced_bytes_total",
                "Bytes that forces wrote, in whole blocks.",
                self.force_bytes,
            ),
            (
                "rvm_truncations_total",
                "Truncations that moved the head of a log.",
                self.truncations,
            ),
            (
                "rvm_truncated_bytes_total",
                "Bytes of log that truncations freed.",
                self.truncated_bytes,
            ),
            (
                "rvm_truncations_out_of_space_total",
                "Truncations that ran out of space and changed nothing.",
                self.truncations_out_of_space,
            ),
            ("rvm_log_growths_total", "Times that a log grew.", self.log_growths),
        ] {
            to.family(name, Metric::Counter, help);
            to.sample(name, &[], value);
        }
        to.latencies(
            "rvm_log_force_duration_seconds",
            "How long forces of a log took.",
            &self.force_latency,
        );
        to.latencies(
            "rvm_commit_duration_seconds",
            "How long commits took that were durable when they returned.",
            &self.commit_latency,
        );
    }
}
