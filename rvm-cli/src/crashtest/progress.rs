//! The progress bar: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::plan::Plan;

/// A bar over the kills, or only their number if it is a time that ends the test.
pub(super) fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(plan.kills, ProgressDrawTarget::stderr_with_hz(15));
    let template = if plan.kills.is_some() {
        "{wide_bar:.green} {human_pos} of {human_len} kills, {elapsed}"
    } else {
        "{spinner} {human_pos} kills, {elapsed}"
    };
    // A template that does not parse would cost the looks, not the test.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
