//! The log of a block device's writes, as the kernel's `dm-log-writes` and the daemon's `blklogwrites` write it.
//!
//! A sector with the superblock, then for each write a sector that says where and how much, and behind it what was written. A log of which the end
//! is missing is read as far as it goes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const VERSION: u64 = 1;

const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;

/// Which part of a device stays whole when the power goes.
pub(super) const SECTOR_LEN: usize = 512;

/// A log, and what is in it.
#[derive(Debug)]
pub(super) struct Log {
    bytes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
}

/// Something that the device was asked for, in the order in which it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// Where on the device.
    pub(super) offset: u64,
    /// Where in the log what was written is.
    data: Range<usize>,
    /// Whatever was done before is durable.
    pub(super) is_flush: bool,
    /// This write is durable by itself.
    pub(super) is_fua: bool,
    /// How long the log was with this entry.
    pub(super) end: u64,
}

impl Log {
    /// Reads a log.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let number = |at: usize| number(&bytes, at).ok_or("the log of block writes is too short");
        let (magic, version, count) = (number(0)?, number(8)?, number(16)?);
        // Four bytes of it.
        let sector = u32::try_from(number(24)? & 0xffff_ffff).unwrap_or(0);
        if (magic, version) != (MAGIC, VERSION) || sector as usize != SECTOR_LEN {
            return Err(format!("no log of block writes: {magic:x}, {version}, {sector}"));
        }
        let (mut entries, mut at) = (Vec::new(), SECTOR_LEN);
        for _ in 0..count {
            let Some(entry) = entry(&bytes, at) else { break };
            at = entry.data.end;
            entries.push(entry);
        }
        Ok(Self { bytes, entries })
    }

    /// What an entry writes.
    pub(super) fn data(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.data.clone()]
    }

    /// Writes these entries to an image.
    pub(super) fn write(&self, entries: &[Entry], image: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(image)?;
        entries.iter().try_for_each(|entry| file.write_all_at(self.data(entry), entry.offset))
    }
}

/// `None` if the log ends before.
fn entry(bytes: &[u8], at: usize) -> Option<Entry> {
    let field = |index: usize| number(bytes, at + 8 * index);
    let (sector, sectors, flags) = (field(0)?, field(1)?, field(2)?);
    // A discard says how much, and brings no bytes. What it leaves is anybody's guess: here, what was there.
    let written = if flags & DISCARD == 0 { sectors } else { 0 };
    let start = at.checked_add(SECTOR_LEN)?;
    let end = usize::try_from(written).ok()?.checked_mul(SECTOR_LEN)?.checked_add(start)?;
    bytes.get(start..end)?;
    Some(Entry {
        offset: sector.checked_mul(SECTOR_LEN as u64)?,
        data: start..end,
        is_flush: flags & FLUSH != 0,
        is_fua: flags & FUA != 0,
        end: end as u64,
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    field.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(fields: [u64; 4]) -> Vec<u8> {
        let mut bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
        bytes.resize(SECTOR_LEN, 0);
        bytes
    }

    /// Guards against writes that are replayed to another place, or in part.
    #[test]
    fn what_was_written_is_read() {
        let mut log = sector([MAGIC, VERSION, 5, 512]);
        log.extend(sector([7, 2, 0, 0]));
        log.extend([1; 1024]);
        log.extend(sector([0, 0, FLUSH, 0]));
        log.extend(sector([3, 1_000_000, DISCARD, 0]));
        log.extend(sector([9, 1, FLUSH | FUA, 0]));
        log.extend([2; 512]);
        log.extend(sector([1, 1, 0, 0]));
        // The end of the last one is missing.
        log.extend([3; 511]);
        let log = Log::read(log).unwrap();
        let short: Vec<_> = log
            .entries
            .iter()
            .map(|e| (e.offset, log.data(e).len(), e.is_flush, e.is_fua, e.end))
            .collect();
        let expected = [
            (3584, 1024, false, false, 2048),
            (0, 0, true, false, 2560),
            (1536, 0, false, false, 3072),
            (4608, 512, true, true, 4096),
        ];
        assert_eq!(short, expected);
        assert_eq!(log.data(&log.entries[3]), [2; 512]);
        assert!(Log::read(vec![0; 4096]).is_err());
        assert!(Log::read(Vec::new()).is_err());
    }
}
