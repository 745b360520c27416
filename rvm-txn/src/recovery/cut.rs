//! The largest consistent cut: for each log the position up to which its records count.
//!
//! A record counts only if every part and every dependency that it names is present. Where one is not, its log is cut there,
//! which may take away what others name, and so on to a fixpoint. A cut is a prefix of each log, so nothing survives behind what is
//! lost; and all logs' cuts together hold whole transactions only. The cuts of all acknowledged commits are consistent themselves,
//! so the largest one contains them. (RELIABILITY notes 3.2 and 3.3; `protocol-model.rs`.)
//!
//! A header vouches for decided records only. So a cut below what a header vouches for is the work of no crash: something that had been
//! durable is gone, in this log or in one that its records hang on, where nothing else may tell.

use std::collections::{BTreeMap, HashMap};

use rvm_log::{Damage, Dependency, Epoch, LogError, LogId, Lsn, Participant};

use super::survey::{Linked, Survey};

/// The cut of each log, in the order of `logs`.
///
/// # Errors
/// Corruption: a record names a log that is not there, or that is older than the record knows it; what a header vouches for
/// hangs on something that is lost.
pub(crate) fn consistent_cut(logs: &[Survey]) -> Result<Vec<Lsn>, LogError> {
    let Cuts { lsns, lost } = cut_to_what_is_there(logs)?;
    match lost.into_iter().next() {
        None => Ok(lsns),
        Some((index, damage)) => Err(corrupt(logs, index, damage)),
    }
}

/// Where logs are cut to what is there.
pub(crate) struct Cuts {
    /// The cut of each log, in the order of the logs.
    pub(crate) lsns: Vec<Lsn>,
    /// The logs, by their place in that order, that have lost what the header of some log vouches for.
    pub(crate) lost: Vec<(usize, Damage)>,
}

/// The cut of each log, whatever the headers vouch for.
///
/// # Errors
/// As [`consistent_cut`], but for what is lost.
pub(crate) fn cut_to_what_is_there(logs: &[Survey]) -> Result<Cuts, LogError> {
    let mut cutter = Cutter::new(logs);
    for (index, log) in logs.iter().enumerate() {
        for record in &log.linked {
            for part in &record.participants {
                cutter.require(index, record, Named::from(part), |linked| {
                    linked.txn_id == record.txn_id
                        && linked.total_len == part.total_len
                        && linked.part_crc == part.part_crc
                })?;
            }
            for dependency in &record.dependencies {
                cutter.require(index, record, Named::from(dependency), |_| true)?;
            }
        }
    }
    cutter.fixpoint();
    let lost = cutter.lost_below_what_is_vouched_for();
    Ok(Cuts { lsns: cutter.cuts, lost })
}

/// What a record needs of another log.
#[derive(Clone, Copy)]
struct Named {
    log_id: LogId,
    epoch: Epoch,
    /// Where the part starts; `None` for a dependency.
    start: Option<Lsn>,
    /// The other log must count at least up to here.
    end: Lsn,
}

impl From<&Participant> for Named {
    fn from(part: &Participant) -> Self {
        Self { log_id: part.log_id, epoch: part.epoch, start: Some(part.lsn), end: part.end() }
    }
}

impl From<&Dependency> for Named {
    fn from(dependency: &Dependency) -> Self {
        let Dependency { log_id, epoch, lsn } = *dependency;
        Self { log_id, epoch, start: None, end: lsn }
    }
}

/// A record that counts only while another log's cut is at least `end`.
struct Need {
    end: Lsn,
    log: usize,
    record: Lsn,
}

/// What was missing in a log, and who names it.
#[derive(Clone, Copy)]
struct Lack {
    log: usize,
    at: Lsn,
    named_to: Lsn,
}

struct Cutter<'a> {
    logs: &'a [Survey],
    index_of: HashMap<LogId, usize>,
    cuts: Vec<Lsn>,
    /// For each log, what its cut was lowered for at last.
    lacks: Vec<Option<Lack>>,
    /// For each log, what others need of it.
    needs: Vec<Vec<Need>>,
    /// Which cuts fell, to where, and what for.
    lowered: Vec<(usize, Lsn, Lack)>,
}

impl<'a> Cutter<'a> {
    fn new(logs: &'a [Survey]) -> Self {
        Self {
            logs,
            index_of: logs.iter().enumerate().map(|(index, log)| (log.log_id, index)).collect(),
            cuts: logs.iter().map(|log| log.end).collect(),
            lacks: vec![None; logs.len()],
            needs: logs.iter().map(|_| Vec::new()).collect(),
            lowered: Vec::new(),
        }
    }

    /// Cuts the log before `record` if what that names is not present, as far as can be said now; if it hangs on the other log's
    /// cut, takes note of it.
    fn require(
        &mut self,
        log: usize,
        record: &Linked,
        named: Named,
        same: impl Fn(&Linked) -> bool,
    ) -> Result<(), LogError> {
        let other = self.index_of.get(&named.log_id).copied();
        let Some((index, other)) = other.and_then(|index| Some((index, self.logs.get(index)?)))
        else {
            let damage = Damage::MissingLog { at: record.lsn, log: named.log_id };
            return Err(corrupt(self.logs, log, damage));
        };
        if named.epoch > other.epoch {
            let damage = Damage::OlderBackup { found: other.epoch, expected: named.epoch };
            return Err(corrupt(self.logs, index, damage));
        }
        let (present, ends) = if named.epoch < other.epoch {
            (named.end <= other.prev_end, other.prev_end)
        } else if named.end <= other.head {
            (true, other.head)
        } else {
            let there = named.start.is_none_or(|start| {
                let found = other.linked.binary_search_by_key(&start, |linked| linked.lsn);
                found.ok().and_then(|at| other.linked.get(at)).is_some_and(same)
            });
            let present = there && named.end <= other.end;
            if let Some(needs) = self.needs.get_mut(index).filter(|_| present) {
                needs.push(Need { end: named.end, log, record: record.lsn });
            }
            (present, other.end)
        };
        if !present {
            let at = ends.min(named.start.unwrap_or(ends));
            self.lower(log, record.lsn, Lack { log: index, at, named_to: named.end });
        }
        Ok(())
    }

    fn lower(&mut self, log: usize, cut: Lsn, lack: Lack) {
        if let (Some(current), Some(why)) = (self.cuts.get_mut(log), self.lacks.get_mut(log))
            && cut < *current
        {
            (*current, *why) = (cut, Some(lack));
            self.lowered.push((log, cut, lack));
        }
    }

    fn fixpoint(&mut self) {
        for needs in &mut self.needs {
            needs.sort_unstable_by_key(|need| need.end);
        }
        while let Some((log, cut, lack)) = self.lowered.pop() {
            // What is broken once need not be looked at again: cuts only fall.
            while let Some(need) =
                self.needs.get_mut(log).and_then(|needs| needs.pop_if(|need| need.end > cut))
            {
                self.lower(need.log, need.record, lack);
            }
        }
    }

    /// What logs that are cut below what their headers vouch for were cut for; each log that lacks something once.
    fn lost_below_what_is_vouched_for(&self) -> Vec<(usize, Damage)> {
        let mut lost = BTreeMap::new();
        let cut = self.logs.iter().zip(self.cuts.iter().zip(&self.lacks));
        for (_, (_, lack)) in cut.filter(|(log, (cut, _))| **cut < log.synced) {
            let Some(Lack { log, at, named_to }) = *lack else { continue };
            lost.entry(log).or_insert(Damage::DurableRecordLost { at, synced: named_to });
        }
        lost.into_iter().collect()
    }
}

fn corrupt(logs: &[Survey], index: usize, damage: Damage) -> LogError {
    let log = logs.get(index);
    let file = log.map_or_else(String::new, |log| log.file.clone());
    let offset = match (log, &damage) {
        (Some(log), Damage::DurableRecordLost { at, .. }) => log.ring.file_offset(*at),
        _ => 0,
    };
    LogError::Corrupt { file, offset, damage }
}

#[cfg(test)]
mod tests;
