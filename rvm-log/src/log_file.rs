//! A log's file: its header pair, and how it is made, opened, grown and shrunk.
//!
//! Every change of the header goes to one slot, is forced, and then goes to the other, so that either slot alone is
//! enough. The slot that does not count is written first: it may be torn from the last crash, and a second crash must
//! not tear the only whole one. A log is made whole under another name and then renamed, so a log without a readable
//! header is always damaged.

use std::sync::Arc;

use rvm_storage::widths::narrow;
use rvm_storage::{Blob, FileName, FileRole, Fill, SegmentName, Storage, StorageError, Write};

use crate::error::{Damage, LogError, Result};
use crate::format::checksum::Checksums;
use crate::format::header::{FEATURES, LogHeader, SLOT_LEN, SlotFault, VERSION};
use crate::ids::{Epoch, LogId, Lsn, Salt, StoreId, TxnId};
use crate::ring::{BLOCK_LEN, DATA_START, Ring};

/// What a new log starts with.
#[derive(Clone, Debug)]
pub struct NewLog {
    /// The segment that it belongs to.
    pub segment: SegmentName,
    /// The segment's length in bytes.
    pub segment_len: u64,
    /// The store.
    pub store_id: StoreId,
    /// The new log's identity.
    pub log_id: LogId,
    /// The store's epoch.
    pub epoch: Epoch,
    /// The ring's size.
    pub ring: Ring,
}

impl NewLog {
    /// The first log of a new store, its identities drawn from the backend's randomness.
    ///
    /// # Errors
    /// I/O.
    pub fn first_of_store(
        storage: &dyn Storage,
        segment: &SegmentName,
        segment_len: u64,
        ring: Ring,
    ) -> Result<Self> {
        let store_id = draw_store_id(storage)?;
        let log_id = draw_log_id(storage)?;
        let segment = segment.clone();
        Ok(Self { segment, segment_len, store_id, log_id, epoch: Epoch(1), ring })
    }
}

/// Draws an identity for a store.
///
/// # Errors
/// I/O.
pub fn draw_store_id(storage: &dyn Storage) -> Result<StoreId> {
    let mut store_id = StoreId([0; 16]);
    storage.fill_random(&mut store_id.0)?;
    Ok(store_id)
}

/// Draws an identity for a log.
///
/// # Errors
/// I/O.
pub fn draw_log_id(storage: &dyn Storage) -> Result<LogId> {
    let mut bytes = [0; 8];
    storage.fill_random(&mut bytes)?;
    // 0 is no identity.
    Ok(LogId(u64::from_le_bytes(bytes).max(1)))
}

/// Draws a salt for a new epoch of a log.
///
/// # Errors
/// I/O.
pub fn draw_salt(storage: &dyn Storage) -> Result<Salt> {
    let mut salt = Salt([0; 16]);
    storage.fill_random(&mut salt.0)?;
    Ok(salt)
}

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    blob: Arc<dyn Blob>,
    header: LogHeader,
    /// Where the slot lies that the header was read from. The other one may be old or torn.
    slot_offset: u64,
}

impl LogFile {
    /// Makes the log, durably: whole under a temporary name, then renamed. The names are synced.
    ///
    /// # Errors
    /// I/O, and when the device is full nothing of the log remains; a [`Damage::HeaderField`] for a value that no header can
    /// have, before anything is written.
    pub fn create(storage: &dyn Storage, new: &NewLog) -> Result<Self> {
        let temporary = FileName::new(&new.segment, FileRole::NewLog);
        let log = FileName::new(&new.segment, FileRole::Log);
        let header = LogHeader {
            generation: 1,
            store_id: new.store_id,
            log_id: new.log_id,
            segment_len: new.segment_len,
            epoch: new.epoch,
            salt: draw_salt(storage)?,
            ring: new.ring,
            head: Lsn(0),
            prev_end: Lsn(0),
            synced: Lsn(0),
            txn_id_max: TxnId(0),
            clean: true,
            segment_name: new.segment.clone(),
        };
        let slot = encode_readable(&header, &temporary.to_string())?;
        let written = storage.create_anew(&temporary).and_then(|blob| {
            blob.allocate(new.ring.file_len(), Fill::Written)?;
            blob.write_at(0, &slot)?;
            blob.write_at(BLOCK_LEN, &slot)?;
            blob.force()
        });
        if let Err(error) = written {
            // What remains is garbage that the next opening removes.
            storage.remove(&temporary).ok();
            return Err(error.into());
        }
        storage.rename(&temporary, &log)?;
        storage.sync_names()?;
        Ok(Self { blob: storage.open(&log)?, header, slot_offset: 0 })
    }

    /// Opens the log of `segment`.
    ///
    /// # Errors
    /// I/O; [`LogError::Unsupported`]; [`LogError::Corrupt`] if the header pair is unreadable, names another segment, or
    /// promises more bytes than the file has.
    pub fn open(storage: &dyn Storage, segment: &SegmentName) -> Result<Self> {
        Self::on(storage.open(&FileName::new(segment, FileRole::Log))?, segment)
    }

    /// The log of `segment`, whose file is open already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn on(blob: Arc<dyn Blob>, segment: &SegmentName) -> Result<Self> {
        let (header, slot_offset) = read_pair(&*blob)?;
        let corrupt = |offset, damage| {
            Err(LogError::Corrupt { file: blob.location().to_owned(), offset, damage })
        };
        if header.segment_name != *segment {
            let found = header.segment_name.to_string();
            return corrupt(slot_offset, Damage::OtherSegment { found });
        }
        let (found, needed) = (blob.len()?, header.ring.file_len());
        if found < needed {
            return corrupt(found, Damage::TooShort { needed, found });
        }
        Ok(Self { blob, header, slot_offset })
    }

    /// The file.
    #[must_use]
    pub fn blob(&self) -> &dyn Blob {
        &*self.blob
    }

    /// The file, to share.
    #[must_use]
    pub fn shared_blob(&self) -> Arc<dyn Blob> {
        Arc::clone(&self.blob)
    }

    /// What the header says.
    #[must_use]
    pub fn header(&self) -> &LogHeader {
        &self.header
    }

    /// The checksums of its epoch.
    #[must_use]
    pub fn checksums(&self) -> Checksums {
        Checksums::new(self.header.salt)
    }

    /// Its ring.
    #[must_use]
    pub fn ring(&self) -> Ring {
        self.header.ring
    }

    /// Changes the header, durably in both slots.
    ///
    /// # Errors
    /// I/O; either the old or the new header counts then, and it must not be retried. A [`Damage::HeaderField`] for a value
    /// that no header can have; nothing is written then.
    pub fn change_header(&mut self, change: impl FnOnce(&mut LogHeader)) -> Result<()> {
        let (header, slot) = self.next_header(change)?;
        for offset in [self.other_slot_offset(), self.slot_offset] {
            self.blob.write_and_force(&[Write { offset, bytes: &slot }])?;
        }
        self.header = header;
        Ok(())
    }

    /// Raises `synced` and `txn_id_max`, durably in the one slot that does not count yet. That is enough for evidence, and half the
    /// price: if this slot rots the other one has everything but the evidence, and the records are there.
    ///
    /// # Errors
    /// As [`change_header`](Self::change_header).
    pub fn vouch(&mut self, synced: Lsn, txn_id_max: TxnId) -> Result<()> {
        let (header, slot) = self.next_header(|header| {
            header.synced = synced.max(header.synced);
            header.txn_id_max = txn_id_max.max(header.txn_id_max);
        })?;
        let offset = self.other_slot_offset();
        self.blob.write_and_force(&[Write { offset, bytes: &slot }])?;
        (self.header, self.slot_offset) = (header, offset);
        Ok(())
    }

    fn next_header(
        &self,
        change: impl FnOnce(&mut LogHeader),
    ) -> Result<(LogHeader, [u8; SLOT_LEN])> {
        let mut header = self.header.clone();
        change(&mut header);
        header.generation = self.header.generation.saturating_add(1);
        let slot = encode_readable(&header, self.blob.location())?;
        Ok((header, slot))
    }

    fn other_slot_offset(&self) -> u64 {
        BLOCK_LEN - self.slot_offset
    }

    /// Reserves the space of a larger ring, without using it; does nothing for a smaller one.
    ///
    /// # Errors
    /// I/O. If the device is full the log is as before and can be used.
    pub fn reserve(&self, ring: Ring) -> Result<()> {
        if ring.capacity() > self.header.ring.capacity() {
            self.blob.allocate(ring.file_len(), Fill::Written)?;
        }
        Ok(())
    }

    /// Gives the empty log a ring of another size, whose space is reserved. `header.head` must be the log's end, and no force under
    /// way.
    ///
    /// # Errors
    /// I/O. Either ring counts then, and it must not be retried.
    pub fn resize(&mut self, ring: Ring) -> Result<()> {
        let shrinks = ring.capacity() < self.header.ring.capacity();
        if !shrinks {
            self.blob.force()?;
        }
        self.change_header(|header| header.ring = ring)?;
        if shrinks {
            self.blob.set_len(ring.file_len())?;
            self.blob.force()?;
        }
        Ok(())
    }
}

/// Reads both slots; the readable one with the higher generation counts. Returns where that one lies, too.
fn read_pair(blob: &dyn Blob) -> Result<(LogHeader, u64)> {
    let file = blob.location();
    let mut pair = vec![0; narrow(DATA_START)];
    match blob.read_at(0, &mut pair) {
        Err(StorageError::ShortFile { file_len, .. }) => {
            let damage = Damage::TooShort { needed: DATA_START, found: file_len };
            return Err(LogError::Corrupt { file: file.to_owned(), offset: file_len, damage });
        }
        read => read?,
    }
    let mut best: Option<(LogHeader, u64)> = None;
    for (slot, offset) in pair.chunks_exact(SLOT_LEN).zip([0, BLOCK_LEN]) {
        match LogHeader::decode(slot) {
            Ok(header) => {
                if best.as_ref().is_none_or(|(best, _)| best.generation < header.generation) {
                    best = Some((header, offset));
                }
            }
            Err(SlotFault::Unreadable) => {}
            Err(fault) => return Err(error_of(fault, file, offset)),
        }
    }
    best.ok_or_else(|| error_of(SlotFault::Unreadable, file, 0))
}

/// The bytes of a slot that will be read as this header: a value that every reader refuses must not reach the disk.
fn encode_readable(header: &LogHeader, file: &str) -> Result<[u8; SLOT_LEN]> {
    let slot = header.encode();
    match LogHeader::decode(&slot) {
        Ok(_) => Ok(slot),
        Err(fault) => Err(error_of(fault, file, 0)),
    }
}

fn error_of(fault: SlotFault, file: &str, offset: u64) -> LogError {
    let file = file.to_owned();
    match fault {
        SlotFault::Unreadable => LogError::Corrupt { file, offset, damage: Damage::HeaderPair },
        SlotFault::Version(found) => {
            LogError::Unsupported { file, what: "version", found, known: VERSION }
        }
        SlotFault::Features(found) => {
            LogError::Unsupported { file, what: "features", found, known: FEATURES }
        }
        SlotFault::Field { name, value } => {
            let damage = Damage::HeaderField { field: name, value };
            LogError::Corrupt { file, offset, damage }
        }
    }
}
