//! Standard output: text for people or one JSON object, never both, and no panic when the reader leaves.

use std::fmt::{self, Display};
use std::io::{self, BufWriter, StdoutLock, Write};

use anstyle::Style;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};
use serde::Serialize;

use crate::colours::Colour;
use crate::failure::Failure;
use crate::schema::Versioned;

/// Where a verb prints.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    is_coloured: bool,
    out: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Standard output, for people or as JSON.
    pub(crate) fn new(json: bool, colour: Colour) -> Self {
        let is_coloured = colour.applies();
        Self { json, is_coloured, out: BufWriter::new(io::stdout().lock()) }
    }

    /// Whether JSON is wanted.
    pub(crate) const fn wants_json(&self) -> bool {
        self.json
    }

    /// The text in a style, if output is coloured. It has the width of the text, which a formatter that pads by counting does not know.
    pub(crate) fn painted<T: Display>(&self, style: Style, text: T) -> Painted<T> {
        let style = if self.is_coloured { style } else { Style::new() };
        Painted { style, text }
    }

    /// How many columns a line may have: those of the terminal, or 80.
    pub(crate) fn width(&self) -> usize {
        let columns = rustix::termios::tcgetwinsize(self.out.get_ref()).map(|size| size.ws_col);
        columns.ok().filter(|columns| *columns > 0).map_or(80, usize::from)
    }

    /// Prints a sentence, on as many lines as it needs.
    pub(crate) fn sentence(&mut self, text: impl Display) -> Result<(), Failure> {
        let lines = wrapped(&text.to_string(), self.width());
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(Failure::Output)
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(Failure::Output)
    }

    /// Prints a structure as JSON, with the version of what it looks like.
    pub(crate) fn json(&mut self, report: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, &Versioned::new(report))
            .map_err(|error| Failure::Output(error.into()))?;
        self.line("")
    }

    /// Passes on what is still here.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::Output)
    }

    /// Passes on what is still here, at the end.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }
}

/// A text in a style.
#[derive(Debug)]
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}

/// Lines of at most so many bytes, unless a word is longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Prints a line on standard error.
pub(crate) fn complain(line: &str) {
    // There is nowhere else to say that standard error is gone.
    writeln!(io::stderr(), "{line}").ok();
}

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    /// Words.
    Text(&'static str),
    /// Numbers.
    Number(&'static str),
}

/// A table without frames: it reads well, and `awk` reads it too.
pub(crate) fn plain_table(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    render(presets::NOTHING, columns, rows)
}

/// A table with rules, for a report.
pub(crate) fn ruled_table(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    render(presets::UTF8_HORIZONTAL_ONLY, columns, rows)
}

fn render(preset: &str, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(preset).set_content_arrangement(ContentArrangement::Disabled);
    if preset == presets::UTF8_HORIZONTAL_ONLY {
        for between_rows in [
            TableComponent::HorizontalLines,
            TableComponent::LeftBorderIntersections,
            TableComponent::MiddleIntersections,
            TableComponent::RightBorderIntersections,
        ] {
            table.remove_style(between_rows);
        }
    }
    table.set_header(columns.iter().map(|column| match column {
        Column::Text(title) => Cell::new(title),
        Column::Number(title) => Cell::new(title).set_alignment(CellAlignment::Right),
    }));
    for (column, kind) in table.column_iter_mut().zip(columns) {
        if matches!(kind, Column::Number(_)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against words that are cut or lost where a terminal is narrow.
    #[test]
    fn sentences_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 1), ["one", "two", "three"]);
        assert_eq!(wrapped("one two three", 80), ["one two three"]);
    }
}
