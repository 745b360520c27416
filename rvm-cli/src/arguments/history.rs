//! Arguments of what reads the log as history: `log`, `blame` and `dump`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use rvm_core::rvm_history::history::{Filter, Touching};
use rvm_core::rvm_history::typed::{RecordLayout, Type, TypeError};

use crate::sizes::{parse_hex, parse_size};
use crate::spans::parse_span;
use crate::timestamps::parse_time;

pub(super) const TAIL_HELP: &str = "\
Shows the newest transactions. With -f it goes on, and shows each new one once it is durable, in order, while a process commits; it goes on, too, \
while nobody has the store open, and when it is recovered or made again. A transaction that was folded into the segments before it was seen is \
missed; how many these may be is told on standard error. It ends with 130 on Ctrl-C, or after --count. With --json each transaction is a line.";

pub(super) const DUMP_HELP: &str = "\
Works while the store is in use, and when recovery is due: what is committed and still in the log is shown, too. Rows that repeat are shown once, \
with a * for the rest; holes of the file are not read. Up to 64 MiB that are not zeros are of one moment.";

const AS_HELP: &str = "u8 i8, u16le u16be and so on up to u64 and i64, f32le f32be f64le f64be, char, text or text:N, hex or hex:N";

/// What can be done with logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    /// List the transactions that the logs and the archives hold, or search them (read-only)
    ///
    /// A line for each transaction over all logs, with its positions there. Everything that is asked for has to be true of it, as in
    /// `rvmctl log ls --touching accounts:0x40+8 --value u64le:100`. What was folded into the segments is there only if the store has archives.
    Ls(LogLsArguments),
    /// Show one transaction (read-only)
    ///
    /// With --diff also the bytes that it changed, as they were and as they became. Where only the file of the segment tells what was
    /// before, and truncation or a recovery that was interrupted may have written there already, that is shown as `??`.
    Show(LogShowArguments),
    /// Show the newest transactions, and follow (read-only)
    #[command(long_about = TAIL_HELP)]
    Tail(LogTailArguments),
    /// Draw each log's ring, and how many commits there were in a second (read-only)
    ///
    /// A log's ring is a strip: what is applied to the segment, what is not yet, what was never used, and what is torn. The letters below it
    /// are the log's head (h), up to where its header vouches (s), and its end (e); a * stands for several.
    Timeline(LogTimelineArguments),
}

/// Which transactions are wanted.
#[derive(Debug, Args)]
pub(crate) struct FilterArguments {
    /// Only those that changed this segment
    #[arg(value_name = "SEGMENT")]
    name: Option<String>,
    /// Only those that declared one of these bytes; without +LEN it is one byte
    #[arg(long, value_name = "SEGMENT:OFFSET[+LEN]", value_parser = parse_touching)]
    touching: Option<Touching>,
    /// Only those that wrote these bytes: digits as in 0a0b, or a type and a value, as in u64le:100 or text:abc
    #[arg(long, value_name = "VALUE", value_parser = parse_value)]
    value: Option<Bytes>,
    /// Only those whose label has this text in it
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Only those that were committed at this time or later, as in 2026-11-26T12:00:00Z or 2026-11-26T13:00:00+01:00, or in nanoseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<u64>,
    /// Only those that were committed at this time or before
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<u64>,
}

/// Bytes on the command line.
#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

impl FilterArguments {
    /// The filter that was asked for.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            segment: self.name.clone(),
            touching: self.touching.clone(),
            value: self.value.clone().map(|Bytes(bytes)| bytes),
            label: self.label.clone(),
            since: self.since,
            until: self.until,
        }
    }

    /// The segments that have to be there.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        let touched = self.touching.as_ref().map(|touching| touching.segment.as_str());
        self.name.as_deref().into_iter().chain(touched)
    }
}

/// Arguments of `log ls`.
#[derive(Debug, Args)]
pub(crate) struct LogLsArguments {
    #[command(flatten)]
    pub(crate) filter: FilterArguments,
}

/// Arguments of `log show`.
#[derive(Debug, Args)]
pub(crate) struct LogShowArguments {
    /// The transaction, by its number in `log ls`
    #[arg(value_name = "TXN")]
    pub(crate) transaction: u64,
    /// Show the bytes, old and new
    #[arg(long)]
    pub(crate) diff: bool,
    /// Show values of these types, field by field, with --diff
    #[arg(long = "as", value_name = "TYPE,...[@OFFSET]", requires = "diff", long_help = AS_LONG)]
    pub(crate) layout: Option<RecordLayout>,
    /// Show at most so many bytes
    #[arg(long, value_name = "BYTES", value_parser = parse_size, default_value = "1M")]
    pub(crate) limit: u64,
}

const AS_LONG: &str = "\
Show values of these types: u8 i8, u16le u16be and so on up to u64 and i64, f32le f32be f64le f64be, char, text or text:N, hex or hex:N. \
A list is a record's fields, one after the other, and repeats. The first record starts where the bytes do, or with @OFFSET at that offset of the segment";

/// Arguments of `log tail`.
#[derive(Debug, Args)]
pub(crate) struct LogTailArguments {
    #[command(flatten)]
    pub(crate) filter: FilterArguments,
    /// Go on with those that come
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many of those that are there are shown first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) last: usize,
    /// End after so many new ones
    #[arg(long, value_name = "N", requires = "follow", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// How often to look, as in 200ms or 2s
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = parse_span)]
    pub(crate) interval: Duration,
}

/// Arguments of `log timeline`.
#[derive(Debug, Args)]
pub(crate) struct LogTimelineArguments {
    /// Draw the picture into this file (writes it), not on the terminal; it must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// Arguments of `blame`.
#[derive(Debug, Args)]
pub(crate) struct BlameArguments {
    /// The segment
    pub(crate) name: String,
    /// The bytes, as in 64, 0x40+8 or 4K+0x10; without +LEN a record of --as, or one byte
    #[arg(value_name = "OFFSET[+LEN]", value_parser = parse_stretch)]
    pub(crate) bytes: Stretch,
    /// Show values of these types, field by field
    #[arg(long = "as", value_name = "TYPE,...[@OFFSET]", help = AS_HELP, long_help = AS_LONG)]
    pub(crate) layout: Option<RecordLayout>,
    /// Show at most so many transactions
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Arguments of `dump`.
#[derive(Debug, Args)]
pub(crate) struct DumpArguments {
    /// The segment
    pub(crate) name: String,
    /// The bytes, as in 64, 0x40+8 or 4K+0x10 [default: all; without +LEN up to the end]
    #[arg(value_name = "OFFSET[+LEN]", value_parser = parse_stretch)]
    pub(crate) bytes: Option<Stretch>,
    /// Show values of these types, a record on a line
    #[arg(long = "as", value_name = "TYPE,...[@OFFSET]", help = AS_HELP, long_help = AS_LONG)]
    pub(crate) layout: Option<RecordLayout>,
}

/// A part of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    /// The first byte.
    pub(crate) offset: u64,
    /// How many there are, if that was said.
    pub(crate) len: Option<u64>,
}

fn parse_stretch(text: &str) -> Result<Stretch, String> {
    let (offset, len) = text.split_once('+').map_or((text, None), |(at, len)| (at, Some(len)));
    Ok(Stretch { offset: parse_size(offset)?, len: len.map(parse_size).transpose()? })
}

fn parse_touching(text: &str) -> Result<Touching, String> {
    let fault = || format!("{text:?} names no bytes; write for example accounts:0x40+8");
    let (segment, bytes) = text.rsplit_once(':').ok_or_else(fault)?;
    let Stretch { offset, len } = parse_stretch(bytes)?;
    let end = offset.checked_add(len.unwrap_or(1)).ok_or_else(fault)?;
    Ok(Touching { segment: segment.to_owned(), start: offset, end })
}

fn parse_value(text: &str) -> Result<Bytes, String> {
    let bytes = match text.split_once(':') {
        None => parse_hex(text)?,
        Some((kind, value)) => {
            let bytes = kind.parse::<Type>().and_then(|kind| kind.bytes_of(value));
            bytes.map_err(|error: TypeError| error.to_string())?
        }
    };
    if bytes.is_empty() {
        Err("no bytes are found everywhere".to_owned())
    } else {
        Ok(Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against bytes that are not those that were typed.
    #[test]
    fn places_and_values_are_read_as_typed() {
        assert_eq!(parse_stretch("0x40+8"), Ok(Stretch { offset: 64, len: Some(8) }));
        assert_eq!(parse_stretch("4K"), Ok(Stretch { offset: 4096, len: None }));
        let touching = parse_touching("a:0x10+0x2").unwrap();
        assert_eq!((touching.segment.as_str(), touching.start, touching.end), ("a", 16, 18));
        assert_eq!(parse_value("u16be:258").unwrap().0, [1, 2]);
        assert_eq!(parse_value("text:a:b").unwrap().0, b"a:b");
        assert_eq!(parse_value("0a0B").unwrap().0, [10, 11]);
        for wrong in ["", "u8:256", "u9:1", "text:", "abc"] {
            assert!(parse_value(wrong).is_err(), "{wrong:?} was taken");
        }
        for wrong in ["a", "a:", "a:1+", "a:0xffffffffffffffff+2"] {
            assert!(parse_touching(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
