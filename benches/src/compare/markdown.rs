//! A comparison as Markdown that is readable as text, too.

use super::numbers::{grouped, number};
use super::{Comparison, Figures, Found};
use crate::STEADY;

const NONE: &str = "n/a";

impl Comparison {
    /// All tables, with what must be known to read them.
    #[must_use]
    pub fn markdown(&self) -> String {
        let sections = [
            ("One thread", self.one_thread()),
            ("Durable commits/s by threads", self.by_threads()),
            ("Latency of a durable commit, one thread, in us", self.latencies()),
            ("Bytes written for a durable commit, one thread", self.bytes()),
            ("Opening a store that was not closed, in ms", self.opened()),
        ];
        let written =
            sections.map(|(heading, table)| format!("\n### {heading}\n\n{}", table.written()));
        self.facts() + &written.concat()
    }

    fn facts(&self) -> String {
        let (machine, plan) = (&self.machine, &self.plan);
        format!(
            "{} UTC, commit {}: {}, {} processors, {}, {}, {}. {} KiB of data in each store; medians of {} rounds of {} \
             ms, in which the stores ran in turn (least to greatest). `!` marks figures whose rounds are more than {:.0} % \
             apart: measure again on a quiet machine.\n",
            machine.date,
            machine.commit,
            machine.processor,
            machine.processors,
            machine.kernel,
            machine.file_system,
            machine.compiler,
            plan.data_len >> 10,
            plan.rounds,
            plan.round_ms,
            STEADY * 100.0,
        )
    }

    fn one_thread(&self) -> Table {
        let mut table = Table::of(&[
            "",
            "version",
            "durable commits/s",
            "64 lazy, 1 flush: commits/s",
            "lazy commits/s",
        ]);
        for found in &self.stores {
            let durable = found.durable.iter().find(|by| by.threads == 1);
            table.add([
                found.name.to_owned(),
                found.version.clone(),
                cell(durable.map(|by| &by.commits_per_second)),
                cell(found.grouped_per_second.as_ref()),
                cell(found.lazy_per_second.as_ref()),
            ]);
        }
        table
    }

    fn by_threads(&self) -> Table {
        let threads = self.plan.threads.iter();
        let mut table =
            Table::new([String::new()].into_iter().chain(threads.map(ToString::to_string)));
        for found in self.durable() {
            let figures = found.durable.iter().map(|by| cell(Some(&by.commits_per_second)));
            table.add([found.name.to_owned()].into_iter().chain(figures));
        }
        table
    }

    fn latencies(&self) -> Table {
        let mut table = Table::of(&["", "p50", "p90", "p99", "p99.9", "slowest", "commits timed"]);
        for found in self.durable() {
            let Some(latency) = &found.latency else { continue };
            let us = latency.quantiles().map(|us| us.map_or_else(|| NONE.to_owned(), number));
            let commits = [grouped(&latency.commits.to_string())];
            table.add([found.name.to_owned()].into_iter().chain(us).chain(commits));
        }
        table
    }

    fn bytes(&self) -> Table {
        let mut table = Table::of(&["", "on the device", "of log, as the store counts"]);
        for found in self.durable() {
            let cells = [&found.device_bytes, &found.log_bytes].map(|bytes| cell(bytes.as_ref()));
            table.add([found.name.to_owned()].into_iter().chain(cells));
        }
        table
    }

    fn opened(&self) -> Table {
        let commits = grouped(&self.plan.commits_before_opening.to_string());
        let mut table = Table::new([String::new(), format!("after {commits} durable commits")]);
        for found in self.durable().filter(|found| found.open_ms.is_some()) {
            table.add([found.name.to_owned(), cell(found.open_ms.as_ref())]);
        }
        table
    }

    /// The stores whose commits can be made to reach the device.
    fn durable(&self) -> impl Iterator<Item = &Found> {
        self.stores.iter().filter(|found| !found.durable.is_empty())
    }
}

fn cell(figures: Option<&Figures>) -> String {
    figures.map_or_else(
        || NONE.to_owned(),
        |figures| {
            let spread = figures.spread();
            let mark = if spread.is_steady() { "" } else { " !" };
            format!(
                "{} ({} to {}){mark}",
                number(spread.median),
                number(spread.min),
                number(spread.max)
            )
        },
    )
}

/// Cells in lines, the first line being the headings.
struct Table(Vec<Vec<String>>);

impl Table {
    fn of(headings: &[&str]) -> Self {
        Self::new(headings.iter().map(|&heading| heading.to_owned()))
    }

    fn new(headings: impl IntoIterator<Item = String>) -> Self {
        Self(vec![headings.into_iter().collect()])
    }

    fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }

    /// Columns are filled up, and all but the first to the right.
    fn written(mut self) -> String {
        let columns = self.0.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.0.iter().filter_map(|line| line.get(column)).map(String::len).max())
            .map(|width| width.unwrap_or(0).max(3))
            .collect();
        let rule = widths.iter().enumerate().map(|(column, width)| {
            if column == 0 { "-".repeat(*width) } else { "-".repeat(width - 1) + ":" }
        });
        self.0.insert(1, rule.collect());
        let cell = |(column, (cell, width)): (usize, (&String, &usize))| {
            if column == 0 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") }
        };
        let line = |cells: &Vec<String>| {
            let cells: String = cells.iter().zip(&widths).enumerate().map(cell).collect();
            cells + "|\n"
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against figures that nobody should trust and that are not marked.
    #[test]
    fn unsteady_figures_are_marked() {
        assert_eq!(cell(Some(&Figures(vec![100.0, 90.0, 110.0]))), "100 (90.0 to 110)");
        assert_eq!(cell(Some(&Figures(vec![100.0, 60.0, 110.0]))), "100 (60.0 to 110) !");
        assert_eq!(cell(None), "n/a");
    }

    /// Guards against tables that are none for a reader of Markdown.
    #[test]
    fn tables_have_a_rule_below_their_headings() {
        let mut table = Table::of(&["", "b"]);
        table.add(["first".into(), "1".into()]);
        assert_eq!(table.written(), "|       |   b |\n| ----- | --: |\n| first |   1 |\n");
    }
}
