//! Standard output: text for people or one JSON object, never both, and no panic when the reader leaves.

mod tables;
mod wrapping;

use std::fmt::{self, Display};
use std::io::{self, BufWriter, StdoutLock, Write};

use anstyle::Style;
use serde::Serialize;

use crate::colours::Colour;
use crate::failure::Failure;
use crate::schema::Versioned;

pub(crate) use self::tables::Column;
use self::tables::{plain_table, ruled_table};
use self::wrapping::{visible_len, wrapped, wrapped_within};

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
        self.terminal_width().unwrap_or(80)
    }

    /// How many columns the terminal has; `None` if output goes elsewhere, where a line may have as many as it likes.
    pub(crate) fn terminal_width(&self) -> Option<usize> {
        let columns = rustix::termios::tcgetwinsize(self.out.get_ref()).map(|size| size.ws_col);
        columns.ok().filter(|columns| *columns > 0).map(usize::from)
    }

    /// Whether block characters can be seen: on a terminal, where the environment speaks UTF-8.
    pub(crate) fn shows_blocks(&self) -> bool {
        let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(std::env::var_os);
        let locale = named.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase().replace('-', "");
        locale.contains("utf8") && rustix::termios::isatty(self.out.get_ref())
    }

    /// Prints a table; on a terminal that is too narrow for it, one line for each cell.
    pub(crate) fn table(
        &mut self,
        columns: &[Column],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<(), Failure> {
        let rows: Vec<_> = rows.into_iter().collect();
        let table = plain_table(columns, rows.clone());
        self.fitted_table(&table, columns, &rows)
    }

    /// As [`table`](Self::table), with rules.
    pub(crate) fn table_with_rules(
        &mut self,
        columns: &[Column],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<(), Failure> {
        let rows: Vec<_> = rows.into_iter().collect();
        let table = ruled_table(columns, rows.clone());
        self.fitted_table(&table, columns, &rows)
    }

    fn fitted_table(
        &mut self,
        table: &str,
        columns: &[Column],
        rows: &[Vec<String>],
    ) -> Result<(), Failure> {
        match self.terminal_width() {
            Some(width) if table.lines().any(|line| visible_len(line) > width) => {
                let lines = tables::cell_by_cell(columns, rows, width);
                lines.iter().try_for_each(|line| self.line(line))
            }
            _ => self.line(table),
        }
    }

    /// Prints a line; on a terminal that is too narrow for it, several.
    pub(crate) fn statement(&mut self, text: impl Display) -> Result<(), Failure> {
        let text = text.to_string();
        match self.terminal_width() {
            Some(width) if visible_len(&text) > width => {
                let lines = wrapped_within(&text, width);
                lines.iter().try_for_each(|line| self.line(line))
            }
            _ => self.line(text),
        }
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

    /// Where bytes go that are printed as they are.
    pub(crate) fn bytes(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Prints a structure as JSON, with the version of what it looks like.
    pub(crate) fn json(&mut self, report: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, &Versioned::new(report))
            .map_err(|error| Failure::Output(error.into()))?;
        self.line("")
    }

    /// Prints a structure as JSON on one line, for one of many.
    pub(crate) fn json_line(&mut self, report: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, &Versioned::new(report))
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

/// A text that a program wrote, without what would play with a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Prints a line on standard error.
pub(crate) fn complain(line: &str) {
    // There is nowhere else to say that standard error is gone.
    writeln!(io::stderr(), "{line}").ok();
}
