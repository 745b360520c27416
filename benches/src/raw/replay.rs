//! Replay made by hand: a log is read, each record's checksum compared, and its bytes stored, in order.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rvm_core::rvm_storage::AlignedBuf;
use rvm_tpca::{Bank, Pattern};
use tempfile::TempDir;

use super::store::{RAW_RECORD_LEN, encode};
use crate::Result;
use crate::cache::drop_cache;
use crate::pages::pages_of;

/// How much is read at once, in bytes.
const WINDOW_LEN: usize = 1 << 20;

/// A log, and the file of the segment that it changes.
#[derive(Debug)]
pub struct RawReplay {
    log: File,
    segment: File,
    records: u64,
    memory: AlignedBuf,
    window: AlignedBuf,
    _dir: TempDir,
}

impl RawReplay {
    /// A log of about `len` bytes with the bank's transactions over `segment_len` bytes.
    ///
    /// # Errors
    /// I/O.
    #[expect(clippy::disallowed_methods, reason = "made by hand, without the storage traits")]
    pub fn of_len(len: u64, segment_len: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let records = len / u64::try_from(RAW_RECORD_LEN)?;
        let (mut bank, mut bytes) = (Bank::over(segment_len, Pattern::Random), AlignedBuf::new());
        for number in 1..=records {
            encode(&bank.draw(), number, &mut bytes)?;
        }
        let (log, segment) = (dir.path().join("log"), dir.path().join("segment"));
        let memory = pages_of(segment_len, 0)?;
        fs::write(&log, bytes.as_slice())?;
        fs::write(&segment, memory.as_slice())?;
        for path in [&log, &segment] {
            File::open(path)?.sync_all()?;
        }
        let segment = File::options().read(true).write(true).open(segment)?;
        let (log, window) = (File::open(log)?, AlignedBuf::new());
        Ok(Self { log, segment, records, memory, window, _dir: dir })
    }

    /// The records of the log.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Makes the next replay read from the device, and the next reopening the segment, too.
    ///
    /// # Errors
    /// I/O.
    pub fn drop_cache(&self) -> Result<()> {
        drop_cache(&self.log)?;
        drop_cache(&self.segment)
    }

    /// Replays all into memory.
    ///
    /// # Errors
    /// I/O; a record that is not whole.
    pub fn replay(&mut self) -> Result<()> {
        let per_window = WINDOW_LEN / RAW_RECORD_LEN;
        let (mut number, mut at) = (0, 0);
        while number < self.records {
            let count = per_window.min(usize::try_from(self.records - number)?);
            self.window.resize(count * RAW_RECORD_LEN);
            self.log.read_exact_at(self.window.as_mut_slice(), at)?;
            for record in self.window.as_slice().chunks_exact(RAW_RECORD_LEN) {
                number += 1;
                apply(record, number, self.memory.as_mut_slice())?;
            }
            at += u64::try_from(count * RAW_RECORD_LEN)?;
        }
        Ok(())
    }

    /// How long it takes to replay all over the segment's bytes, and to write and force them.
    ///
    /// # Errors
    /// I/O; a record that is not whole.
    pub fn time_reopen(&mut self) -> Result<Duration> {
        let started = Instant::now();
        self.segment.read_exact_at(self.memory.as_mut_slice(), 0)?;
        self.replay()?;
        self.segment.write_all_at(self.memory.as_slice(), 0)?;
        self.segment.sync_data()?;
        Ok(started.elapsed())
    }
}

fn apply(record: &[u8], number: u64, memory: &mut [u8]) -> Result<()> {
    let (header, body) = record.split_at_checked(16).ok_or("a short record")?;
    let crc = crc32c::crc32c_append(u32::try_from(number & 0xffff)?, body);
    if header.get(4..8) != Some(&crc.to_le_bytes()) {
        return Err("a record is damaged".into());
    }
    let (places, mut data) = body.split_at_checked(64).ok_or("a short record")?;
    for place in places.chunks_exact(16) {
        let (offset, len) = place.split_at_checked(8).ok_or("a short place")?;
        let start = usize::try_from(u64::from_le_bytes(offset.try_into()?))?;
        let len = usize::try_from(u64::from_le_bytes(len.try_into()?))?;
        let (bytes, rest) = data.split_at_checked(len).ok_or("a short record")?;
        memory.get_mut(start..start + len).ok_or("outside")?.copy_from_slice(bytes);
        data = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a replay that stores less than it says.
    #[test]
    fn what_is_replayed_is_what_was_logged() {
        let mut raw = RawReplay::of_len(3 << 20, 1 << 16).unwrap();
        raw.time_reopen().unwrap();
        let mut expected = vec![0; 1 << 16];
        let mut bank = Bank::over(1 << 16, Pattern::Random);
        for _ in 0..raw.records {
            bank.draw().store_into(&mut expected);
        }
        assert!(raw.memory.as_slice() == expected);
        let mut found = vec![0; 1 << 16];
        raw.segment.read_exact_at(&mut found, 0).unwrap();
        assert!(found == expected);
    }
}
