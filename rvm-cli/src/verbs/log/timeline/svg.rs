//! The picture as SVG: the same bytes for the same logs.

use std::fmt::Write as _;

use rvm_core::rvm_history::history::{Layout, LogLayout};

use super::rates::Rates;
use super::ring::{Kind, pieces};
use crate::quantities::{bytes, counted, grouped};
use crate::timestamps::rfc3339;

const WIDTH: u64 = 960;
const MARGIN: u64 = 24;
/// How wide a strip and the chart are; what is left of them has the numbers of the axis.
const LEFT: u64 = 84;
const INNER: u64 = WIDTH - LEFT - MARGIN;
const TOP: u64 = 84;
const ROW: u64 = 62;
const STRIP: u64 = 18;
const CHART: u64 = 140;
const COLUMNS: usize = 213;

/// Draws all of it.
pub(super) fn picture(layout: &Layout, rates: &Rates) -> String {
    let rows = u64::try_from(layout.logs.len()).unwrap_or(0);
    let chart_top = TOP + rows * ROW + 44;
    let height = chart_top + CHART + 40;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, (MARGIN, 34), "font-size=\"18\" font-weight=\"bold\"", "Logs and commits");
    legend(&mut svg);
    for (log, row) in layout.logs.iter().zip(0..) {
        strip(&mut svg, log, TOP + row * ROW);
    }
    chart(&mut svg, rates, chart_top);
    svg.push_str("</svg>\n");
    svg
}

const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Free => "#eef0f2",
        Kind::Applied => "#9fc5a8",
        Kind::Vouched => "#e8c15a",
        Kind::Unapplied => "#dd7b3a",
        Kind::Dropped => "#a675b5",
        Kind::Torn => "#c2323c",
    }
}

fn legend(svg: &mut String) {
    let mut x = LEFT;
    for (kind, words) in Kind::ALL.into_iter().zip([
        "never used",
        "applied",
        "may be applied",
        "not applied",
        "incomplete",
        "torn",
    ]) {
        rect(svg, (x, 50), (12, 12), colour(kind));
        text(svg, (x + 17, 61), "font-size=\"12\"", words);
        x += 36 + u64::try_from(words.len()).unwrap_or(0) * 7;
    }
}

fn strip(svg: &mut String, log: &LogLayout, top: u64) {
    let use_now = log.end.saturating_sub(log.head);
    let words = format!(
        "{}: {} of {} in use, head {}, synced {}, end {}",
        log.segment,
        bytes(use_now),
        bytes(log.capacity),
        log.head,
        log.synced,
        log.end
    );
    text(svg, (LEFT, top + 12), "", &words);
    let x = |place: u64| LEFT + scaled(place, log.capacity, INNER);
    for (kind, start, end) in pieces(log) {
        // What is not nothing can be seen.
        rect(svg, (x(start), top + 18), ((x(end) - x(start)).max(1), STRIP), colour(kind));
    }
    let marks = [(log.head, "head", 47), (log.synced, "synced", 47), (log.end, "end", 47)];
    let mut named: Vec<u64> = Vec::new();
    for (position, name, below) in marks {
        let at = x(position.checked_rem(log.capacity).unwrap_or(0));
        let line = format!("<path d=\"M{at} {}v{}\" stroke=\"#222\"/>\n", top + 16, STRIP + 5);
        svg.push_str(&line);
        // Names that would lie over each other are left out; the numbers stand above.
        if named.iter().all(|other| other.abs_diff(at) > 44) {
            let style = "font-size=\"11\" text-anchor=\"middle\" fill=\"#555\"";
            text(svg, (at, top + below + 3), style, name);
            named.push(at);
        }
    }
}

fn chart(svg: &mut String, rates: &Rates, top: u64) {
    let bottom = top + CHART;
    let shown = rates.per_second(COLUMNS);
    let highest = shown.iter().copied().max().unwrap_or(0).max(1);
    let title = format!("{} in the logs; commits a second", counted(rates.total(), "commit"));
    text(svg, (LEFT, top - 12), "", &title);
    for (share, rate) in [(0, 0), (1, highest / 2), (2, highest)] {
        let y = bottom - share * CHART / 2;
        let line = format!("<path d=\"M{LEFT} {y}h{INNER}\" stroke=\"#d5d8dc\"/>\n");
        svg.push_str(&line);
        let style = "font-size=\"11\" text-anchor=\"end\" fill=\"#555\"";
        text(svg, (LEFT - 6, y + 4), style, &grouped(rate));
    }
    let count = u64::try_from(shown.len()).unwrap_or(0).max(1);
    for (rate, place) in shown.iter().zip(0..) {
        let height = scaled(*rate, highest, CHART).max(u64::from(*rate > 0));
        let (from, to) = (scaled(place, count, INNER), scaled(place + 1, count, INNER));
        if height > 0 {
            let wide = (to - from).saturating_sub(1).max(1);
            rect(svg, (LEFT + from, bottom - height), (wide, height), "#3f74b5");
        }
    }
    if let Some((first, last)) = rates.bounds() {
        let style = "font-size=\"11\" fill=\"#555\"";
        text(svg, (LEFT, bottom + 18), style, &rfc3339(first));
        let style = "font-size=\"11\" text-anchor=\"end\" fill=\"#555\"";
        text(svg, (LEFT + INNER, bottom + 18), style, &rfc3339(last));
    }
}

fn scaled(part: u64, whole: u64, len: u64) -> u64 {
    let scaled = u128::from(part) * u128::from(len) / u128::from(whole.max(1));
    u64::try_from(scaled).unwrap_or(len).min(len)
}

fn rect(svg: &mut String, (x, y): (u64, u64), (wide, high): (u64, u64), fill: &str) {
    // Writing to a string cannot fail.
    writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" fill=\"{fill}\"/>")
        .ok();
}

/// The names of segments have no character that SVG would take for its own.
fn text(svg: &mut String, (x, y): (u64, u64), style: &str, words: &str) {
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\" {style}>{words}</text>").ok();
}
