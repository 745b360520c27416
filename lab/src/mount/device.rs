//! The disk under a mount: the crash lab's simulated device, and the files that are none of a store's.
//!
//! What is durable, and what a power cut may leave, is for `rvm_storage::sim` alone to say. The files aside (`rvm.lock`) are empty;
//! of them only the name is kept, and whether it is durable.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;
use rvm_core::rvm_storage::sim::{Cut, Moment, SimStorage};

/// The most ways of losing power among which one is drawn.
const WAYS_MAX: u64 = 40;

/// A disk.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) storage: SimStorage,
    /// The files aside, and whether the name of each is durable.
    pub(super) aside: BTreeMap<String, bool>,
}

/// What a disk holds, and what is on its way there, at the moment when the power goes.
#[derive(Clone, Debug)]
pub(super) struct DeviceMoment {
    storage: Moment,
    aside: BTreeMap<String, bool>,
}

/// One of the states in which a disk may be found after a power cut. It can be made as often as it is wanted.
#[derive(Clone, Debug)]
pub(super) struct Found {
    moment: Moment,
    cut: Cut,
    aside: BTreeMap<String, bool>,
}

impl Device {
    /// An empty disk.
    pub(super) fn new(seed: u64) -> Self {
        Self { storage: SimStorage::new(seed), aside: BTreeMap::new() }
    }

    pub(super) fn moment(&self) -> DeviceMoment {
        DeviceMoment { storage: self.storage.moment(), aside: self.aside.clone() }
    }

    /// The disk with all it was given, forced or not, but without its faults and with its power back.
    pub(super) fn restarted(&self) -> Self {
        Self { storage: self.storage.moment().process_kill(), aside: self.aside.clone() }
    }
}

impl DeviceMoment {
    /// Draws one legal state: nothing kept, everything, or any part, in torn sectors too.
    pub(super) fn draw(&self, rng: &mut Rng) -> Found {
        let unknowns = self.storage.unknowns();
        let mut cuts = unknowns.cuts_up_to(rng.u64(3..WAYS_MAX));
        let cut = cuts.swap_remove(rng.usize(..cuts.len()));
        let mut aside = self.aside.clone();
        aside.retain(|_, durable| *durable || rng.bool());
        Found { moment: self.storage.clone(), cut, aside }
    }
}

impl Found {
    pub(super) fn device(&self) -> Device {
        let storage = self.moment.power_cut(&self.moment.unknowns(), &self.cut);
        let aside = self.aside.keys().map(|name| (name.clone(), true)).collect();
        Device { storage, aside }
    }

    /// What of it was lost, in words.
    pub(super) fn tell(&self) -> String {
        let unknowns = self.moment.unknowns();
        let mut text = unknowns.describe(&self.cut).to_string();
        let names: Vec<&str> = self.aside.keys().map(String::as_str).collect();
        write!(text, "      files aside: {names:?}").ok();
        text
    }
}
