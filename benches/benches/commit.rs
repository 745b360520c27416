//! What a commit costs, beside the same stores into plain memory and beside a forced write of one block.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use benches::{Declarations, ForcedFile, GROUP, Ledger, PlainStores, RawUndo};
use criterion::{Criterion, Throughput};

const MIB: u32 = 1 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    declared(&mut criterion);
    lazy(&mut criterion);
    forced(&mut criterion);
    criterion.final_summary();
}

/// Declarations of 8 bytes, a thousand in each transaction, without its begin and end.
fn declared(criterion: &mut Criterion) {
    const DECLARATIONS: u64 = 1_000;
    let mut group = criterion.benchmark_group("about_to_modify");
    group.throughput(Throughput::Elements(DECLARATIONS));
    let mut raw = RawUndo::open();
    group.bench_function("copy-8-bytes", |bench| {
        bench.iter_custom(|times| raw.time(times, DECLARATIONS).expect("copies"));
    });
    let mut declarations = Declarations::open().expect("a store");
    group.bench_function("declare-8-bytes", |bench| {
        bench.iter_custom(|times| declarations.time(times, DECLARATIONS).expect("declarations"));
    });
    group.finish();
}

fn lazy(criterion: &mut Criterion) {
    for mib in [1, 32] {
        let mut group = criterion.benchmark_group(format!("lazy/{mib}MiB"));
        group.throughput(Throughput::Elements(1));
        let mut plain = PlainStores::over(mib * MIB);
        group.bench_function("stores", |bench| bench.iter_custom(|times| plain.time(times)));
        let mut ledger = Ledger::open(1, (mib * MIB).into()).expect("a store");
        group.bench_function("commit", |bench| {
            bench.iter_custom(|times| ledger.time_lazy(times).expect("commits"));
        });
        group.finish();
    }
}

fn forced(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forced");
    group.throughput(Throughput::Elements(1));
    let dir = tempfile::tempdir().expect("a directory");
    let mut raw = ForcedFile::create(&dir.path().join("raw"), 16 << 20).expect("a file");
    group.bench_function("write-4KiB", |bench| {
        bench.iter_custom(|times| raw.time(times).expect("forced writes"));
    });
    for segments in [1, 4] {
        let mut ledger = Ledger::open(segments, MIB.into()).expect("a store");
        group.bench_function(format!("commit-{segments}-segments"), |bench| {
            bench.iter_custom(|times| ledger.time_forced(times).expect("commits"));
        });
    }
    let mut ledger = Ledger::open(1, MIB.into()).expect("a store");
    group.throughput(Throughput::Elements(GROUP));
    group.bench_function("64-lazy-commits-and-flush", |bench| {
        bench.iter_custom(|times| ledger.time_groups(times).expect("commits"));
    });
    group.finish();
}
