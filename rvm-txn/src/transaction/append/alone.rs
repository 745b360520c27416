//! A transaction of one segment, as most are: its record names nothing, so nothing is gathered.

use super::{Appended, Saying, Transaction};
use crate::error::Result;
use crate::part::Part;
use crate::room::make_room;

impl Transaction {
    pub(super) fn append_alone(&self, part: &Part, saying: Saying<'_>) -> Result<Appended> {
        let (draft, measure) = self.draft((0, part), saying)?;
        let (log, len) = (&part.log, u64::from(measure.total_len));
        let mut appended = Appended::default();
        let mut state = loop {
            let state = log.latch.lock();
            self.check_latched()?;
            if state.has_room(len) {
                break state;
            }
            drop(state);
            make_room(&self.shared, log, len)?;
        };
        let end = state.tail.append(&draft, &measure, log.epoch, log.checksums).plus(len);
        self.note(log, &mut state, (&measure, end), saying.durability, &mut appended);
        self.count(&mut state, saying.durability);
        drop(state);
        appended.targets.push((log.clone(), end));
        Ok(appended)
    }
}
