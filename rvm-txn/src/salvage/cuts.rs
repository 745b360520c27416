//! How much of each log counts when some are damaged.
//!
//! The cut is the ordinary one, over what can be read: a log that is damaged ends where the damage begins, and what names something
//! behind it is cut, too. Two cases are no matter of a cut. A part in a log that cannot be read at all can be neither shown nor denied;
//! it is taken to be there, since its segment is suspect anyway and everybody else would lose all that they shared with it. And
//! where epochs differ, recovery was interrupted after it had folded every log into its segment: nothing has to be replayed.

use std::collections::{BTreeSet, HashMap};

use rvm_log::{Damage, Epoch, LogError, LogId, Lsn};

use super::logs::{Logs, Readable};
use crate::error::Result;
use crate::recovery::{Condition, DamageFound, Linked, Survey, cut_to_what_is_there};

/// What counts of a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) cut: Lsn,
    /// As far as the logs tell.
    pub(super) condition: Condition,
}

/// What counts of each log, in the order of `logs.readable`; and whether a log is named that is not there, so that it may be
/// that of any segment without one.
///
/// # Errors
/// None that can happen: what the cut refuses is set aside before.
pub(super) fn choose(logs: &mut Logs) -> Result<(Vec<Kept>, bool)> {
    set_aside_older(logs);
    let is_log_missing = note_missing(logs);
    note_lost(logs)?;
    let newest = logs.readable.iter().map(|log| log.survey.epoch).max();
    let is_old = |log: &Readable| newest.is_some_and(|newest| log.survey.epoch < newest);
    if logs.is_damaged() && logs.readable.iter().any(is_old) {
        let was_used = |log: &Readable| log.cut_short || log.survey.end > log.survey.prev_end;
        if !logs.readable.iter().any(|log| !is_old(log) && was_used(log)) {
            let folded =
                |log: &Readable| Kept { cut: log.survey.head, condition: Condition::Intact };
            return Ok((logs.readable.iter().map(folded).collect(), is_log_missing));
        }
        // Commits went on after the last recovery, so that one was not interrupted.
        logs.set_aside(|log| {
            let (found, expected) = (log.survey.epoch, newest.filter(|_| is_old(log))?);
            Some(Damage::OlderBackup { found, expected })
        });
    }
    Ok((cut(logs)?, is_log_missing))
}

/// Cuts twice: by what is there, and as if what cannot be read were there. Where both agree, nothing is lost by damage.
fn cut(logs: &Logs) -> Result<Vec<Kept>> {
    let by_id = logs.by_id();
    let cuts = cut_to_what_is_there(&readable(logs))?.lsns;
    let hopeful = without(logs, |named| {
        by_id.get(&named.log_id).is_none_or(|other| {
            other.cut_short && named.epoch == other.survey.epoch && named.end > other.survey.end
        })
    });
    let hopeful = cut_to_what_is_there(&hopeful)?.lsns;
    let kept =
        logs.readable.iter().zip(cuts.into_iter().zip(hopeful)).map(|(log, (cut, hoped))| {
            let names_unread = |linked: &Linked| {
                linked.lsn < cut && names(linked).any(|named| !by_id.contains_key(&named.log_id))
            };
            let condition = if log.cut_short {
                Condition::MayHoldNewer
            } else if cut < hoped {
                Condition::Older
            } else if log.survey.linked.iter().any(names_unread) {
                Condition::Unconfirmed
            } else {
                Condition::Intact
            };
            Kept { cut, condition }
        });
    Ok(kept.collect())
}

/// What a record names in another log.
#[derive(Clone, Copy)]
struct Named {
    log_id: LogId,
    epoch: Epoch,
    end: Lsn,
}

fn names(linked: &Linked) -> impl Iterator<Item = Named> + '_ {
    let parts = linked.participants.iter().map(|part| Named {
        log_id: part.log_id,
        epoch: part.epoch,
        end: part.end(),
    });
    let dependencies = linked.dependencies.iter().map(|dependency| Named {
        log_id: dependency.log_id,
        epoch: dependency.epoch,
        end: dependency.lsn,
    });
    parts.chain(dependencies)
}

/// The surveys, without what they name in logs that cannot be read.
fn readable(logs: &Logs) -> Vec<Survey> {
    let by_id = logs.by_id();
    without(logs, |named| !by_id.contains_key(&named.log_id))
}

/// The surveys, without the names that are `taken` to be there.
fn without(logs: &Logs, taken: impl Fn(Named) -> bool) -> Vec<Survey> {
    let mut surveys: Vec<_> = logs.readable.iter().map(|log| log.survey.clone()).collect();
    for linked in surveys.iter_mut().flat_map(|survey| &mut survey.linked) {
        linked.participants.retain(|part| {
            !taken(Named { log_id: part.log_id, epoch: part.epoch, end: part.end() })
        });
        linked.dependencies.retain(|dependency| {
            let (log_id, epoch, end) = (dependency.log_id, dependency.epoch, dependency.lsn);
            !taken(Named { log_id, epoch, end })
        });
    }
    surveys
}

/// Sets aside logs that others know from a later epoch.
fn set_aside_older(logs: &mut Logs) {
    let mut known: HashMap<LogId, Epoch> = HashMap::new();
    for named in logs.readable.iter().flat_map(|log| &log.survey.linked).flat_map(names) {
        let epoch = known.entry(named.log_id).or_insert(named.epoch);
        *epoch = named.epoch.max(*epoch);
    }
    logs.set_aside(|log| {
        let (id, found) = (log.survey.log_id, log.survey.epoch);
        let expected = known.get(&id).copied().filter(|known| *known > found)?;
        Some(Damage::OlderBackup { found, expected })
    });
}

/// Notes the logs whose end looks torn, and is not: the header of another log vouches for what hangs on more.
fn note_lost(logs: &mut Logs) -> Result<()> {
    for (index, damage) in cut_to_what_is_there(&readable(logs))?.lost {
        let Some(log) = logs.readable.get_mut(index).filter(|log| !log.cut_short) else { continue };
        log.cut_short = true;
        let (name, end) = (log.name().clone(), log.survey.end);
        let (file, offset) = (log.survey.file.clone(), log.file.ring().file_offset(end));
        let fault = LogError::Corrupt { file, offset, damage };
        let mut found = DamageFound::new(name.as_str(), "", fault);
        found.readable_to = Some(end.0);
        logs.damage.push(found);
    }
    Ok(())
}

/// Notes the logs that are named and not there. A log whose header cannot be read may be any of them.
fn note_missing(logs: &mut Logs) -> bool {
    let set_aside: BTreeSet<LogId> = logs.unread.values().flatten().copied().collect();
    let may_be_unread = logs.unread.values().any(Option::is_none);
    let (by_id, mut found, mut damage) = (logs.by_id(), BTreeSet::new(), Vec::new());
    for log in &logs.readable {
        for linked in &log.survey.linked {
            for named in names(linked) {
                let id = named.log_id;
                if by_id.contains_key(&id) || set_aside.contains(&id) {
                    continue;
                }
                if found.insert(id) && !may_be_unread {
                    let (file, offset) =
                        (log.survey.file.clone(), log.file.ring().file_offset(linked.lsn));
                    let what = Damage::MissingLog { at: linked.lsn, log: id };
                    let fault = LogError::Corrupt { file, offset, damage: what };
                    damage.push(DamageFound::new(log.name().as_str(), "", fault));
                }
            }
        }
    }
    logs.damage.append(&mut damage);
    !found.is_empty()
}
