//! Plans a repair: which finding leads to which step, and which to none.

use std::collections::BTreeSet;

use rvm_log::format::fields::{SLOT, offset_of};
use rvm_log::{BLOCK_LEN, LogFile};
use rvm_storage::widths::wide;
use rvm_storage::{FileName, FileRole, Storage};
use rvm_txn::inspect::{RemainingLog, remains};
use rvm_txn::{Condition, DamageCause, Result};

use super::RepairOptions;
use super::lost;
use super::steps::Step;
use crate::verify::{Finding, FindingKind, Severity, VerifyOptions, look_once};

/// What to do about a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    Remove,
    RewriteHeader,
    TakeMarkOff,
    Cut,
    None,
}

fn cure_of(finding: &Finding, may_cut: bool) -> Cure {
    match finding.kind {
        FindingKind::UnfinishedFile => Cure::Remove,
        FindingKind::SlotUnreadable | FindingKind::SlotTorn | FindingKind::SlotReserved => {
            Cure::RewriteHeader
        }
        // A cut lowers what the header vouches for. If that was interrupted the slot that counts says so, and the other one not yet.
        FindingKind::SlotsDisagree if may_cut && is_synced(finding.offset) => Cure::RewriteHeader,
        FindingKind::CleanMark => Cure::TakeMarkOff,
        FindingKind::RecordLost
        | FindingKind::RecordMalformed
        | FindingKind::RecordOutsideSegment
        | FindingKind::PartMismatch => Cure::Cut,
        _ => Cure::None,
    }
}

fn is_synced(offset: u64) -> bool {
    let synced = wide(offset_of(SLOT, "synced"));
    offset == synced || offset == BLOCK_LEN + synced
}

/// What a plan comes to.
pub(super) struct Planned {
    pub(super) steps: Vec<Step>,
    /// What is left wrong behind them.
    pub(super) left: Vec<Finding>,
    /// Something that is left would be repaired if logs might be cut.
    pub(super) cut_helps: bool,
}

/// Plans, and looks whether a plan with cuts would leave less.
pub(super) fn plan(storage: &dyn Storage, options: &RepairOptions) -> Result<Planned> {
    let verify = VerifyOptions { wait: options.wait, ..VerifyOptions::default() };
    let found = look_once(storage, &verify)?;
    let (steps, left) = plan_for(storage, options.cut, found.clone())?;
    // Only a hint rests on it: a plan that fails helps nobody.
    let with_cuts = || plan_for(storage, true, found);
    let cut_helps = !options.cut
        && !left.is_empty()
        && with_cuts().is_ok_and(|(_, rest)| rest.len() < left.len());
    Ok(Planned { steps, left, cut_helps })
}

/// The steps against what was found, and what is left wrong behind them.
fn plan_for(
    storage: &dyn Storage,
    may_cut: bool,
    found: Vec<Finding>,
) -> Result<(Vec<Step>, Vec<Finding>)> {
    let (mut steps, mut left, mut cut_due) = (Vec::new(), Vec::new(), Vec::new());
    for finding in found {
        let Some(file) = file_of(storage, &finding) else {
            left.push(finding);
            continue;
        };
        let is_readable = || LogFile::open(storage, file.segment()).is_ok();
        let offset = finding.offset;
        match cure_of(&finding, may_cut) {
            Cure::Remove => steps.push(Step::Remove { file }),
            Cure::RewriteHeader if is_readable() => {
                steps.push(Step::RewriteHeader { file, offset });
            }
            Cure::TakeMarkOff if is_readable() => steps.push(Step::TakeMarkOff { file, offset }),
            Cure::Cut if may_cut && is_readable() => cut_due.push((file, finding)),
            _ => left.push(finding),
        }
    }
    left.retain(|finding| finding.severity() > Severity::Note);
    let mut seen = BTreeSet::new();
    steps.retain(|step| seen.insert((step.word(), step.file().clone())));
    if !cut_due.is_empty() {
        cuts(storage, &mut steps)?;
    }
    let is_cut = |file: &FileName| {
        steps.iter().any(|step| matches!(step, Step::Cut { file: cut, .. } if cut == file))
    };
    left.extend(cut_due.into_iter().filter(|(file, _)| !is_cut(file)).map(|(_, finding)| finding));
    Ok((steps, left))
}

/// The store's file that a finding is about.
fn file_of(storage: &dyn Storage, finding: &Finding) -> Option<FileName> {
    let names = storage.list().ok()?;
    names.into_iter().find(|name| {
        let location = storage.open(name).map(|blob| blob.location().to_owned());
        location.is_ok_and(|location| location == finding.file) || name.to_string() == finding.file
    })
}

/// Cuts every log where it stops to count, also those that are whole and hang on what is lost.
fn cuts(storage: &dyn Storage, steps: &mut Vec<Step>) -> Result<()> {
    let remains = remains(storage)?;
    let is_damaged = |log: &RemainingLog| {
        remains
            .damage
            .iter()
            .any(|damage| damage.file == log.file && matches!(damage.cause, DamageCause::Damage(_)))
    };
    for log in &remains.logs {
        let counts_whole = log.cut == log.end && log.synced <= log.cut;
        if counts_whole && !is_damaged(log) {
            continue;
        }
        let opened = LogFile::open(storage, &log.segment)?;
        steps.push(Step::Cut {
            file: FileName::new(&log.segment, FileRole::Log),
            at: log.cut,
            offset: opened.ring().file_offset(log.cut),
            lost: lost::behind(&opened, log.cut)?,
            is_suspect: log.synced > log.cut || log.condition >= Condition::MayHoldNewer,
        });
    }
    Ok(())
}
