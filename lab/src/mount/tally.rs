//! What was done, in numbers.

/// What the cases of a run came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Power cuts, each with one state that was found behind it and judged.
    pub cuts: u64,
    /// Those inside recovery, or right behind it.
    pub in_recovery: u64,
    /// Those of programs whose segments were mapped files.
    pub mapped: u64,
    /// Those under a kernel that kept writes in its cache.
    pub writeback: u64,
    /// Processes killed while the disk went on.
    pub kills: u64,
    /// Lives in which a fault fired.
    pub faults: u64,
    /// Transactions acknowledged in lives that were cut short.
    pub acknowledged: u64,
    /// Cases, each of one script.
    pub cases: u64,
}

impl Tally {
    /// Adds what another one came to.
    pub fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.in_recovery += other.in_recovery;
        self.mapped += other.mapped;
        self.writeback += other.writeback;
        self.kills += other.kills;
        self.faults += other.faults;
        self.acknowledged += other.acknowledged;
        self.cases += other.cases;
    }

    /// Whether there is one of so many parts of everything in `goals`.
    #[must_use]
    pub fn reaches(&self, goals: &Self, parts: u64) -> bool {
        self.numbers().iter().zip(goals.numbers()).all(|(mine, goal)| mine * parts >= goal)
    }

    fn numbers(&self) -> [u64; 8] {
        let Self { cuts, in_recovery, mapped, writeback, kills, faults, acknowledged, cases } =
            *self;
        [cuts, in_recovery, mapped, writeback, kills, faults, acknowledged, cases]
    }
}
