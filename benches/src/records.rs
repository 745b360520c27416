//! Records in memory, to be encoded and decoded.

use std::hint::black_box;

use rvm_core::rvm_log::format::record::{HEADER_LEN, Position};
use rvm_core::rvm_log::{Checksums, Draft, Epoch, Lsn, RecordHeader, RecordView, Salt, TxnId};
use rvm_core::rvm_storage::AlignedBuf;
use rvm_tpca::{Bank, Change, Pattern};

use crate::Result;

/// Records in memory.
#[derive(Debug)]
pub struct Records {
    changes: Vec<Change>,
    checksums: Checksums,
    encoded: AlignedBuf,
}

const EPOCH: Epoch = Epoch(1);

impl Records {
    /// The records of so many of the bank's transactions over 1 MiB, encoded.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_bank(count: usize) -> Result<Self> {
        let mut bank = Bank::over(1 << 20, Pattern::Random);
        let changes = (0..count).map(|_| bank.draw()).collect();
        let checksums = Checksums::new(Salt([7; 16]));
        let mut records = Self { changes, checksums, encoded: AlignedBuf::new() };
        records.encode()?;
        Ok(records)
    }

    /// The encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.encoded.as_slice()
    }

    /// Encodes all, one behind the other, in place of what was encoded before.
    ///
    /// # Errors
    /// None that is known.
    pub fn encode(&mut self) -> Result<()> {
        self.encoded.clear();
        let mut lsn = Lsn(0);
        for (number, change) in (1..).zip(&self.changes) {
            let draft = Draft::new(TxnId(number), change.stores().into_iter());
            let measure = draft.measure()?;
            let position = Position { lsn, epoch: EPOCH, synced: Lsn(0) };
            draft.encode(&measure, position, self.checksums, &mut self.encoded);
            lsn = lsn.plus(measure.total_len.into());
        }
        black_box(self.encoded.as_slice());
        Ok(())
    }

    /// Decodes all that is encoded, checks it, and looks at every range. Returns how many bytes the ranges hold.
    ///
    /// # Errors
    /// A record that is not whole.
    pub fn decode(&self) -> Result<usize> {
        let (mut rest, mut lsn, mut len) = (self.bytes(), Lsn(0), 0);
        while let Some(header) = rest.first_chunk::<HEADER_LEN>() {
            let header = RecordHeader::decode(header, lsn, EPOCH, self.checksums)
                .map_err(|fault| format!("{fault:?}"))?;
            let view = RecordView::parse(header, rest, self.checksums)
                .map_err(|fault| format!("{fault:?}"))?;
            for (offset, bytes) in view.ranges() {
                len += black_box((offset, bytes)).1.len();
            }
            lsn = header.end();
            rest = rest.get(usize::try_from(header.total_len)?..).unwrap_or_default();
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against benchmarks of nothing.
    #[test]
    fn every_record_is_decoded() {
        let records = Records::of_bank(100).unwrap();
        assert_eq!(records.decode().unwrap(), 100 * (3 * 8 + 64));
    }
}
