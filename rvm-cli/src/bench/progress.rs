//! The progress bar: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::plan::Plan;

/// A bar over the slices of all rounds.
pub(super) fn bar(plan: &Plan) -> ProgressBar {
    let slices = 2 * (u64::from(plan.rounds) + 1);
    let bar = ProgressBar::with_draw_target(Some(slices), ProgressDrawTarget::stderr_with_hz(15));
    // A template that does not parse would cost the looks, not the benchmark.
    if let Ok(style) =
        ProgressStyle::with_template("{wide_bar:.green} {elapsed} of about {duration}")
    {
        bar.set_style(style);
    }
    bar
}
