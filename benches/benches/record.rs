//! How fast records are encoded and decoded in memory, and scanned in a file, beside a copy of the same bytes.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that fails has no figure to show")]

use benches::{PlainCopy, Records, SampleLog};
use criterion::{Criterion, Throughput};

const RECORDS: usize = 10_000;
const LOG_LEN: u64 = 16 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    in_memory(&mut criterion);
    in_a_file(&mut criterion);
    criterion.final_summary();
}

fn in_memory(criterion: &mut Criterion) {
    let mut records = Records::of_bank(RECORDS).expect("records");
    let len = u64::try_from(records.bytes().len()).expect("a length");
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(len));
    let mut plain = PlainCopy::of(len);
    group.bench_function("copy", |bench| bench.iter_custom(|times| plain.time(times)));
    group.bench_function("encode", |bench| bench.iter(|| records.encode().expect("records")));
    group.bench_function("decode", |bench| bench.iter(|| records.decode().expect("records")));
    group.finish();
}

fn in_a_file(criterion: &mut Criterion) {
    let log = SampleLog::of_len(LOG_LEN).expect("a log");
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Bytes(log.len()));
    let mut plain = PlainCopy::of(log.len());
    group.bench_function("copy", |bench| bench.iter_custom(|times| plain.time(times)));
    group.bench_function("scan", |bench| bench.iter(|| log.scan().expect("records")));
    group.finish();
}
