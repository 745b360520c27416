//! What a process tells others of the store that it has open: its figures, as a small text that is checked line by line when it is read.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use rvm_storage::{LockMode, LockScope, Storage, StorageError};

use super::Stats;
use super::exposition::{Exposition, Metric};
use super::latencies::Latencies;
use crate::error::{Error, Result};

/// The file in the store's directory that holds it.
pub const PUBLISHED_FILE: &str = "rvm.stats";

const FIRST_LINE: &str = "rvm statistics 1";
const LAST_LINE: &str = "end";

/// Far more than is ever published.
const LEN_MAX: u64 = 16 << 10;

/// How much later than announced the next figures may come before nobody is believed to be there.
const GRACE: Duration = Duration::from_secs(2);

/// What the process that has a store open last told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Published {
    /// The process.
    pub process: u32,
    /// When it opened the store, in nanoseconds since 1970.
    pub opened: u64,
    /// When it told this, in nanoseconds since 1970.
    pub written: u64,
    /// How often it tells.
    pub every: Duration,
    /// Whether the store takes no more commits until it is opened again.
    pub poisoned: bool,
    /// What it counted since it opened the store.
    pub stats: Stats,
    /// Whether the process is gone, or silent for longer than it should be: it died, or cannot write. What it counted later is not here.
    pub stale: bool,
}

impl Published {
    /// What is published in a store; `None` if nothing is, as always if nobody asked for it. Nothing is written.
    ///
    /// # Errors
    /// [`Error::NotStatistics`] if the file holds something else; I/O.
    pub fn read(storage: &dyn Storage) -> Result<Option<Self>> {
        let text = match storage.published(LEN_MAX)? {
            // It was not forced, so a power cut may leave an empty file.
            None => return Ok(None),
            Some(text) if text.is_empty() => return Ok(None),
            Some(text) => text,
        };
        let mut found = Self::decode(&text).map_err(|(line, fault)| Error::NotStatistics {
            file: format!("{}/{PUBLISHED_FILE}", storage.location()),
            line,
            fault,
        })?;
        found.stale = !is_open(storage)? || found.is_late(storage.unix_nanos());
        Ok(Some(found))
    }

    fn is_late(&self, now: u64) -> bool {
        let patience = self.every.saturating_mul(2).saturating_add(GRACE);
        u128::from(now.saturating_sub(self.written)) > patience.as_nanos()
    }

    /// Adds all of it to metrics of Prometheus.
    pub fn expose(&self, to: &mut Exposition) {
        let seconds =
            |nanos: u64| format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        for (name, help, value) in [
            (
                "rvm_opened_time_seconds",
                "When the store was opened, in seconds since 1970.",
                seconds(self.opened),
            ),
            (
                "rvm_published_time_seconds",
                "When these figures were told, in seconds since 1970.",
                seconds(self.written),
            ),
            (
                "rvm_poisoned",
                "1 if the store takes no more commits until it is opened again.",
                u8::from(self.poisoned).to_string(),
            ),
            (
                "rvm_stale",
                "1 if the process that told these figures is gone or silent.",
                u8::from(self.stale).to_string(),
            ),
        ] {
            to.family(name, Metric::Gauge, help);
            to.sample(name, &[], value);
        }
        self.stats.expose(to);
    }

    pub(crate) fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        let every = u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX);
        let head = [
            ("process", self.process.into()),
            ("opened", self.opened),
            ("written", self.written),
            ("every", every),
            ("poisoned", self.poisoned.into()),
        ];
        let (counters, latencies) = (counters(&self.stats), latencies(&self.stats));
        for (name, value) in head.into_iter().chain(counters) {
            // Writing to a string cannot fail, here and below.
            writeln!(text, "{name} {value}").ok();
        }
        for (name, latencies) in latencies {
            write!(text, "{name} {}", latencies.total().as_nanos()).ok();
            latencies.buckets().for_each(|(_, count)| {
                write!(text, " {count}").ok();
            });
            text.push('\n');
        }
        text.push_str(LAST_LINE);
        text.push('\n');
        text
    }

    /// An error names the line, from 1, and what is wrong there.
    fn decode(bytes: &[u8]) -> std::result::Result<Self, (u64, &'static str)> {
        if bytes.len() > usize::try_from(LEN_MAX).unwrap_or(usize::MAX) {
            return Err((1, "it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| (1, "it is no text"))?;
        let mut lines = Lines { lines: text.lines(), number: 0 };
        lines.expect(FIRST_LINE, "it begins otherwise, or is of a later version")?;
        let found = Self {
            process: lines.number("process")?,
            opened: lines.number("opened")?,
            written: lines.number("written")?,
            every: Duration::from_nanos(lines.number("every")?),
            poisoned: lines.number::<u8>("poisoned")? != 0,
            stats: Stats {
                commits_forced: lines.number("commits_forced")?,
                commits_lazy: lines.number("commits_lazy")?,
                aborts: lines.number("aborts")?,
                undo_records: lines.number("undo_records")?,
                redo_ranges: lines.number("redo_ranges")?,
                log_bytes: lines.number("log_bytes")?,
                log_forces: lines.number("log_forces")?,
                force_bytes: lines.number("force_bytes")?,
                truncations: lines.number("truncations")?,
                truncated_bytes: lines.number("truncated_bytes")?,
                truncations_out_of_space: lines.number("truncations_out_of_space")?,
                log_growths: lines.number("log_growths")?,
                force_latency: lines.latencies("force_latency")?,
                commit_latency: lines.latencies("commit_latency")?,
            },
            stale: false,
        };
        lines.expect(LAST_LINE, "it ends otherwise")?;
        Ok(found)
    }
}

/// Whether a process has the store open for writing.
fn is_open(storage: &dyn Storage) -> Result<bool> {
    match storage.lock(LockScope::Owner, LockMode::Shared, Duration::ZERO) {
        Ok(_not_in_use) => Ok(false),
        Err(StorageError::Locked { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn counters(stats: &Stats) -> [(&'static str, u64); 12] {
    [
        ("commits_forced", stats.commits_forced),
        ("commits_lazy", stats.commits_lazy),
        ("aborts", stats.aborts),
        ("undo_records", stats.undo_records),
        ("redo_ranges", stats.redo_ranges),
        ("log_bytes", stats.log_bytes),
        ("log_forces", stats.log_forces),
        ("force_bytes", stats.force_bytes),
        ("truncations", stats.truncations),
        ("truncated_bytes", stats.truncated_bytes),
        ("truncations_out_of_space", stats.truncations_out_of_space),
        ("log_growths", stats.log_growths),
    ]
}

fn latencies(stats: &Stats) -> [(&'static str, &Latencies); 2] {
    [("force_latency", &stats.force_latency), ("commit_latency", &stats.commit_latency)]
}

/// The lines of a text, each of which has its place.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: u64,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> std::result::Result<&'a str, (u64, &'static str)> {
        self.number += 1;
        self.lines.next().ok_or((self.number, "it ends too early"))
    }

    fn expect(
        &mut self,
        line: &str,
        fault: &'static str,
    ) -> std::result::Result<(), (u64, &'static str)> {
        if self.next()? == line { Ok(()) } else { Err((self.number, fault)) }
    }

    /// What stands behind a name and a space.
    fn value(&mut self, name: &str) -> std::result::Result<&'a str, (u64, &'static str)> {
        let rest = self.next()?.strip_prefix(name);
        rest.and_then(|rest| rest.strip_prefix(' '))
            .ok_or((self.number, "another figure belongs there"))
    }

    fn number<N: FromStr>(&mut self, name: &str) -> std::result::Result<N, (u64, &'static str)> {
        self.value(name)?.parse().map_err(|_| (self.number, "the figure is no number"))
    }

    fn latencies(&mut self, name: &str) -> std::result::Result<Latencies, (u64, &'static str)> {
        let figures: std::result::Result<Vec<u64>, _> =
            self.value(name)?.split(' ').map(str::parse).collect();
        match figures.ok().as_deref().and_then(<[u64]>::split_first) {
            Some((nanos, counts)) if counts.len() <= super::latencies::BUCKETS => {
                Ok(Latencies::from_parts(*nanos, counts.iter().copied()))
            }
            _ => Err((self.number, "the latencies are no numbers, or too many")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Appends, Counters};

    fn example() -> Published {
        let counters = Counters::default();
        counters.commits_forced.add(3);
        counters.force_latency.record(Duration::from_micros(90));
        let stats = counters.read(Appends { redo_ranges: 7, ..Appends::default() });
        let every = Duration::from_secs(1);
        Published { process: 9, opened: 1, written: 2, every, poisoned: true, stats, stale: false }
    }

    /// Guards against figures that another process reads as others.
    #[test]
    fn what_is_published_is_read_back() {
        assert_eq!(Published::decode(example().encode().as_bytes()), Ok(example()));
    }

    /// Guards against a page that describes another file.
    #[test]
    fn the_page_lists_the_lines_that_are_published() {
        let page = include_str!("../../../docs/format.md");
        let example = example().encode();
        let names = example.lines().map(|line| match line {
            FIRST_LINE => line,
            line => line.split(' ').next().unwrap(),
        });
        let listed = names.collect::<Vec<_>>().join("\n");
        assert!(page.contains(&format!("```text\n{listed}\n```")), "not on the page:\n{listed}");
    }

    /// Guards against a panic, or figures out of nothing, when the file holds anything else.
    #[test]
    fn any_other_text_is_refused_with_its_line() {
        let text = example().encode();
        for end in 0..text.len() - 1 {
            assert!(Published::decode(&text.as_bytes()[..end]).is_err(), "{end} bytes were taken");
        }
        for (from, to, line) in [
            ("statistics 1", "statistics 2", 1),
            ("process 9", "process -9", 2),
            ("aborts", "about", 9),
        ] {
            let fault = Published::decode(text.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(fault.0, line, "{fault:?}");
        }
        let many = text.replace("end\n", "") + &"1 ".repeat(9_000);
        assert_eq!(Published::decode(many.as_bytes()).unwrap_err(), (1, "it is too long"));
        assert!(Published::decode(&[0xff; 9]).is_err());
    }
}
