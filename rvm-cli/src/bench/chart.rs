//! Bars for a terminal: how many latencies lie below which.

use crate::quantities::latency;
use crate::reports::ColumnFacts;

/// A full block, and blocks from seven eighths down to one.
const EIGHTHS: [&str; 8] = [
    "\u{2588}", "\u{2589}", "\u{258a}", "\u{258b}", "\u{258c}", "\u{258d}", "\u{258e}", "\u{258f}",
];

/// Wider bars say no more.
const BAR_LEN_MAX: usize = 48;

/// A line for each column: below which latency, how many, and a bar as long as that. The last one has the rest.
pub(super) fn bars(columns: &[ColumnFacts], width: usize) -> Vec<String> {
    let count: u64 = columns.iter().map(|column| column.count).sum();
    let most = columns.iter().map(|column| column.count).max().unwrap_or(0);
    let mut labels: Vec<String> =
        columns.iter().map(|column| format!("< {}", latency(column.below_nanos))).collect();
    if let ([_, .., rest], Some(label)) = (columns, labels.last_mut()) {
        *label = format!("from {}", latency(rest.from_nanos));
    }
    let label_len = labels.iter().map(String::len).max().unwrap_or(0);
    let bar_len = width.saturating_sub(label_len + " 100.0 % ".len()).min(BAR_LEN_MAX);
    let line = |(label, column): (&String, &ColumnFacts)| {
        let bar = bar(column.count, most, bar_len);
        format!("{label:>label_len$} {:>5} % {bar}", percent(column.count, count))
    };
    labels.iter().zip(columns).map(line).map(|line| line.trim_end().to_owned()).collect()
}

/// A bar of so many eighths of a block as there are in proportion, but one at least if there is anything.
fn bar(count: u64, most: u64, len: usize) -> String {
    let full = u64::try_from(len).unwrap_or(0) * 8;
    let eighths = full.saturating_mul(count).checked_div(most).unwrap_or(0);
    let eighths = usize::try_from(eighths.max(u64::from(count > 0))).unwrap_or(0);
    let [block, ..] = EIGHTHS;
    let rest = (8 - eighths % 8) % 8;
    let end = if rest == 0 { "" } else { EIGHTHS.get(rest).copied().unwrap_or_default() };
    format!("{}{end}", block.repeat(eighths / 8))
}

fn percent(count: u64, all: u64) -> String {
    let tenths = u128::from(count) * 1_000 / u128::from(all.max(1));
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(from: u64, below: u64, count: u64) -> ColumnFacts {
        ColumnFacts { from_nanos: from, below_nanos: below, count }
    }

    /// Guards against few that look like none, lines longer than the terminal, and a division by zero.
    #[test]
    fn bars_are_in_proportion_and_fit() {
        let columns = [
            column(82_000, 100_000, 1_600),
            column(100_000, 120_000, 800),
            column(120_000, 150_000, 0),
            column(150_000, 9_000_000, 1),
        ];
        let lines = bars(&columns, 40);
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
        let blocks = |line: &String| line.chars().filter(|c| !c.is_ascii()).count();
        assert_eq!(lines.iter().map(blocks).collect::<Vec<_>>(), [20, 10, 0, 1]);
        assert!(lines[0].starts_with("   < 100 us  66.6 % "), "{}", lines[0]);
        assert!(lines[3].starts_with("from 150 us   0.0 % \u{258f}"), "{}", lines[3]);
        assert!(bars(&[], 40).is_empty());
        assert_eq!(bars(&columns, 0).len(), 4);
    }
}
