//! What a durable commit writes to the device. The kernel counts for the whole device, so what others write meanwhile is in it.

use benches::{Device, Ledger, Pair, RawStore, Result, Row, Unit};
use rvm_tpca::Pattern;

use crate::Run;

const MIB: u64 = 1 << 20;
const COMMITS: u64 = 2_000;

/// No row where the kernel does not count.
pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let Some(device) = Device::of_temporary_files() else { return Ok(Vec::new()) };
    let (mut raw, mut ours) = (RawStore::open(Pattern::Random, MIB)?, Ledger::open(1, MIB)?);
    let pair = Pair::of(
        "bytes to the device, each durable commit",
        || each_writes(&device, || raw.time_forced(COMMITS).map(drop)),
        || {
            let written = each_writes(&device, || ours.latencies(COMMITS).map(drop))?;
            ours.empty_log()?;
            Ok(written)
        },
    );
    benches::measure(&mut [pair.in_unit(Unit::Bytes).at_most_figure(4_400.0)], run.rounds)
}

fn each_writes(device: &Device, commits: impl FnOnce() -> Result<()>) -> Result<f64> {
    let before = device.written()?;
    commits()?;
    Ok(f64::from(u32::try_from((device.written()? - before) / COMMITS)?))
}
