//! Metrics in the text format of Prometheus, version 0.0.4: families with a help line and a type, and their samples.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use super::latencies::Latencies;

/// The kind of a family of metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in cumulative buckets.
    Histogram,
}

impl Metric {
    const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The shortest bound of a bucket of latencies, as a power of two of nanoseconds: about 1 us. Shorter ones are counted there.
const POWER_MIN: u64 = 10;

/// The longest: about 69 s.
const POWER_MAX: u64 = 36;

/// Metrics that are put together.
///
/// ```
/// use rvm_txn::{Exposition, Metric};
///
/// let mut metrics = Exposition::new(&[("store", "bank")]);
/// metrics.family("bank_accounts", Metric::Gauge, "Accounts that are open.");
/// metrics.sample("bank_accounts", &[("branch", "1")], 250);
/// assert_eq!(
///     metrics.into_text(),
///     "# HELP bank_accounts Accounts that are open.\n# TYPE bank_accounts gauge\n\
///      bank_accounts{store=\"bank\",branch=\"1\"} 250\n"
/// );
/// ```
#[derive(Clone, Default, Debug)]
pub struct Exposition {
    labels: String,
    text: String,
}

impl Exposition {
    /// None yet. Every sample will have these labels.
    #[must_use]
    pub fn new(labels: &[(&str, &str)]) -> Self {
        Self { labels: joined(labels), text: String::new() }
    }

    /// Begins a family; its samples follow. `name` has letters, digits and `_` only, and is there once.
    pub fn family(&mut self, name: &str, metric: Metric, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a string cannot fail.
        writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {}", metric.word()).ok();
    }

    /// Adds a sample. Texts of `labels` may hold anything.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let own = joined(labels);
        let comma = if self.labels.is_empty() || own.is_empty() { "" } else { "," };
        let all = format!("{}{comma}{own}", self.labels);
        let braced = if all.is_empty() { all } else { format!("{{{all}}}") };
        // Writing to a string cannot fail.
        writeln!(self.text, "{name}{braced} {value}").ok();
    }

    /// Adds a family for latencies.
    pub fn latencies(&mut self, name: &str, help: &str, latencies: &Latencies) {
        self.family(name, Metric::Histogram, help);
        let bucket = format!("{name}_bucket");
        let mut below = 0_u64;
        for (power, (bound, count)) in (1_u64..).zip(latencies.buckets()) {
            below = below.saturating_add(count);
            if (POWER_MIN..=POWER_MAX).contains(&power) {
                self.sample(&bucket, &[("le", &seconds(bound))], below);
            }
        }
        self.sample(&bucket, &[("le", "+Inf")], latencies.count());
        self.sample(&format!("{name}_sum"), &[], seconds(latencies.total()));
        self.sample(&format!("{name}_count"), &[], latencies.count());
    }

    /// The text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

fn joined(labels: &[(&str, &str)]) -> String {
    let label = |(name, value): &(&str, &str)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    };
    labels.iter().map(label).collect::<Vec<_>>().join(",")
}

/// Exactly, without zeros at the end.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against texts of a user that end a label early, and seconds that are rounded.
    #[test]
    fn what_is_said_can_be_read_back() {
        let mut metrics = Exposition::default();
        metrics.sample("m", &[("label", "a\"b\\c\nd")], 1);
        assert_eq!(metrics.into_text(), "m{label=\"a\\\"b\\\\c\\nd\"} 1\n");
        let texts = [0, 1_024, 1_500_000_000].map(|nanos| seconds(Duration::from_nanos(nanos)));
        assert_eq!(texts, ["0", "0.000001024", "1.5"]);
    }
}
