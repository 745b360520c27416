//! Plots of a comparison, as SVG on white: readable on a dark page, too.

use plotters::coord::Shift;
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use rvm_core::rvm_storage::widths::wide;

use super::numbers::{label, number};
use super::{Comparison, Found};
use crate::Result;
use crate::figure::figure;

const SIZE: (u32, u32) = (820, 500);
/// Where the legend begins, right of a plot of lines.
const LEGEND_AT: u32 = 710;
/// From one line of it to the next.
const LEGEND_STEP: usize = 22;

const TITLE: (&str, u32) = ("sans-serif", 20);
const TEXT: (&str, u32) = ("sans-serif", 14);

/// Colours that are told apart also by those who see fewer of them (Okabe and Ito's).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A line of a plot.
struct Line<'a> {
    name: &'a str,
    colour: RGBColor,
    /// The first figure of a point is a logarithm already, to the base of the axis.
    points: Vec<(f64, f64)>,
}

/// What is written around a plot of lines.
struct Axes {
    title: &'static str,
    x: &'static str,
    /// The base of the horizontal axis, which is logarithmic; so is the vertical one.
    base: f64,
    y: &'static str,
}

impl Comparison {
    /// Name and text of each plot for which there are figures.
    ///
    /// # Errors
    /// A plot that cannot be drawn.
    pub fn plots(&self) -> Result<Vec<(&'static str, String)>> {
        let plots = [
            ("throughput.svg", self.throughput()?),
            ("latency.svg", self.latency()?),
            ("bytes.svg", self.bytes_written()?),
        ];
        Ok(plots.into_iter().filter_map(|(name, svg)| Some((name, svg?))).collect())
    }

    fn throughput(&self) -> Result<Option<String>> {
        let axes = Axes {
            title: "Durable commits by threads",
            x: "threads",
            base: 2.0,
            y: "commits/s, median",
        };
        let lines = self.lines(|found| {
            let threads_and_rate = found
                .durable
                .iter()
                .map(|by| (figure(wide(by.threads)).log2(), by.commits_per_second.spread().median));
            threads_and_rate.collect()
        });
        plot_lines(&axes, &lines)
    }

    fn latency(&self) -> Result<Option<String>> {
        let axes = Axes {
            title: "Latency of durable commits, one thread",
            x: "one commit in so many took as long, or longer",
            base: 10.0,
            y: "us",
        };
        let lines = self.lines(|found| {
            let all = found.latency.iter().flat_map(|latency| &latency.one_in);
            all.map(|(part, us)| (figure(*part).log10(), *us)).collect()
        });
        plot_lines(&axes, &lines)
    }

    fn bytes_written(&self) -> Result<Option<String>> {
        let bars = self.coloured().filter_map(|(found, colour)| {
            Some((found.name, colour, found.device_bytes.as_ref()?.spread().median))
        });
        plot_bars("KiB on the device for a durable commit, one thread", &bars.collect::<Vec<_>>())
    }

    fn lines<'a>(&'a self, points: impl Fn(&'a Found) -> Vec<(f64, f64)>) -> Vec<Line<'a>> {
        self.coloured()
            .map(|(found, colour)| Line { name: found.name, colour, points: points(found) })
            .filter(|line| line.points.len() > 1)
            .collect()
    }

    /// The stores, each in a colour that is the same in all plots.
    fn coloured(&self) -> impl Iterator<Item = (&Found, RGBColor)> {
        self.stores.iter().zip(COLOURS.into_iter().cycle())
    }
}

/// How many whole numbers there are from 0.
fn labels_to(end: f64) -> usize {
    (1_u32..=64)
        .find(|count| f64::from(*count) > end)
        .and_then(|count| count.try_into().ok())
        .unwrap_or(1)
}

/// Lines with a legend beside them.
fn plot_lines(axes: &Axes, lines: &[Line<'_>]) -> Result<Option<String>> {
    let all = || lines.iter().flat_map(|line| &line.points);
    let x_end = all().map(|(x, _)| *x).fold(0.0, f64::max);
    let y_low = all().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let y_high = all().map(|(_, y)| *y).fold(0.0, f64::max);
    if lines.is_empty() || y_low <= 0.0 || !y_high.is_finite() {
        return Ok(None);
    }
    // Whole decades: the labels of a logarithmic axis.
    let (y_from, y_to) = (y_low.log10().floor(), y_high.log10().ceil());
    let heights = 10_f64.powf(y_from)..10_f64.powf(y_to.max(y_from + 1.0));
    drawn(|area| {
        let (plot, legend) = area.split_horizontally(LEGEND_AT);
        let mut chart = ChartBuilder::on(&plot)
            .caption(axes.title, TITLE)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(78)
            .build_cartesian_2d(0.0..x_end, heights.log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .label_style(TEXT)
            .x_desc(axes.x)
            .y_desc(axes.y)
            .x_labels(labels_to(x_end))
            .x_label_formatter(&|power| label(axes.base.powf(*power)))
            .y_label_formatter(&|figure| label(*figure))
            .draw()?;
        for line in lines {
            let style = line.colour.stroke_width(2);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
        draw_legend(&legend, lines)
    })
    .map(Some)
}

/// The names in the order in which the lines end, from above.
fn draw_legend(area: &Area<'_>, lines: &[Line<'_>]) -> Result<()> {
    let end = |line: &Line<'_>| line.points.last().map_or(0.0, |(_, y)| *y);
    let mut order: Vec<_> = lines.iter().collect();
    order.sort_by(|one, other| end(other).total_cmp(&end(one)));
    for (line, y) in order.into_iter().zip((60..).step_by(LEGEND_STEP)) {
        let style = line.colour.stroke_width(3);
        area.draw(&PathElement::new([(0, y), (22, y)], style))?;
        let text = TEXT.into_text_style(area).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(line.name, (30, y), text))?;
    }
    Ok(())
}

/// A bar for each, with its figure above it.
fn plot_bars(title: &str, bars: &[(&str, RGBColor, f64)]) -> Result<Option<String>> {
    let highest = bars.iter().map(|(.., bytes)| bytes / 1024.0).fold(0.0, f64::max);
    if highest <= 0.0 || !highest.is_finite() {
        return Ok(None);
    }
    let last = bars.len().saturating_sub(1);
    drawn(|area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, TITLE)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d((0..last).into_segmented(), 0.0..highest * 1.1)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .label_style(TEXT)
            .x_desc("store")
            .y_desc("KiB, median")
            .y_label_formatter(&|kib| label(*kib))
            .x_labels(bars.len() + 1)
            .x_label_formatter(&|place| match place {
                SegmentValue::CenterOf(index) => {
                    bars.get(*index).map_or_else(String::new, |(name, ..)| (*name).to_owned())
                }
                SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
            })
            .draw()?;
        for (index, (_, colour, bytes)) in bars.iter().enumerate() {
            let kib = bytes / 1024.0;
            let corners =
                [(SegmentValue::Exact(index), 0.0), (SegmentValue::Exact(index + 1), kib)];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(0, 0, 22, 22);
            chart.draw_series([bar])?;
            let text = TEXT.into_text_style(area).pos(Pos::new(HPos::Center, VPos::Bottom));
            let above = (SegmentValue::CenterOf(index), kib + highest / 100.0);
            chart.draw_series([Text::new(number(kib), above, text)])?;
        }
        Ok(())
    })
    .map(Some)
}

/// What is drawn on a white area.
fn drawn(draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    Ok(svg)
}
