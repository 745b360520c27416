//! How long mapping a clean segment takes, up to its first read, beside reading its file into memory.

#![deny(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use std::time::Duration;

use benches::{CleanStore, Result};
use criterion::{BenchmarkId, Criterion, Throughput};
use rvm_core::{MappedToken, Residency};

#[expect(unsafe_code, reason = "the token of the mapped residency is unsafe to make")]
fn mapped_token() -> MappedToken {
    // SAFETY: stores lie in temporary directories of this process; nothing else writes to their files or truncates them.
    unsafe { MappedToken::new() }
}

fn main() {
    let mapped = Residency::Mapped(mapped_token());
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("map");
    group.sample_size(10);
    for mib in [1, 32, 256] {
        let store = CleanStore::of_len(mib << 20).expect("a store");
        group.throughput(Throughput::Bytes(mib << 20));
        let mut bench = |name, time: &dyn Fn() -> Result<Duration>| {
            group.bench_function(BenchmarkId::new(name, format!("{mib}MiB")), |bench| {
                bench.iter_custom(|times| (0..times).map(|_| time().expect("a segment")).sum());
            });
        };
        bench("read-the-file", &|| store.time_read());
        bench("resident", &|| store.time_map(Residency::Resident));
        bench("mapped", &|| store.time_map(mapped));
    }
    group.finish();
    criterion.final_summary();
}
