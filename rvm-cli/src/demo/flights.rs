//! Flight records: one row of the file, and the file gone through again and again.
//!
//! Columns are found by their names, so their order does not matter and further ones are welcome. Everything wrong is told with its
//! line.

use std::io::Read;

use csv::{ByteRecord, Reader};

use super::input::Input;
use super::key::Key;
use crate::failure::Failure;

/// How the file writes that there is no value.
const MISSING: &[u8] = b"NA";

/// What the ledger keeps of a flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Flight {
    /// The aircraft's tail number; `NA` stands for itself.
    pub(super) tail: Key,
    pub(super) carrier: Key,
    pub(super) origin: Key,
    pub(super) destination: Key,
    /// It has no departure time.
    pub(super) cancelled: bool,
    /// Minutes; 0 if the file has none, negative if it left early.
    pub(super) departure_delay: i32,
}

/// The rows of the file, once.
pub(super) struct Rows {
    reader: Reader<Box<dyn Read>>,
    columns: Columns,
    record: ByteRecord,
    file: String,
}

/// Where the columns stand.
struct Columns {
    departure: usize,
    delay: usize,
    carrier: usize,
    tail: usize,
    origin: usize,
    destination: usize,
}

impl Rows {
    /// Begins with the first row.
    pub(super) fn open(input: &Input) -> Result<Self, Failure> {
        let mut reader = Reader::from_reader(input.open()?);
        let file = input.name();
        let header = reader.byte_headers().map_err(|error| unreadable(&file, &error))?;
        let column = |name: &'static str| {
            let found = header.iter().position(|field| field == name.as_bytes());
            found.ok_or_else(|| Failure::Input {
                file: file.clone(),
                line: Some(1),
                fault: format!("there is no column {name}"),
            })
        };
        let columns = Columns {
            departure: column("dep_time")?,
            delay: column("dep_delay")?,
            carrier: column("carrier")?,
            tail: column("tailnum")?,
            origin: column("origin")?,
            destination: column("dest")?,
        };
        Ok(Self { reader, columns, record: ByteRecord::new(), file })
    }

    /// The next row; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Flight>, Failure> {
        if !self.advance()? {
            return Ok(None);
        }
        let Columns { departure, delay, carrier, tail, origin, destination } = self.columns;
        let departed = self.number("dep_time", departure)?;
        Ok(Some(Flight {
            tail: self.key("tailnum", tail)?,
            carrier: self.key("carrier", carrier)?,
            origin: self.key("origin", origin)?,
            destination: self.key("dest", destination)?,
            cancelled: departed.is_none(),
            departure_delay: self.number("dep_delay", delay)?.unwrap_or(0),
        }))
    }

    /// Goes to the next row without a look at it; false behind the last.
    fn advance(&mut self) -> Result<bool, Failure> {
        let read = self.reader.read_byte_record(&mut self.record);
        read.map_err(|error| unreadable(&self.file, &error))
    }

    fn field(&self, column: usize) -> &[u8] {
        self.record.get(column).unwrap_or_default()
    }

    fn key(&self, name: &str, column: usize) -> Result<Key, Failure> {
        Key::new(self.field(column)).map_err(|reason| self.fault(format!("{name} {reason}")))
    }

    fn number(&self, name: &str, column: usize) -> Result<Option<i32>, Failure> {
        let field = self.field(column);
        if field == MISSING {
            return Ok(None);
        }
        let number = std::str::from_utf8(field).ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| {
            let text = String::from_utf8_lossy(field);
            self.fault(format!("{name} is {text:?}, neither a whole number nor NA"))
        })
    }

    fn fault(&self, fault: String) -> Failure {
        let line = self.record.position().map(csv::Position::line);
        Failure::Input { file: self.file.clone(), line, fault }
    }
}

fn unreadable(file: &str, error: &csv::Error) -> Failure {
    let (line, fault) = match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => (
            pos.as_ref().map(csv::Position::line),
            format!("{len} fields, the first line has {expected_len}"),
        ),
        _ => (error.position().map(csv::Position::line), error.to_string()),
    };
    Failure::Input { file: file.to_owned(), line, fault }
}

/// The flights in the order of the file, again from its beginning behind its end.
pub(super) struct Laps<'a> {
    input: &'a Input,
    rows: Rows,
    /// How many rows the file has.
    rows_in_lap: u64,
    /// How many of them are behind us in this lap.
    behind: u64,
}

impl<'a> Laps<'a> {
    /// Begins behind the first `done` flights.
    pub(super) fn resume(input: &'a Input, rows_in_lap: u64, done: u64) -> Result<Self, Failure> {
        let mut laps = Self { input, rows: Rows::open(input)?, rows_in_lap, behind: 0 };
        for _ in 0..done.checked_rem(rows_in_lap).unwrap_or(0) {
            if !laps.rows.advance()? {
                return Err(laps.changed());
            }
            laps.behind += 1;
        }
        Ok(laps)
    }

    /// The next flight.
    pub(super) fn next(&mut self) -> Result<Flight, Failure> {
        if self.behind == self.rows_in_lap {
            self.rows = Rows::open(self.input)?;
            self.behind = 0;
        }
        let flight = self.rows.next()?.ok_or_else(|| self.changed())?;
        self.behind += 1;
        Ok(flight)
    }

    fn changed(&self) -> Failure {
        let (rows, now) = (self.rows_in_lap, self.behind);
        let fault = format!("it had {rows} flights when the demo began, and has {now} now");
        Failure::Input { file: self.input.name(), line: None, fault }
    }
}
