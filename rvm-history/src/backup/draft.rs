//! One segment while it is copied: the chunks so far, and those that may have changed since they were read.

use std::collections::BTreeSet;
use std::sync::Arc;

use rvm_log::{LogFile, Lsn};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, SegmentName};

use super::chain::{Chain, DataFiles, Resolved};
use super::data::DataFile;
use super::follow::{Followed, Touched, touched};
use super::manifest::{ChunkEntry, LogPosition, SegmentEntry, raw_len};
use super::table::{Stored, Table, chunk_len_for, state_of};
use crate::copy_error::Result;
use rvm_storage::holes::next_data;

/// One segment while it is copied.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: SegmentName,
    blob: Arc<dyn Blob>,
    len: u64,
    chunk_len: u64,
    table: Table,
    on_base: bool,
    base: Table,
    data: DataFile,
    log: Option<Followed>,
    /// Whether its log was lost sight of since the last round began.
    is_lost: bool,
    /// All that is in the table is the base's, and none of the file was read.
    is_base: bool,
    /// What records touch that were in the log when the last round began.
    live: Touched,
    /// What records touch that came since.
    since: Touched,
    /// What is to be read.
    work: BTreeSet<u64>,
    chunk: Vec<u8>,
    base_files: DataFiles,
    pub(super) position: Option<LogPosition>,
}

impl Draft {
    /// A segment of which nothing was read yet. If the base has it, and its log has all that came since, only that will be read.
    pub(super) fn new(
        name: SegmentName,
        blob: Arc<dyn Blob>,
        log: Option<&LogFile>,
        base: Option<&Resolved>,
        data: DataFile,
    ) -> Result<Self> {
        let len = blob.len()?;
        let chunk_len = base.map_or_else(|| chunk_len_for(len), |base| base.chunk_len);
        let mut draft = Self {
            name,
            blob,
            len,
            chunk_len,
            table: base.map(|base| base.table.clone()).unwrap_or_default(),
            on_base: base.is_some(),
            base: base.map(|base| base.table.clone()).unwrap_or_default(),
            data,
            log: log.map(Followed::from_head),
            is_lost: false,
            is_base: false,
            live: Touched::new(),
            since: Touched::new(),
            work: BTreeSet::new(),
            chunk: Vec::new(),
            base_files: DataFiles::default(),
            position: None,
        };
        let known = base.and_then(|base| {
            let followed = Followed::since(base.log.as_ref()?, log?)?;
            (base.len <= len).then_some((followed, base.len))
        });
        if let Some((followed, base_len)) = known {
            (draft.log, draft.is_base) = (Some(followed), true);
            draft.grow_from(base_len);
        }
        draft.begin_round(Arc::clone(&draft.blob), log, None)?;
        if known.is_none() {
            draft.work = draft.all_chunks()?;
        }
        Ok(draft)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many bytes are to be read, at most.
    pub(super) fn work_len(&self) -> u64 {
        self.chunk_len.saturating_mul(wide(self.work.len()))
    }

    /// How many chunks are to be read, or changed by what the log has, as far as is known.
    pub(super) fn chunks_due(&self) -> u64 {
        let changed = self.since.keys().filter(|number| !self.work.contains(number));
        wide(self.work.len() + changed.count())
    }

    /// A segment that grew has a chunk that was shorter; what follows it is zeros, or in the log.
    fn grow_from(&mut self, old: u64) {
        if old < self.len && !old.is_multiple_of(self.chunk_len) {
            // No record has to touch it, and no fold.
            self.work.insert(old / self.chunk_len);
            self.since.insert(old / self.chunk_len, Lsn(0));
        }
    }

    /// Notes what records touched since the log was read the last time.
    pub(super) fn follow(&mut self, log: Option<&LogFile>) {
        let (Some(followed), Some(log)) = (&mut self.log, log) else {
            self.is_lost |= self.log.is_some() != log.is_some();
            return;
        };
        self.is_lost |= !followed.go_on(log, None, self.chunk_len, &mut self.since);
    }

    /// Decides what is to be read: all that may have changed since the last round began, or everything, if that cannot be told.
    ///
    /// A chunk that is read while records which touch it are not folded yet may lack them, so it is read again when they are: `live` has these. `cut`
    /// is where the log ends for good.
    pub(super) fn begin_round(
        &mut self,
        blob: Arc<dyn Blob>,
        log: Option<&LogFile>,
        cut: Option<Lsn>,
    ) -> Result<()> {
        // One that was destroyed and made again has another file.
        self.blob = blob;
        let len = self.blob.len()?;
        if len < self.len {
            self.is_lost = true;
        }
        let old = std::mem::replace(&mut self.len, len);
        self.grow_from(old);
        let mut live = Touched::new();
        match (&mut self.log, log) {
            (Some(followed), Some(log)) if !self.is_lost => {
                let came = followed.go_on(log, cut, self.chunk_len, &mut self.since);
                // What the base has of the log need not be read, and behind the last round there is none.
                let is_idle = self.is_base || cut.is_some();
                let between = (log.header().head, None);
                let reaches = |end| end >= followed.end;
                let all = is_idle
                    || touched(log, between, self.chunk_len, &mut live).is_some_and(reaches);
                self.is_lost = !came || !all;
            }
            (None, None) => {}
            _ => self.is_lost = true,
        }
        if self.is_lost {
            self.log = log.map(Followed::from_head);
            live.clear();
            if let (Some(followed), Some(log)) = (&mut self.log, log) {
                // If that cannot be told the next round reads all once more.
                self.is_lost = !followed.go_on(log, cut, self.chunk_len, &mut live);
            }
            self.is_base = false;
            self.work = self.all_chunks()?;
        } else {
            // What only records touch that are in the log still is not in the file for certain, and is laid over the copy in the end.
            let head = log.map_or(Lsn::LIMIT, |log| log.header().head);
            let touched = self.live.iter().chain(&self.since).filter(|(_, lsn)| **lsn < head);
            // What an earlier round did not get to is still to be read.
            self.work.extend(touched.map(|(number, _)| *number));
        }
        if !self.is_base {
            self.since.clear();
        }
        self.live = live;
        Ok(())
    }

    /// Whether what was read so far is the base and nothing else, so that reading can wait until the files keep still.
    pub(super) fn can_wait(&self) -> bool {
        self.is_base
    }

    /// Whether what the log has changes a chunk for this backup.
    pub(super) fn wants_patch(&self, number: u64) -> bool {
        !self.is_base || self.since.contains_key(&number)
    }

    /// All chunks that have data. What lies between them is a hole, and so it is in the copy.
    fn all_chunks(&mut self) -> Result<BTreeSet<u64>> {
        let (mut chunks, mut at) = (BTreeSet::new(), 0);
        while let Some(found) = next_data(self.blob.as_ref(), at, self.len)? {
            let number = found / self.chunk_len;
            chunks.insert(number);
            at = (number + 1).saturating_mul(self.chunk_len);
        }
        self.table.retain(|number, _| chunks.contains(number));
        Ok(chunks)
    }

    /// Reads some of what is to be read, up to so many bytes and one chunk more; returns how many that were. 0 means that it is done.
    pub(super) fn read_some(&mut self, most: u64) -> Result<u64> {
        let mut read = 0;
        while read < most
            && let Some(number) = self.work.pop_first()
        {
            read += self.read_chunk(number)?;
        }
        Ok(read)
    }

    fn read_chunk(&mut self, number: u64) -> Result<u64> {
        let len = raw_len(self.len, self.chunk_len, number);
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(narrow(len), 0);
        self.blob.read_at(number.saturating_mul(self.chunk_len), &mut chunk)?;
        self.put(number, &chunk)?;
        self.chunk = chunk;
        Ok(len)
    }

    /// Sets the bytes of a chunk; what is there already, or in the base, is not stored again.
    fn put(&mut self, number: u64, chunk: &[u8]) -> Result<()> {
        if is_zero(chunk) {
            self.table.remove(&number);
            return Ok(());
        }
        let hash = blake3::hash(chunk);
        let same = |stored: &&Stored| stored.hash == hash && stored.raw_len == wide(chunk.len());
        if self.table.get(&number).as_ref().is_some_and(same) {
            return Ok(());
        }
        let stored = match self.base.get(&number).filter(same) {
            Some(stored) => *stored,
            None => self.data.store(chunk, hash)?,
        };
        self.table.insert(number, stored);
        Ok(())
    }

    /// Changes bytes of the copy, all in one chunk.
    pub(super) fn patch(
        &mut self,
        base: Option<&Chain>,
        number: u64,
        pieces: &[(u64, Vec<u8>)],
    ) -> Result<()> {
        let mut chunk = Vec::new();
        if let Some(stored) = self.table.get(&number) {
            match base {
                Some(base) if self.base.get(&number) == Some(stored) => {
                    base.read(self.name.as_str(), &mut self.base_files, stored, &mut chunk)?;
                }
                _ => self.data.load(stored, &mut chunk)?,
            }
        }
        chunk.resize(narrow(raw_len(self.len, self.chunk_len, number)), 0);
        for (at, bytes) in pieces {
            let start = narrow(*at);
            if let Some(place) = chunk.get_mut(start..start.saturating_add(bytes.len())) {
                place.copy_from_slice(bytes);
            }
        }
        self.put(number, &chunk)
    }

    pub(super) fn chunk_len(&self) -> u64 {
        self.chunk_len
    }

    /// Forgets a segment that is gone.
    pub(super) fn discard(mut self) -> Result<()> {
        self.table.clear();
        self.data.finish(&mut self.table)
    }

    /// What the manifest says of it.
    pub(super) fn finish(mut self) -> Result<SegmentEntry> {
        self.data.finish(&mut self.table)?;
        let changed =
            self.table.iter().filter(|(number, stored)| self.base.get(number) != Some(*stored));
        let mut chunks: Vec<ChunkEntry> = changed
            .map(|(number, stored)| {
                ChunkEntry(*number, stored.place, stored.len, stored.hash.to_hex().to_string())
            })
            .collect();
        let gone = self.base.keys().filter(|number| !self.table.contains_key(number));
        let gone = gone.filter(|number| raw_len(self.len, self.chunk_len, **number) > 0);
        let zeros = |number: &u64| {
            let len = narrow(raw_len(self.len, self.chunk_len, *number));
            ChunkEntry(*number, 0, 0, blake3::hash(&vec![0; len]).to_hex().to_string())
        };
        chunks.extend(gone.map(zeros));
        chunks.sort_unstable_by_key(|chunk| chunk.0);
        Ok(SegmentEntry {
            name: self.name.to_string(),
            len: self.len,
            chunk_len: self.chunk_len,
            log: self.position,
            on_base: self.on_base,
            data_len: self.data.len(),
            chunks,
            state: state_of(self.len, self.chunk_len, &self.table).to_hex().to_string(),
        })
    }
}

/// Whether a chunk need not be stored.
fn is_zero(chunk: &[u8]) -> bool {
    let (words, rest) = chunk.as_chunks::<16>();
    words.iter().all(|word| *word == [0; 16]) && rest.iter().all(|byte| *byte == 0)
}
