//! Bars of block characters, an eighth of a column fine; of `#` where those cannot be seen.

const FULL: char = '\u{2588}';

/// From an eighth of a column to seven.
const EIGHTHS: [char; 7] =
    ['\u{258f}', '\u{258e}', '\u{258d}', '\u{258c}', '\u{258b}', '\u{258a}', '\u{2589}'];

/// A bar that is as long, of `width` columns, as `part` is of `whole`. Anything that is not nothing can be seen.
pub(crate) fn bar(part: u64, whole: u64, width: usize, blocks: bool) -> String {
    if part == 0 || whole == 0 || width == 0 {
        return String::new();
    }
    let eighths = u128::try_from(width).unwrap_or(0) * 8;
    let long = (u128::from(part.min(whole)) * eighths).div_ceil(u128::from(whole));
    let long = usize::try_from(long).unwrap_or(width * 8);
    if !blocks {
        return "#".repeat(long.div_ceil(8));
    }
    let mut bar: String = std::iter::repeat_n(FULL, long / 8).collect();
    bar.extend((long % 8).checked_sub(1).and_then(|rest| EIGHTHS.get(rest)));
    bar
}

/// A row of a histogram: what it is of, a bar, and how many.
pub(crate) fn histogram(rows: &[(String, u64)], width: usize, blocks: bool) -> Vec<String> {
    const BAR_MAX: usize = 50;
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let counts = most.to_string().len();
    // Two spaces in front, one on each side of the bar.
    let room = width.saturating_sub(names + counts + 4).min(BAR_MAX);
    let row = |(name, count): &(String, u64)| {
        let bar = bar(*count, most, room, blocks);
        let padding = " ".repeat(room.saturating_sub(bar.chars().count()));
        format!("  {name:>names$} {bar}{padding} {count:>counts$}")
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against bars that are longer than their place, and few that look like none.
    #[test]
    fn a_bar_fits_and_shows_what_little_there_is() {
        assert_eq!(bar(1, 1_000_000, 10, false), "#");
        assert_eq!(bar(1, 1_000_000, 10, true), "\u{258f}");
        assert_eq!(bar(5, 10, 3, true), "\u{2588}\u{258c}");
        assert_eq!(bar(u64::MAX, 1, 3, true).chars().count(), 3);
        assert_eq!(bar(u64::MAX, u64::MAX, 400, false).len(), 400);
        assert_eq!(bar(0, 10, 3, true), "");
    }

    /// Guards against lines beyond the edge of a narrow terminal.
    #[test]
    fn rows_of_a_histogram_are_as_wide_as_asked() {
        let rows = [("short".to_owned(), 1), ("a longer one".to_owned(), 12_345)];
        for width in [30, 40, 60] {
            let lines = histogram(&rows, width, true);
            assert!(lines.iter().all(|line| line.chars().count() == width), "{lines:?}");
        }
        assert_eq!(histogram(&rows, 0, false), ["         short      1", "  a longer one  12345"]);
    }
}
