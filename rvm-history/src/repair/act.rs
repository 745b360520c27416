//! Carries a repair out. Every step can be done twice, and a crash in one of them leaves something that the next plan finds.

use std::collections::BTreeSet;

use rvm_log::{LogError, LogFile, Lsn, Ring};
use rvm_storage::widths::{narrow, wide};
use rvm_storage::{Blob, FileName, Storage, StorageError};
use rvm_txn::Result;

use super::steps::Step;

/// How much is copied or cleared at once.
const PIECE: u64 = 1 << 20;

/// Copies every file that is to be changed, durably.
pub(super) fn save(storage: &dyn Storage, save: &dyn Storage, steps: &[Step]) -> Result<()> {
    let files: BTreeSet<&FileName> = steps.iter().map(Step::file).collect();
    for file in &files {
        copy(&*storage.open(file)?, &*save.create(file)?)?;
    }
    if !files.is_empty() {
        save.sync_names()?;
    }
    Ok(())
}

/// Stretches of zeros stay holes.
fn copy(from: &dyn Blob, to: &dyn Blob) -> std::result::Result<(), StorageError> {
    let (len, mut piece) = (from.len()?, vec![0; narrow(PIECE)]);
    let mut at = 0;
    while at < len {
        let part = piece.get_mut(..narrow(PIECE.min(len - at))).unwrap_or_default();
        from.read_at(at, part)?;
        if part.iter().any(|byte| *byte != 0) {
            to.write_at(at, part)?;
        }
        at += wide(part.len());
    }
    to.set_len(len)?;
    to.force()
}

/// Does one step.
pub(super) fn step(storage: &dyn Storage, step: &Step) -> Result<()> {
    match step {
        Step::Remove { file } => {
            storage.remove(file)?;
            storage.sync_names()?;
        }
        Step::RewriteHeader { file, .. } => {
            LogFile::open(storage, file.segment())?.change_header(|_| {})?;
        }
        Step::TakeMarkOff { file, .. } => {
            LogFile::open(storage, file.segment())?.change_header(|header| header.clean = false)?;
        }
        Step::Cut { file, at, .. } => cut(LogFile::open(storage, file.segment())?, *at)?,
    }
    Ok(())
}

/// Ends a log. First the header vouches for no more; then every trace of what lay behind goes, so that it cannot come back.
fn cut(mut log: LogFile, at: Lsn) -> std::result::Result<(), LogError> {
    log.change_header(|header| {
        header.synced = header.synced.min(at);
        header.clean = false;
    })?;
    let (ring, limit) = (log.ring(), log.ring().limit(log.header().head));
    clear(log.blob(), ring, at, limit)?;
    Ok(log.blob().force()?)
}

/// Makes zeros of what is not zero.
fn clear(blob: &dyn Blob, ring: Ring, from: Lsn, to: Lsn) -> std::result::Result<(), StorageError> {
    let mut piece = vec![0; narrow(PIECE)];
    let mut at = from;
    while at < to {
        let len = ring.before_wrap(at, PIECE.min(to.since(at)));
        let part = piece.get_mut(..narrow(len)).unwrap_or_default();
        let offset = ring.file_offset(at);
        blob.read_at(offset, part)?;
        if part.iter().any(|byte| *byte != 0) {
            part.fill(0);
            blob.write_at(offset, part)?;
        }
        at = at.plus(len);
    }
    Ok(())
}
