//! What `rvmctl demo --json` prints.

use serde::Serialize;

/// `demo`.
#[derive(Debug, Serialize)]
pub(crate) struct DemoReport {
    /// Whether nothing was found that must not be.
    pub(crate) ok: bool,
    /// Faults in all.
    pub(crate) fault_count: u64,
    /// The first of them.
    pub(crate) faults: Vec<String>,
    pub(crate) store: String,
    /// Whether the store is still there.
    pub(crate) store_kept: bool,
    /// Which flight records.
    pub(crate) input: String,
    /// The flights of one lap.
    pub(crate) flights: u64,
    /// How many different aircraft they name.
    pub(crate) aircraft: u64,
    /// How many carriers.
    pub(crate) carriers: u64,
    /// How many airports.
    pub(crate) airports: u64,
    /// `force` or `lazy`.
    pub(crate) durability: &'static str,
    /// Null if commits were forced.
    pub(crate) interval_millis: Option<u64>,
    /// The seed of all random choices.
    pub(crate) seed: u64,
    /// How often the flights were gone through.
    pub(crate) laps: u64,
    /// Transactions that the ledger holds at the end.
    pub(crate) entered: u64,
    /// Transactions acknowledged, those included that were lost and made again.
    pub(crate) acknowledged: u64,
    /// Transactions that were found though a kill had kept them from being acknowledged.
    pub(crate) unacknowledged: u64,
    /// Acknowledged transactions that were missing after a kill.
    pub(crate) missing: u64,
    /// How long before its kill the oldest of them was acknowledged.
    pub(crate) oldest_missing_nanos: Option<u64>,
    /// Time spent on transactions, without openings and checks.
    pub(crate) work_nanos: u64,
    pub(crate) duration_nanos: u64,
    /// Transactions in a second of that.
    pub(crate) transactions_per_second: u64,
    /// Each kill, in order.
    pub(crate) kills: Vec<KillFacts>,
}

/// A kill, and what the next opening found.
#[derive(Debug, Serialize)]
pub(crate) struct KillFacts {
    /// From 1.
    pub(crate) kill: u64,
    /// `work` or `opening`.
    pub(crate) during: &'static str,
    /// The number of the last transaction acknowledged.
    pub(crate) acknowledged: u64,
    /// The number of the last transaction found; null if the demo ended before.
    pub(crate) found: Option<u64>,
    /// Acknowledged transactions that the store does not have.
    pub(crate) missing: u64,
    /// How long before the kill the oldest of those was acknowledged; null if there are none.
    pub(crate) oldest_missing_nanos: Option<u64>,
    /// Null if that opening was killed, too.
    pub(crate) opening: Option<OpeningFacts>,
}

/// What an opening found.
#[derive(Debug, Serialize)]
pub(crate) struct OpeningFacts {
    /// Whether there was anything to recover.
    pub(crate) recovered: bool,
    pub(crate) records: u64,
    /// Bytes in the ranges of the records.
    pub(crate) range_bytes: u64,
    /// Bytes that were written to segments; each once.
    pub(crate) applied_bytes: u64,
    /// Whole records that do not count, since something that they hang on is not there.
    pub(crate) dropped_records: u64,
    /// Bytes of forces that the kill cut short.
    pub(crate) torn_bytes: u64,
    /// How long recovery took.
    pub(crate) recovery_nanos: u64,
}

/// `demo --verify`.
#[derive(Debug, Serialize)]
pub(crate) struct VerifyReport {
    /// Whether nothing is wrong.
    pub(crate) ok: bool,
    /// How many faults there are.
    pub(crate) fault_count: u64,
    /// The first of them.
    pub(crate) faults: Vec<String>,
    pub(crate) store: String,
    /// Which flight records.
    pub(crate) input: String,
    /// The flights of one lap.
    pub(crate) flights: u64,
    /// Transactions that the ledger holds.
    pub(crate) entered: u64,
}
