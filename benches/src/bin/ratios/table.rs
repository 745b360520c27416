//! How a row is printed: in columns, or as Markdown.

use benches::{Row, STEADY, Spread, Target, Unit};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Plain,
    Markdown,
}

impl Style {
    /// What the table was measured on.
    pub(crate) fn facts(self, facts: &[(&str, String)]) -> String {
        let fact = |(name, fact): &(&str, String)| match self {
            Self::Plain => format!("{name}: {fact}\n"),
            Self::Markdown => format!("* {name}: {fact}\n"),
        };
        facts.iter().map(fact).chain([String::from("\n")]).collect()
    }

    /// What the columns are.
    pub(crate) fn head(self) -> String {
        let names = ["", "by hand", "ours", "ratio", "(least to greatest)", "target", "rounds", ""];
        let line = self.line(&names.map(str::to_owned));
        match self {
            Self::Plain => line + "\n",
            Self::Markdown => line + "\n|---|---|---|---|---|---|---|---|\n",
        }
    }

    pub(crate) fn row(self, row: &Row) -> String {
        let show = |figure: f64| figure_in(row.unit, figure);
        let none = || String::from("-");
        let between = |spread: Spread| format!("({:.2} to {:.2})", spread.min, spread.max);
        let between_figures = || format!("({} to {})", show(row.ours.min), show(row.ours.max));
        self.line(&[
            row.name.clone(),
            row.plain.map_or_else(none, |plain| show(plain.median)),
            show(row.ours.median),
            row.ratio.map_or_else(none, |ratio| format!("{:.2}", ratio.median)),
            row.ratio.map_or_else(between_figures, between),
            match row.target {
                Target::None => none(),
                Target::Ratio(most) => format!("{most:.2}"),
                Target::Figure(most) => show(most),
            },
            row.rounds.to_string(),
            match (row.is_missed(), row.is_steady()) {
                (false, true) => "",
                (false, false) => "unsteady",
                (true, true) => "MISSED",
                (true, false) => "MISSED, unsteady",
            }
            .to_owned(),
        ])
    }

    fn line(self, cells: &[String; 8]) -> String {
        let [name, plain, ours, ratio, between, target, rounds, mark] = cells;
        match self {
            Self::Plain => format!(
                "{name:<60} {plain:>11} {ours:>11} {ratio:>7} {between:>24} {target:>9} {rounds:>6} {mark}"
            )
            .trim_end()
            .to_owned(),
            Self::Markdown => format!("| {} |", cells.join(" | ")),
        }
    }
}

/// What the marks mean.
pub(crate) fn foot() -> String {
    format!(
        "\nFigures are medians of the rounds; a ratio is ours to the one by hand, so less is better.\n\
         MISSED: more than the target. unsteady: the rounds by hand differ by more than {:.0} %,\n\
         so measure again on a quiet machine.\n",
        STEADY * 100.0
    )
}

fn figure_in(unit: Unit, figure: f64) -> String {
    match unit {
        _ if figure.is_nan() => String::from("n/a"),
        Unit::SecondsFor(bytes) => {
            format!("{:.0} MB/s", benches::figure(bytes) / figure / 1e6)
        }
        Unit::Seconds if figure < 1e-5 => format!("{:.0} ns", figure * 1e9),
        Unit::Seconds if figure < 1e-2 => format!("{:.1} us", figure * 1e6),
        Unit::Seconds => format!("{:.1} ms", figure * 1e3),
        Unit::Bytes if figure < 1e5 => format!("{figure:.0} B"),
        Unit::Bytes => format!("{:.2} MiB", figure / f64::from(1_u32 << 20)),
    }
}
