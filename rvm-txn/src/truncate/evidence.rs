//! Evidence that outlives truncation. A record that is lost to rot is missed as long as the other parts of its transaction name
//! it, or the header says that it had been durable. Folding a part takes the first away, so it takes care of the second before.

use std::sync::Arc;

use rvm_log::Lsn;

use crate::error::Result;
use crate::log_handle::{LogHandle, Named};
use crate::parallel::map_in_parallel;
use crate::shared::Shared;

/// Returns when the headers of the log and of all that is `named` in others vouch for what is about to be folded, up to
/// `mark`, and for what it names. All of it is decided. What those hang on in turn needs no evidence of its own: recovery refuses a
/// cut below what a header vouches for. One forced write for each header that does not say so yet, which then says it for all
/// that is decided there.
///
/// # Errors
/// [`Error::Poisoned`](crate::Error::Poisoned).
pub(super) fn leave_evidence(
    shared: &Shared,
    log: &Arc<LogHandle>,
    mark: Lsn,
    named: &Named,
) -> Result<()> {
    // The own log too: its records could rot while a half of them is in the segment.
    let own = (Arc::clone(log), mark);
    let lacking = named.logs().chain([own]).filter(|(log, end)| !vouches(log, *end));
    let vouch = |(log, end): (Arc<LogHandle>, Lsn)| {
        // The commit that decided it raises one log after the other, and may not have come to this one.
        let decided = log.latch.lock().decided.max(end);
        log.vouch(&shared.logs.health, decided, shared.last_txn_id())
    };
    map_in_parallel(shared.config.helpers, lacking.collect(), vouch).into_iter().collect()
}

fn vouches(log: &LogHandle, end: Lsn) -> bool {
    log.file.lock().header().synced >= end
}
