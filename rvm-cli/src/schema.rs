//! The version of what `--json` prints.

use serde::Serialize;

/// A field that goes, or means something else, raises it; a new one does not.
const SCHEMA: u32 = 1;

/// A report with the version of what it looks like.
#[derive(Debug, Serialize)]
pub(crate) struct Versioned<'a, T> {
    schema: u32,
    #[serde(flatten)]
    report: &'a T,
}

impl<'a, T: Serialize> Versioned<'a, T> {
    pub(crate) const fn new(report: &'a T) -> Self {
        Self { schema: SCHEMA, report }
    }
}
