//! The progress bar: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::plan::Plan;

/// A full block, blocks from seven eighths down to one, and nothing.
const EIGHTHS: &str = "\u{2588}\u{2589}\u{258a}\u{258b}\u{258c}\u{258d}\u{258e}\u{258f} ";

/// A bar over the slices of all rounds.
pub(super) fn bar(plan: &Plan) -> ProgressBar {
    let slices = 2 * (u64::from(plan.rounds) + 1);
    let bar = ProgressBar::with_draw_target(Some(slices), ProgressDrawTarget::stderr_with_hz(15));
    // A template that does not parse would cost the looks, not the benchmark.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar:.green} {eta} left") {
        bar.set_style(style.progress_chars(EIGHTHS));
    }
    bar
}
