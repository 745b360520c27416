//! Evidence that outlives truncation. A record that is lost to rot is missed as long as the other parts of its transaction name
//! it, or the header says that it had been durable. Folding a part takes the first away, so it takes care of the second before.

use std::sync::Arc;

use rvm_log::Lsn;

use crate::error::Result;
use crate::log_handle::{LogHandle, Named};
use crate::parallel::map_in_parallel;
use crate::shared::Shared;

/// Returns when the headers of the log and of all that is `named` in others say that what is about to be folded, up to
/// `mark`, and what it names had been durable. All of it is decided. One change for each header that does not say so yet, which
/// then says it for all that is decided there; nothing if nothing is named.
///
/// # Errors
/// [`Error::Poisoned`](crate::Error::Poisoned).
pub(super) fn leave_evidence(
    shared: &Shared,
    log: &Arc<LogHandle>,
    mark: Lsn,
    named: &Named,
) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    // The own log too: its records could rot while a half of them is in the segment, and the other parts would go with them.
    let own = (Arc::clone(log), mark);
    let lacking = named.logs().chain([own]).filter(|(log, end)| !vouches(log, *end));
    let vouch = |(log, end): (Arc<LogHandle>, Lsn)| vouch_for(shared, &log, end);
    map_in_parallel(shared.config.helpers, lacking.collect(), vouch).into_iter().collect()
}

fn vouches(log: &LogHandle, end: Lsn) -> bool {
    log.file.lock().header().synced >= end
}

fn vouch_for(shared: &Shared, log: &LogHandle, end: Lsn) -> Result<()> {
    // The commit that decided it raises one log after the other, and may not have come to this one.
    let decided = log.latch.lock().decided.max(end);
    let txn_id_max = shared.last_txn_id();
    log.change_header(
        &shared.logs.health,
        |header| header.synced < end,
        |header| {
            header.synced = decided;
            header.txn_id_max = txn_id_max;
        },
    )
}
