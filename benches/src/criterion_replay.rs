//! The replay benchmark, for any storage.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use rvm_core::rvm_storage::Storage;

use crate::Result;
use crate::logs::SampleLog;
use crate::raw::PlainCopy;

/// The sizes of the logs, in MiB.
const SIZES: [u64; 3] = [1, 16, 64];

/// Benchmarks how fast logs of 1, 16 and 64 MiB are scanned, and replayed into memory, on a storage of your choice, beside a
/// copy of as many bytes. The logs stay there, as those of segments `replay-1`, `replay-16` and `replay-64`.
///
/// It measures `rvm-log` over a backend, without a store's own recovery. A benchmark of yours (`harness = false`) is
///
/// ```no_run
/// use benches::replay_bench;
/// use criterion::Criterion;
/// use rvm_core::rvm_storage::MemStorage;
///
/// fn main() -> benches::Result<()> {
///     let mut criterion = Criterion::default().configure_from_args();
///     // Your own `Storage` goes here.
///     replay_bench(&mut criterion, "memory", &MemStorage::new())?;
///     criterion.final_summary();
///     Ok(())
/// }
/// ```
///
/// # Errors
/// What the storage fails with; a storage on which such a log is already.
pub fn replay_bench<S: Storage>(criterion: &mut Criterion, name: &str, storage: &S) -> Result<()> {
    for mib in SIZES {
        let len = mib << 20;
        let mut log = SampleLog::on(storage, &format!("replay-{mib}"), len)?;
        // A replay that fails has no figure to show, and criterion takes no errors.
        log.scan()?;
        log.replay()?;
        let mut group = criterion.benchmark_group(format!("replay/{name}"));
        group.sample_size(10).throughput(Throughput::Bytes(log.len()));
        let id = |what| BenchmarkId::new(what, format!("{mib}MiB"));
        let mut plain = PlainCopy::of(len);
        group.bench_function(id("copy"), |bench| bench.iter_custom(|times| plain.time(times)));
        let mut fault = None;
        let mut note = |done: Result<u64>| {
            if let Err(error) = done {
                fault.get_or_insert(error);
            }
        };
        group.bench_function(id("scan"), |bench| bench.iter(|| note(log.scan())));
        group.bench_function(id("into-memory"), |bench| bench.iter(|| note(log.replay())));
        group.bench_function(id("into-memory-cold"), |bench| {
            bench.iter_custom(|times| (0..times).map(|_| time_cold(&mut log, &mut note)).sum());
        });
        group.finish();
        if let Some(error) = fault {
            return Err(error);
        }
    }
    Ok(())
}

/// How long a replay takes whose log comes from the device.
fn time_cold(log: &mut SampleLog, note: &mut impl FnMut(Result<u64>)) -> Duration {
    note(log.drop_cache().map(|()| 0));
    let started = Instant::now();
    note(log.replay());
    started.elapsed()
}
