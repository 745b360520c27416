//! What a durable commit writes to the device. The kernel counts for the whole device, so what others write meanwhile is in it.

use benches::{Device, Ledger, Pair, RawStore, Result, Row, Target, Unit, figure};
use rvm_tpca::Pattern;

use crate::Run;

const MIB: u64 = 1 << 20;
const COMMITS: u64 = 2_000;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    const NAME: &str = "bytes to the device, each durable commit";
    const MOST: f64 = 4_400.0;
    let device = Device::of(&std::env::temp_dir())?;
    if device.written()?.is_none() {
        return Ok(vec![Row::not_available(NAME, Unit::Bytes, Target::Figure(MOST))]);
    }
    let (mut raw, mut ours) = (RawStore::open(Pattern::Random, MIB)?, Ledger::open(1, MIB)?);
    let pair = Pair::of(
        NAME,
        || each_writes(&device, || raw.time_forced(COMMITS).map(drop)),
        || {
            let written = each_writes(&device, || ours.latencies(COMMITS).map(drop))?;
            ours.empty_log()?;
            Ok(written)
        },
    );
    benches::measure(&mut [pair.in_unit(Unit::Bytes).at_most_figure(MOST)], run.rounds)
}

fn each_writes(device: &Device, commits: impl FnOnce() -> Result<()>) -> Result<f64> {
    let before = device.written()?;
    commits()?;
    let (before, after) = before.zip(device.written()?).ok_or("the device is not counted")?;
    Ok(figure((after - before) / COMMITS))
}
