//! An archive's file: how it is made and opened. Its header is written twice and never changed, so either copy alone is enough.

use std::sync::Arc;

use rvm_storage::widths::narrow;
use rvm_storage::{Blob, FileName, FileRole, SegmentName, Storage, StorageError};

use super::{Frames, end};
use crate::error::{Damage, LogError, Result};
use crate::format::archive::{ARCHIVE_FEATURES, ARCHIVE_VERSION, ArchiveHeader, FRAMES_START};
use crate::format::checksum::Checksums;
use crate::format::header::{SLOT_LEN, SlotFault};
use crate::ids::StoreId;
use crate::log_file::draw_salt;
use crate::ring::BLOCK_LEN;

/// An open archive.
#[derive(Clone, Debug)]
pub struct ArchiveFile {
    blob: Arc<dyn Blob>,
    header: ArchiveHeader,
}

impl ArchiveFile {
    /// Makes an archive without frames under its temporary name. It is no archive before it is [renamed](Self::publish).
    ///
    /// # Errors
    /// I/O.
    pub fn create(storage: &dyn Storage, segment: &SegmentName, store_id: StoreId) -> Result<Self> {
        let salt = draw_salt(storage)?;
        let header = ArchiveHeader { store_id, salt, segment_name: segment.clone() };
        let copy = header.encode();
        let blob = storage.create_anew(&FileName::new(segment, FileRole::NewArchive))?;
        blob.write_at(0, &copy)?;
        blob.write_at(BLOCK_LEN, &copy)?;
        blob.force()?;
        Ok(Self { blob, header })
    }

    /// Gives an archive that was [made](Self::create), and forced, its name. The names are not synced.
    ///
    /// # Errors
    /// I/O.
    pub fn publish(storage: &dyn Storage, segment: &SegmentName) -> Result<()> {
        let temporary = FileName::new(segment, FileRole::NewArchive);
        Ok(storage.rename(&temporary, &FileName::new(segment, FileRole::Archive))?)
    }

    /// Opens the archive of `segment`.
    ///
    /// # Errors
    /// I/O; [`LogError::Unsupported`]; [`LogError::Corrupt`] if both copies of the header are unreadable, or it names another segment.
    pub fn open(storage: &dyn Storage, segment: &SegmentName) -> Result<Self> {
        Self::on(storage.open(&FileName::new(segment, FileRole::Archive))?, segment)
    }

    /// The archive of `segment`, whose file is open already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn on(blob: Arc<dyn Blob>, segment: &SegmentName) -> Result<Self> {
        let header = read_header(&*blob)?;
        if header.segment_name != *segment {
            let damage = Damage::OtherSegment { found: header.segment_name.to_string() };
            return Err(LogError::Corrupt { file: blob.location().to_owned(), offset: 0, damage });
        }
        Ok(Self { blob, header })
    }

    /// The file.
    #[must_use]
    pub fn blob(&self) -> &dyn Blob {
        &*self.blob
    }

    /// What its header says.
    #[must_use]
    pub const fn header(&self) -> &ArchiveHeader {
        &self.header
    }

    /// Where in the file those copies of the header lie that have rotted: either one is enough, and both are written alike.
    ///
    /// # Errors
    /// I/O.
    pub fn rotten_copies(&self) -> Result<Vec<u64>> {
        let mut copies = vec![0; narrow(FRAMES_START)];
        self.blob.read_at(0, &mut copies)?;
        let copies = copies.chunks_exact(SLOT_LEN).zip([0, BLOCK_LEN]);
        let is_whole = |copy| ArchiveHeader::decode(copy).is_ok_and(|found| found == self.header);
        Ok(copies.filter(|(copy, _)| !is_whole(copy)).map(|(_, offset)| offset).collect())
    }

    /// The frames, from the first on.
    ///
    /// # Errors
    /// I/O.
    pub fn frames(&self) -> Result<Frames<'_>> {
        self.frames_from(FRAMES_START)
    }

    /// The frames from `offset` on, where one starts.
    ///
    /// # Errors
    /// I/O.
    pub fn frames_from(&self, offset: u64) -> Result<Frames<'_>> {
        Ok(Frames::new(self, offset, self.blob.len()?))
    }

    /// Where the frames end that count: behind the last append that is whole. What lies behind it is being appended, or a crash cut it short,
    /// and is in the log still.
    ///
    /// # Errors
    /// I/O.
    pub fn end(&self) -> Result<u64> {
        Ok(end::find(self)?.at.min(self.blob.len()?))
    }

    /// The frames from the first on up to `end`, where one ends.
    #[must_use]
    pub fn frames_up_to(&self, end: u64) -> Frames<'_> {
        Frames::new(self, FRAMES_START, end)
    }

    pub(super) fn checksums(&self) -> Checksums {
        Checksums::new(self.header.salt)
    }
}

fn read_header(blob: &dyn Blob) -> Result<ArchiveHeader> {
    let file = || blob.location().to_owned();
    let mut copies = vec![0; narrow(FRAMES_START)];
    match blob.read_at(0, &mut copies) {
        Err(StorageError::ShortFile { file_len, .. }) => {
            let damage = Damage::TooShort { needed: FRAMES_START, found: file_len };
            return Err(LogError::Corrupt { file: file(), offset: file_len, damage });
        }
        read => read?,
    }
    for (copy, offset) in copies.chunks_exact(SLOT_LEN).zip([0, BLOCK_LEN]) {
        return match ArchiveHeader::decode(copy) {
            Ok(header) => Ok(header),
            Err(SlotFault::Unreadable) => continue,
            Err(SlotFault::Version(found)) => {
                let (what, known) = ("version", ARCHIVE_VERSION);
                Err(LogError::Unsupported { file: file(), what, found, known })
            }
            Err(SlotFault::Features(found)) => {
                let (what, known) = ("features", ARCHIVE_FEATURES);
                Err(LogError::Unsupported { file: file(), what, found, known })
            }
            Err(SlotFault::Field { name, value }) => {
                let damage = Damage::HeaderField { field: name, value };
                Err(LogError::Corrupt { file: file(), offset, damage })
            }
        };
    }
    Err(LogError::Corrupt { file: file(), offset: 0, damage: Damage::HeaderPair })
}
