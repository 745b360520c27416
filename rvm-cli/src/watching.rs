//! A progress bar for long pieces of work, and Ctrl-C to end them.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rvm_core::rvm_history::observer::{Observer, Stage};

use crate::failure::Failure;
use crate::waiting::Interrupt;

/// A full block, blocks from seven eighths down to one, and nothing.
const EIGHTHS: &str = "\u{2588}\u{2589}\u{258a}\u{258b}\u{258c}\u{258d}\u{258e}\u{258f} ";

/// Shows progress on standard error, if that is a terminal, and ends the work when the user wants an end.
#[derive(Debug)]
pub(crate) struct Watching {
    interrupt: Interrupt,
    bar: ProgressBar,
    stage: Option<Stage>,
}

impl Watching {
    /// From now on, Ctrl-C ends the work and not the process at once.
    pub(crate) fn begin() -> Result<Self, Failure> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(15));
        // A template that does not parse would cost the looks, not the work.
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar:.green} {eta} left") {
            bar.set_style(style.progress_chars(EIGHTHS));
        }
        Ok(Self { interrupt: Interrupt::listen()?, bar, stage: None })
    }
}

impl Observer for Watching {
    fn advanced(&mut self, stage: Stage, done: u64, total: u64) -> bool {
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.bar.reset();
            self.bar.set_message(word_of(stage));
        }
        if total > 0 {
            self.bar.set_length(total);
            self.bar.set_position(done);
        }
        !self.interrupt.is_set()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const fn word_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Copying => "copying",
        Stage::Holding => "what changed",
        Stage::Settling => "the logs",
        Stage::Checking => "checking",
        Stage::Writing => "writing",
        Stage::Comparing => "comparing",
        _ => "working",
    }
}
