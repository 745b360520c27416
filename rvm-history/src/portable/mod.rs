//! Segments as text: lines of JSON that any tool reads, and that give the same bytes back, on any machine.
//!
//! `docs/export-format.md` describes the lines.

mod export;
mod import;
mod lines;

pub use export::{ExportReport, export};
pub use import::{ImportPlan, ImportReport, ImportedSegment, import};
pub use lines::{ROW_LEN, VERSION};
