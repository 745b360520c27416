//! What is coloured, and whether anything is.

use std::io;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When output is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Colour {
    /// If it goes to a terminal that can, and `NO_COLOR` is not set.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

impl Colour {
    /// Whether standard output is coloured.
    pub(crate) fn applies(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }
}

/// What was before: bytes that a transaction replaced, what only the first of two has.
pub(crate) const OLD: Style = AnsiColor::Red.on_default();
/// What came in its place, or what only the second has.
pub(crate) const NEW: Style = AnsiColor::Green.on_default();
/// What matters least: zeros, what did not change, what repeats.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Titles and totals.
pub(crate) const STRONG: Style = Style::new().bold();
/// Names that programs gave: labels.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What wants attention.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
/// What is damaged or failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
