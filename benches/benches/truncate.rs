//! How fast a log is folded into its segment.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use std::time::Duration;

use benches::Ledger;
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("truncate");
    group.sample_size(10);
    for commits in [1_000_u64, 10_000, 50_000] {
        let mut ledger = Ledger::open(1, 32 << 20).expect("a store");
        group.throughput(Throughput::Elements(commits));
        group.bench_function(BenchmarkId::new("32MiB-of-data", commits), |bench| {
            bench.iter_custom(|times| {
                let fold = |_| ledger.time_truncation(commits).expect("a truncation");
                (0..times).map(fold).sum::<Duration>()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
