//! How far a harness is, on standard error, if somebody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the picture changes.
const STEADY: Duration = Duration::from_millis(250);

/// A bar for the harness of this name; nothing where standard error is no terminal.
pub(super) fn bar(harness: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix:12} {spinner} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_prefix(harness);
    bar.enable_steady_tick(STEADY);
    bar
}

/// From now on the bar counts up to `goal`.
pub(super) fn count_to(bar: &ProgressBar, goal: u64) {
    let style = ProgressStyle::with_template(
        "{prefix:12} {bar:30} {human_pos} of {human_len}, {elapsed}, {eta} to go",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_length(goal);
}
