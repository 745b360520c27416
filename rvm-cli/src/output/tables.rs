//! Tables: columns that stand below each other, or, where there is no room for that, one cell on a line.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};

use super::wrapping::wrapped_within;

/// How a column stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    /// Words.
    Text(&'static str),
    /// Numbers.
    Number(&'static str),
}

/// A table without frames: it reads well, and `awk` reads it too.
pub(super) fn plain_table(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    render(presets::NOTHING, columns, rows)
}

/// A table with rules, for a report.
pub(super) fn ruled_table(
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

/// Each cell on lines of its own behind its title, and an empty line between rows.
pub(super) fn cell_by_cell(columns: &[Column], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let titles = || columns.iter().map(|(Column::Text(title) | Column::Number(title))| *title);
    let indent = titles().map(str::len).max().unwrap_or(0) + 2;
    let mut lines = Vec::new();
    for row in rows {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        for (title, cell) in titles().zip(row) {
            let cell = wrapped_within(cell.trim(), width.saturating_sub(indent).max(1));
            for (position, line) in cell.iter().enumerate() {
                let title = if position == 0 { title } else { "" };
                lines.push(format!("{title:<indent$}{line}").trim_end().to_owned());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against cells that are cut where a terminal is narrow.
    #[test]
    fn a_narrow_terminal_gets_a_cell_on_a_line() {
        let columns = [Column::Text("NAME"), Column::Number("LENGTH")];
        let rows = [vec!["accounts of all".into(), "12".into()], vec!["b".into(), "1".into()]];
        assert_eq!(
            cell_by_cell(&columns, &rows, 16),
            ["NAME    accounts", "        of all", "LENGTH  12", "", "NAME    b", "LENGTH  1"]
        );
    }
}
