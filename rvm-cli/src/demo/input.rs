//! Where the flight records come from: the file built in, or one of the user's, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;

use crate::failure::Failure;

/// January 2013 from New York City; `data/README.md` tells where it is from.
static BUILT_IN: &[u8] = include_bytes!("../../data/flights-2013-01.csv.gz");

/// How every gzip file begins.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A source of flight records, which can be read again and again.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// The file built in.
    BuiltIn,
    /// A file of the user's.
    File(PathBuf),
}

impl Input {
    /// The file built in, if the user names none.
    pub(super) fn new(given: Option<PathBuf>) -> Self {
        given.map_or(Self::BuiltIn, Self::File)
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::BuiltIn => "flights-2013-01.csv.gz (built in)".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Its text, from the beginning.
    pub(super) fn open(&self) -> Result<Box<dyn Read>, Failure> {
        match self {
            Self::BuiltIn => Ok(Box::new(MultiGzDecoder::new(BUILT_IN))),
            Self::File(path) => {
                let fault = |operation| move |source| Failure::file(operation, path, source);
                // It is read more than once, which only a file allows.
                if !path.metadata().map_err(fault("open"))?.is_file() {
                    let source = io::Error::new(io::ErrorKind::InvalidInput, "it is not a file");
                    return Err(Failure::file("read", path, source));
                }
                let mut file = BufReader::new(File::open(path).map_err(fault("open"))?);
                let start = file.fill_buf().map_err(fault("read"))?;
                if start.starts_with(&GZIP_MAGIC) {
                    return Ok(Box::new(MultiGzDecoder::new(file)));
                }
                Ok(Box::new(file))
            }
        }
    }
}
