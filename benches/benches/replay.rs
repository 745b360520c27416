//! How fast a log is scanned and replayed on the storages that there are, and a store opened after a crash.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use std::time::Duration;

use benches::{CrashedStore, SampleLog, Temperature, replay_bench};
use criterion::{BenchmarkId, Criterion, Throughput};
use rvm_core::rvm_storage::{FileStorage, MemStorage};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let dir = tempfile::tempdir().expect("a directory");
    let files = FileStorage::open(dir.path().join("logs")).expect("a storage");
    replay_bench(&mut criterion, "file", &files).expect("replays");
    replay_bench(&mut criterion, "memory", &MemStorage::new()).expect("replays");
    for mib in [1, 16] {
        open_after_a_crash(&mut criterion, mib);
    }
    criterion.final_summary();
}

fn open_after_a_crash(criterion: &mut Criterion, mib: u64) {
    let crashed =
        CrashedStore::with_log(mib << 20, SampleLog::SEGMENT_LEN.into()).expect("a store");
    let mut group = criterion.benchmark_group("open-after-a-crash");
    // Each opening is a recovery from a fresh copy, which takes longer than what is measured.
    group.sample_size(10);
    group.throughput(Throughput::Bytes(crashed.log_len()));
    group.bench_function(BenchmarkId::from_parameter(format!("{mib}MiB")), |bench| {
        bench.iter_custom(|times| {
            let open = |_| crashed.time_open(Temperature::Warm).expect("a store");
            (0..times).map(open).sum::<Duration>()
        });
    });
    group.finish();
}
