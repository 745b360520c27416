//! Forced writes beside a file that is written and forced by somebody else, made by hand: what a device makes a log wait for.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::file::ForcedFile;
use super::store::LOG_LEN;
use crate::Result;

/// How much of the file is read, and written, at once, in bytes; and how much before it is forced.
const PIECE_LEN: usize = 64 << 10;
const FORCE_LEN: usize = 1 << 20;

/// How often the file is written while forced writes are timed, and how long after each other.
const TIMES: u32 = 2;
const APART: Duration = Duration::from_millis(200);

/// A log, and a file that is written beside it.
#[derive(Debug)]
pub struct RawBeside {
    log: ForcedFile,
    file: File,
    len: u64,
    _dir: TempDir,
}

impl RawBeside {
    /// With a file of `len` bytes, a multiple of 64 KiB.
    ///
    /// # Errors
    /// I/O.
    #[expect(clippy::disallowed_methods, reason = "made by hand, without the storage traits")]
    pub fn open(len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("file");
        fs::write(&path, vec![1; usize::try_from(len)?])?;
        let file = File::options().read(true).write(true).open(path)?;
        file.sync_all()?;
        let log = ForcedFile::create(&dir.path().join("log"), LOG_LEN)?;
        Ok(Self { log, file, len, _dir: dir })
    }

    /// How long each forced write of a block takes while the file is written twice.
    ///
    /// # Errors
    /// I/O.
    pub fn latencies(&mut self) -> Result<Vec<Duration>> {
        let (file, len) = (&self.file, self.len);
        let log = &mut self.log;
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                (0..TIMES).try_for_each(|_| {
                    thread::sleep(APART);
                    write_all_of(file, len)
                })
            });
            let mut latencies = Vec::new();
            while !writer.is_finished() {
                latencies.push(log.time(1)?);
            }
            match writer.join() {
                Ok(written) => written?,
                Err(_) => return Err("the file's thread panicked".into()),
            }
            Ok(latencies)
        })
    }
}

/// Reads, changes and writes each piece of the file.
fn write_all_of(file: &File, len: u64) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE_LEN];
    for start in (0..len).step_by(FORCE_LEN) {
        for offset in (start..len).step_by(PIECE_LEN).take(FORCE_LEN / PIECE_LEN) {
            file.read_exact_at(&mut piece, offset)?;
            if let Some(byte) = piece.first_mut() {
                *byte = byte.wrapping_add(1);
            }
            file.write_all_at(&piece, offset)?;
        }
        file.sync_data()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a file that is written less than it says, and against a log that is not forced meanwhile.
    #[test]
    fn both_are_written() {
        let mut beside = RawBeside::open(2 << 20).unwrap();
        assert!(!beside.latencies().unwrap().is_empty());
        let mut bytes = vec![0; 2 << 20];
        beside.file.read_exact_at(&mut bytes, 0).unwrap();
        let written = u8::try_from(TIMES).unwrap();
        assert!(bytes.chunks(PIECE_LEN).all(|piece| piece[0] == 1 + written && piece[1] == 1));
    }
}
