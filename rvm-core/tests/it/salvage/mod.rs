//! Salvage of a damaged store: what is provably there, a report of what is not, and every file as it was.

mod cases;
mod flips;
mod history;
mod mixed;
mod on_files;
