//! How fast a log is replayed into memory, and a store opened after a crash, beside a copy of the log's bytes.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use std::time::Duration;

use benches::{CrashedStore, PlainCopy, SampleLog};
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for mib in [1, 16] {
        replay(&mut criterion, mib);
    }
    criterion.final_summary();
}

fn replay(criterion: &mut Criterion, mib: u64) {
    let len = mib << 20;
    let mut group = criterion.benchmark_group("replay");
    // Each opening is a recovery from a fresh copy, which takes longer than what is measured.
    group.sample_size(10);
    group.throughput(Throughput::Bytes(len));
    let id = |what| BenchmarkId::new(what, format!("{mib}MiB"));

    let mut plain = PlainCopy::of(len);
    group.bench_function(id("copy"), |bench| bench.iter_custom(|times| plain.time(times)));
    let mut log = SampleLog::of_len(len).expect("a log");
    group.bench_function(id("into-memory"), |bench| bench.iter(|| log.replay().expect("records")));
    let crashed = CrashedStore::with_log(len).expect("a store");
    group.bench_function(id("open-after-a-crash"), |bench| {
        bench.iter_custom(|times| {
            (0..times).map(|_| crashed.time_open().expect("a store")).sum::<Duration>()
        });
    });
    group.finish();
}
