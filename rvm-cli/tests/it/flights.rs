//! Flight records, made up: deterministic, and small.

use std::fmt::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::stores::write;

/// The columns that the demo needs, with one that it does not, and in an order of our own.
pub(crate) const HEADER: &str = "origin,dest,carrier,month,tailnum,dep_delay,dep_time";

/// A file of so many flights: some cancelled, some without a tail number, some early.
pub(crate) fn file(parent: &TempDir, flights: u32) -> PathBuf {
    let mut text = format!("{HEADER}\n");
    let mut origins = ["EWR", "JFK", "LGA"].into_iter().cycle();
    let mut carriers = ["AA", "UA", "DL", "B6"].into_iter().cycle();
    for number in 0..flights {
        let origin = origins.next().unwrap();
        let carrier = carriers.next().unwrap();
        let tail = if number % 37 == 0 { "NA".to_owned() } else { format!("N{}", number % 50) };
        let (departure, delay) = match number % 23 {
            0 => ("NA".to_owned(), "NA".to_owned()),
            early @ 1..9 => ("600".to_owned(), format!("-{early}")),
            late => ("1830".to_owned(), (late * 3).to_string()),
        };
        let destination = format!("D{:02}", number % 17);
        writeln!(text, "{origin},{destination},{carrier},1,{tail},{delay},{departure}").unwrap();
    }
    let path = parent.path().join("flights.csv");
    write(&path, text.as_bytes());
    path
}
