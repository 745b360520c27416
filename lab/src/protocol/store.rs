//! What a store knows while it is open, and forgets when its process ends.

use std::array;

use super::log::{LOGS, Log, Lsn, Place};
use super::machine::Machine;
use super::rule::Rule;
use crate::oracle::{History, TxnNo};

/// The store, on its machine, with the oracle's record of what it did.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) machine: Machine,
    pub(super) history: History,
    pub(super) positions: [Positions; LOGS],
    /// The durable commits that wait for their forces.
    pub(super) waiting: Vec<Waiting>,
    /// The last number that was given to a transaction.
    pub(super) last_txn: u32,
}

/// How far one log has come: `head <= decided <= forced <= tail`, where `head` is in the log's header.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Positions {
    /// Where the next record goes.
    pub(super) tail: Lsn,
    /// Below, everything was forced.
    pub(super) forced: Lsn,
    /// Below, everything was forced together with all that it names, all that those name, and so on: no crash can take it back.
    pub(super) decided: Lsn,
}

/// For each log, the position below which everything has to be forced.
pub(super) type Targets = [Lsn; LOGS];

/// A durable commit that is not acknowledged yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) txn: TxnNo,
    pub(super) targets: Targets,
}

impl Store {
    pub(super) fn new(seed: u64, without: Option<Rule>) -> Self {
        Self {
            machine: Machine::new(seed, without),
            history: History::new(),
            positions: [Positions::default(); LOGS],
            waiting: Vec::new(),
            last_txn: 0,
        }
    }

    pub(super) fn log(&self, log: usize) -> &Log {
        &self.machine.logs[log]
    }

    /// Where the next record of the log goes.
    pub(super) fn tail(&self, log: usize) -> Place {
        Place { log, epoch: self.log(log).header().epoch, lsn: self.positions[log].tail }
    }

    /// Notes that all below the targets was forced, which is decided by that, if the targets are a closure.
    pub(super) fn decide(&mut self, targets: &Targets) {
        for (positions, target) in self.positions.iter_mut().zip(targets) {
            positions.decided = positions.decided.max(*target);
        }
    }
}

/// All logs, in an order that is drawn anew each time.
pub(super) fn shuffled_logs(chance: &mut fastrand::Rng) -> [usize; LOGS] {
    let mut order = array::from_fn(|log| log);
    chance.shuffle(&mut order);
    order
}
