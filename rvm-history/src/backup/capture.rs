//! Copies all segments of a store, beside a process that writes to them, as they are at one moment.
//!
//! First the segments' files are read as they are, without any lock, while truncation may be writing to them. What it writes is in the logs before,
//! so these tell which chunks may have been read too early: they are read again, in rounds, until few are left. Then a
//! [`View`] holds the files still. What is left is read again, and the committed records that are in the logs at that moment are put aside.
//! The files are let go, and the records are laid over the copy. Nothing that truncation does while the view lives can hurt: it writes nothing
//! that is not below the view's cuts, and all from the heads up to the cuts is laid over what was read.
//!
//! A log that was truncated past what was seen of it tells nothing any more; then all of its segment is read again and compared. So the files
//! are held still for as long as it takes to read the chunks that are in the logs at that moment, and all segments in the worst case:
//! one whose log is truncated faster than a megabyte or two are copied.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rvm_log::{LogFile, Lsn, StoreId, TxnId};
use rvm_storage::widths::wide;
use rvm_storage::{SegmentName, Storage};
use rvm_txn::inspect::View;

use super::chain::{Chain, data_name};
use super::data::DataFile;
use super::draft::Draft;
use super::follow::{look, open};
use super::manifest::LogPosition;
use super::patches::Patches;
use super::{SegmentBackup, check_store};
use crate::copy_error::Result;
use crate::observer::{Observer, Stage, advance};
use crate::unfinished::Unfinished;

/// How much is read between two looks at the logs, in bytes; and how much more for each log.
const LOOK_EVERY: u64 = 1 << 20;
const LOOK_EVERY_PER_LOG: u64 = 64 << 10;
/// What may be left to read when the files are held still, in bytes.
const FEW: u64 = 4 << 20;
/// How often chunks that changed are read again before the files are held still all the same.
const ROUNDS_MAX: usize = 4;

/// A store that is copied.
#[derive(Debug)]
pub(super) struct Capture<'a> {
    storage: &'a dyn Storage,
    wait: Duration,
    base: Option<&'a Chain>,
    directory: &'a Unfinished,
    observer: &'a mut dyn Observer,
    drafts: BTreeMap<SegmentName, Draft>,
}

/// A store as it was at one moment.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) drafts: BTreeMap<SegmentName, Draft>,
    pub(super) store: Option<StoreId>,
    pub(super) last_transaction: TxnId,
    /// How long the files were held still.
    pub(super) held: Duration,
}

impl<'a> Capture<'a> {
    /// Looks at the segments; nothing is read yet.
    pub(super) fn begin(
        storage: &'a dyn Storage,
        wait: Duration,
        base: Option<&'a Chain>,
        directory: &'a Unfinished,
        observer: &'a mut dyn Observer,
    ) -> Result<Self> {
        let drafts = BTreeMap::new();
        let mut this = Self { storage, wait, base, directory, observer, drafts };
        this.begin_round()?;
        Ok(this)
    }

    /// Reads all segments, and what changed meanwhile.
    pub(super) fn run(mut self) -> Result<Captured> {
        for _ in 0..ROUNDS_MAX {
            self.read_beside()?;
            self.begin_round()?;
            let left = self.drafts.values().filter(|draft| !draft.can_wait()).map(Draft::work_len);
            if left.sum::<u64>() <= FEW {
                break;
            }
        }
        self.hold_still()
    }

    /// Finds out what is to be read.
    fn begin_round(&mut self) -> Result<()> {
        let (storage, mut gone) = (self.storage, std::mem::take(&mut self.drafts));
        look(storage, self.wait, |seen| {
            let draft = gone.remove(&seen.name);
            let draft = self.draft(seen.name.clone(), draft, seen.log.as_ref(), None)?;
            self.drafts.insert(seen.name, draft);
            Ok(())
        })?;
        gone.into_values().try_for_each(Draft::discard)
    }

    fn draft(
        &self,
        name: SegmentName,
        before: Option<Draft>,
        log: Option<&LogFile>,
        cut: Option<Lsn>,
    ) -> Result<Draft> {
        let blob = open(self.storage, &name)?;
        if let Some(mut draft) = before {
            draft.begin_round(blob, log, cut)?;
            return Ok(draft);
        }
        if let (Some(base), Some(log)) = (self.base, log) {
            check_store(base, log.header().store_id)?;
        }
        let data = self.directory.path().join(data_name(name.as_str()));
        let link = self.base.map_or(0, |base| base.places().len());
        let base = self.base.and_then(|base| base.segment(name.as_str()));
        Draft::new(name, blob, log, base, DataFile::new(data, link))
    }

    fn read_beside(&mut self) -> Result<()> {
        let can_read = |draft: &&mut Draft| !draft.can_wait();
        let total: u64 =
            self.drafts.values_mut().filter(can_read).map(|draft| draft.work_len()).sum();
        let look_every = LOOK_EVERY + LOOK_EVERY_PER_LOG * wide(self.drafts.len());
        let mut done = 0;
        loop {
            let mut drafts = self.drafts.values_mut().filter(can_read);
            let Some(draft) = drafts.find(|draft| draft.work_len() > 0) else { return Ok(()) };
            done += draft.read_some(look_every)?;
            advance(self.observer, Stage::Copying, done.min(total), total)?;
            if done < total {
                let drafts = &mut self.drafts;
                look(self.storage, self.wait, |seen| {
                    if let Some(draft) = drafts.get_mut(&seen.name) {
                        draft.follow(seen.log.as_ref());
                    }
                    Ok(())
                })?;
            }
        }
    }

    /// Reads what is left while the files keep still, and puts aside what the logs have.
    fn hold_still(mut self) -> Result<Captured> {
        let view = View::take(self.storage, self.wait)?;
        let since = Instant::now();
        let mut patches = Patches::new(self.directory.path())?;
        let (mut before, mut drafts) = (std::mem::take(&mut self.drafts), BTreeMap::new());
        for name in view.segments() {
            let log = view.log(name);
            let file = log.as_ref().map(rvm_txn::inspect::LogView::file);
            let cut = log.as_ref().map(rvm_txn::inspect::LogView::cut);
            let mut draft = self.draft(name.clone(), before.remove(name), file, cut)?;
            let (total, mut done) = (draft.work_len(), 0);
            loop {
                let read = draft.read_some(LOOK_EVERY)?;
                done += read;
                advance(self.observer, Stage::Holding, done.min(total), total)?;
                if read == 0 {
                    break;
                }
            }
            let mut count = 0;
            if let Some(log) = log {
                let mut aside = patches.aside(&draft);
                log.replay(draft.len(), &mut aside)?;
                count = aside.count();
                draft.position = Some(LogPosition {
                    id: log.header().log_id.to_string(),
                    epoch: log.header().epoch.0,
                    lsn: log.cut().0,
                });
            }
            drafts.insert(name.clone(), (draft, count));
        }
        let (store, last_transaction) = (view.store_id(), view.last_txn_id());
        drop(view);
        let held = since.elapsed();
        before.into_values().try_for_each(Draft::discard)?;
        let mut reading = patches.read_back()?;
        let (mut done, total) = (0, drafts.values().map(|(_, count)| count).sum());
        let mut settled = BTreeMap::new();
        for (name, (mut draft, count)) in drafts {
            reading.lay_over(&mut draft, self.base, count)?;
            done += count;
            advance(self.observer, Stage::Settling, done, total)?;
            settled.insert(name, draft);
        }
        Ok(Captured { drafts: settled, store, last_transaction, held })
    }
}

/// Tells what would have to be read of each segment. Nothing is written.
pub(super) fn plan(
    storage: &dyn Storage,
    wait: Duration,
    base: Option<&Chain>,
) -> Result<Vec<SegmentBackup>> {
    let mut segments = Vec::new();
    look(storage, wait, |seen| {
        let known = base.and_then(|base| base.segment(seen.name.as_str()));
        if let (Some(base), Some(log)) = (base, &seen.log) {
            check_store(base, log.header().store_id)?;
        }
        let (blob, data) = (open(storage, &seen.name)?, DataFile::new(PathBuf::new(), 0));
        let draft = Draft::new(seen.name.clone(), blob, seen.log.as_ref(), known, data)?;
        segments.push(SegmentBackup {
            name: seen.name.to_string(),
            len: draft.len(),
            chunks: draft.chunks_due(),
            bytes: draft.chunks_due().saturating_mul(draft.chunk_len()),
            on_base: known.is_some(),
        });
        Ok(())
    })?;
    segments.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(segments)
}
