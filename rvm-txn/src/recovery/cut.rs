//! The largest consistent cut: for each log the position up to which its records count.
//!
//! A record counts only if every part and every dependency that it names is present. Where one is not, its log is cut there,
//! which may take away what others name, and so on to a fixpoint. A cut is a prefix of each log, so nothing survives behind what is
//! lost; and all logs' cuts together hold whole transactions only. The cuts of all acknowledged commits are consistent themselves,
//! so the largest one contains them. (RELIABILITY notes 3.2 and 3.3; `protocol-model.rs`.)

use std::collections::HashMap;

use rvm_log::{Damage, Dependency, Epoch, LogError, LogId, Lsn, Participant};

use super::survey::{Linked, Survey};

/// The cut of each log, in the order of `logs`.
///
/// # Errors
/// Corruption: a record names a log that is not there, or that is older than the record knows it.
pub(crate) fn consistent_cut(logs: &[Survey]) -> Result<Vec<Lsn>, LogError> {
    let mut cutter = Cutter::new(logs);
    for (index, log) in logs.iter().enumerate() {
        for record in &log.linked {
            let mut whole = true;
            for part in &record.participants {
                whole &= cutter.requires(index, record, Named::from(part), |linked| {
                    linked.txn_id == record.txn_id
                        && linked.total_len == part.total_len
                        && linked.part_crc == part.part_crc
                })?;
            }
            for dependency in &record.dependencies {
                whole &= cutter.requires(index, record, Named::from(dependency), |_| true)?;
            }
            if !whole {
                cutter.lower(index, record.lsn);
            }
        }
    }
    Ok(cutter.fixpoint())
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

struct Cutter<'a> {
    logs: &'a [Survey],
    index_of: HashMap<LogId, usize>,
    cuts: Vec<Lsn>,
    /// For each log, what others need of it.
    needs: Vec<Vec<Need>>,
    /// Which cuts fell, and to where.
    lowered: Vec<(usize, Lsn)>,
}

impl<'a> Cutter<'a> {
    fn new(logs: &'a [Survey]) -> Self {
        Self {
            logs,
            index_of: logs.iter().enumerate().map(|(index, log)| (log.log_id, index)).collect(),
            cuts: logs.iter().map(|log| log.end).collect(),
            needs: logs.iter().map(|_| Vec::new()).collect(),
            lowered: Vec::new(),
        }
    }

    /// Whether what `record` names is present, as far as can be said now; if that hangs on the other log's cut, takes note of it.
    fn requires(
        &mut self,
        log: usize,
        record: &Linked,
        named: Named,
        same: impl Fn(&Linked) -> bool,
    ) -> Result<bool, LogError> {
        let other = self.index_of.get(&named.log_id).copied();
        let Some((index, other)) = other.and_then(|index| Some((index, self.logs.get(index)?)))
        else {
            let damage = Damage::MissingLog { at: record.lsn, log: named.log_id };
            return Err(self.corrupt(log, damage));
        };
        if named.epoch > other.epoch {
            let damage = Damage::OlderBackup { found: other.epoch, expected: named.epoch };
            return Err(self.corrupt(index, damage));
        }
        if named.epoch < other.epoch {
            return Ok(named.end <= other.prev_end);
        }
        if named.end <= other.head {
            return Ok(true);
        }
        let there = named.start.is_none_or(|start| {
            let found = other.linked.binary_search_by_key(&start, |linked| linked.lsn);
            found.ok().and_then(|at| other.linked.get(at)).is_some_and(same)
        });
        if !there || named.end > other.end {
            return Ok(false);
        }
        if let Some(needs) = self.needs.get_mut(index) {
            needs.push(Need { end: named.end, log, record: record.lsn });
        }
        Ok(true)
    }

    fn lower(&mut self, log: usize, cut: Lsn) {
        if let Some(current) = self.cuts.get_mut(log).filter(|current| cut < **current) {
            *current = cut;
            self.lowered.push((log, cut));
        }
    }

    fn fixpoint(mut self) -> Vec<Lsn> {
        for needs in &mut self.needs {
            needs.sort_unstable_by_key(|need| need.end);
        }
        while let Some((log, cut)) = self.lowered.pop() {
            // What is broken once need not be looked at again: cuts only fall.
            while let Some(need) =
                self.needs.get_mut(log).and_then(|needs| needs.pop_if(|need| need.end > cut))
            {
                self.lower(need.log, need.record);
            }
        }
        self.cuts
    }

    fn corrupt(&self, log: usize, damage: Damage) -> LogError {
        let file = self.logs.get(log).map_or_else(String::new, |log| log.file.clone());
        LogError::Corrupt { file, offset: 0, damage }
    }
}

#[cfg(test)]
mod tests;
