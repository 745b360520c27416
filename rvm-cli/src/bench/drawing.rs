//! The drawing: how long commits and forces took, and what the rounds gave, as one SVG file.

use std::fs::Permissions;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use tempfile::NamedTempFile;

use super::columns::columns;
use super::home::check_directory;
use super::plan::Plan;
use super::session::{Outcome, Round};
use crate::arguments::CommitKind;
use crate::failure::Failure;
use crate::quantities::{grouped, latency};

const SIZE: (u32, u32) = (900, 900);
const OURS: RGBColor = RGBColor(0x1f, 0x5f, 0xbf);
const THEIRS: RGBColor = RGBColor(0xc9, 0x6a, 0x12);
const FONT: &str = "sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A file that a drawing will go to. While the benchmark runs it lies beside its place under another name, and an older one stays.
#[derive(Debug)]
pub(super) struct Drawing {
    path: PathBuf,
    file: NamedTempFile,
}

/// A line of a chart, with its name.
struct Line {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

impl Drawing {
    /// Makes sure that there can be such a file.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let fault = |source| Failure::file("write", path, source);
        if path.is_dir() {
            return Err(fault(io::ErrorKind::IsADirectory.into()));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        check_directory(parent).map_err(fault)?;
        let mut hidden = tempfile::Builder::new();
        hidden.prefix(".rvmctl-bench-").permissions(Permissions::from_mode(0o666));
        let file = hidden.tempfile_in(parent).map_err(fault)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Draws, and puts the file in its place.
    pub(super) fn draw(mut self, plan: &Plan, outcome: &Outcome) -> Result<(), Failure> {
        let mut text = String::new();
        draw_all(&mut text, plan, outcome)
            .map_err(|fault| Failure::Bench(format!("cannot draw: {fault}")))?;
        let fault = |source| Failure::file("write", &self.path, source);
        self.file.write_all(text.as_bytes()).map_err(fault)?;
        let placed = self.file.persist(&self.path);
        placed.map_err(|refused| Failure::file("write", &self.path, refused.error)).map(drop)
    }
}

fn draw_all(text: &mut String, plan: &Plan, outcome: &Outcome) -> Drawn {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled(&plan.to_line(), (FONT, 20))?;
    let (above, below) = area.split_vertically(SIZE.1 / 2);
    draw_latencies(&above, outcome)?;
    draw_rounds(&below, plan, outcome)?;
    area.present()
}

/// How many in a hundred took how long.
fn draw_latencies(area: &Area<'_>, outcome: &Outcome) -> Drawn {
    let commits = Some((&outcome.commit_latencies, "commits", OURS));
    let forces = outcome.force_latencies.as_ref().map(|forces| (forces, "forces", THEIRS));
    let sides = || commits.iter().chain(&forces);
    let least = sides().map(|(latencies, ..)| latencies.min()).min().unwrap_or(0);
    // The few that took longest would leave no place for the others.
    let far = sides().map(|(latencies, ..)| latencies.value_at_quantile(0.999)).max().unwrap_or(0);
    let from = real(least.max(2)) / 1.5;
    let to = real(far).max(from * 10.0);
    let lines: Vec<_> = sides()
        .map(|(latencies, name, colour)| line_of(latencies, name, *colour, from..to))
        .collect();
    let most = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("How long a commit takes", (FONT, 22))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d((from..to).log_scale(), 0.0..most * 1.2)?;
    chart
        .configure_mesh()
        .x_desc("latency (logarithmic; the longest thousandth is left out)")
        .y_desc("percent of all, between two limits")
        .x_labels(30)
        .x_label_formatter(&|nanos| round_latency(whole(*nanos)))
        .y_label_formatter(&|percent| format!("{percent} %"))
        .light_line_style(WHITE)
        .label_style((FONT, 14))
        .draw()?;
    for Line { name, colour, points } in lines {
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    draw_names(&mut chart)
}

/// What each round gave in a second.
fn draw_rounds(area: &Area<'_>, plan: &Plan, outcome: &Outcome) -> Drawn {
    let reference = match plan.durability {
        CommitKind::Force => "forces of the disk",
        CommitKind::Lazy => "plain stores",
    };
    let points = |of: fn(&Round) -> u64| -> Vec<(u32, f64)> {
        (1..).zip(&outcome.rounds).map(|(number, round)| (number, real(of(round)))).collect()
    };
    let sides = [
        (reference, THEIRS, points(|round| round.reference)),
        ("commits", OURS, points(|round| round.commits)),
    ];
    let most = sides.iter().flat_map(|(.., points)| points).map(|(_, y)| *y).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("What each round gave", (FONT, 22))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(90)
        .build_cartesian_2d(0..plan.rounds + 1, 0.0..most * 1.4)?;
    chart
        .configure_mesh()
        .x_desc("round")
        .y_desc("per second")
        .y_label_formatter(&|rate| grouped(whole(*rate)))
        .light_line_style(WHITE)
        .label_style((FONT, 14))
        .draw()?;
    for (name, colour, points) in sides {
        chart
            .draw_series(points.iter().map(|point| Circle::new(*point, 4, colour.filled())))?
            .label(name)
            .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        chart.draw_series(LineSeries::new(points, colour.stroke_width(1)))?;
    }
    draw_names(&mut chart)
}

/// Which line is whose.
fn draw_names<'a, C: CoordTranslate>(chart: &mut ChartContext<'a, SVGBackend<'a>, C>) -> Drawn {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()
}

/// A latency of 1, 2 or 5 with zeros behind; the marks between have no room for theirs.
fn round_latency(nanos: u64) -> String {
    let digits = nanos.to_string();
    let is_round = matches!(digits.trim_end_matches('0'), "1" | "2" | "5");
    if is_round { latency(nanos) } else { String::new() }
}

/// Steps from limit to limit, within a range.
fn line_of(
    latencies: &Histogram<u64>,
    name: &'static str,
    colour: RGBColor,
    range: Range<f64>,
) -> Line {
    let all = real(latencies.len()).max(1.0);
    let place = |nanos: u64| real(nanos).clamp(range.start, range.end);
    let mut points = Vec::new();
    for column in columns(latencies) {
        let percent = real(column.count) * 100.0 / all;
        let (from, below) = (place(column.from_nanos), place(column.below_nanos));
        if points.is_empty() {
            points.push((from, 0.0));
        }
        if from < range.end {
            points.extend([(from, percent), (below, percent)]);
        }
    }
    Line { name, colour, points }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a place on a drawing")]
fn real(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a label on a drawing"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}
