//! The progress bar: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A full block, blocks from seven eighths down to one, and nothing.
const EIGHTHS: &str = "\u{2588}\u{2589}\u{258a}\u{258b}\u{258c}\u{258d}\u{258e}\u{258f} ";

/// A bar over the flights of one lap.
pub(super) fn bar(flights: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(flights), ProgressDrawTarget::stderr_with_hz(15));
    let template = "{msg:<10} {wide_bar:.green} {human_pos} of {human_len} flights, {elapsed}";
    // A template that does not parse would cost the looks, not the demo.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars(EIGHTHS));
    }
    bar
}
