//! The committed inputs, and every input that was ever a finding, as plain tests: `cargo test` in `fuzz/`.

use std::path::Path;

use rvm_fuzz::{hostile_store, log_file, record_decoder, store_life};

/// Guards against a finding that comes back, and against a corpus that no target reads any more.
#[test]
fn the_committed_inputs_pass() {
    // One after the other: the limit on memory is the process's.
    for (target, check) in [
        ("record_decoder", record_decoder::check as fn(&[u8])),
        ("log_file", log_file::check),
        ("store_life", store_life::check),
        ("hostile_store", hostile_store::check),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        let mut count = 0;
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 10, "{target}: {count} inputs");
    }
    golden_logs();
}

/// The golden files of the format, whole, which are too long to be fuzzed.
fn golden_logs() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rvm-log/tests/golden");
    for file in ["v1/sample.log", "v1-corrupt/acknowledged.log", "v1-corrupt/version.log"] {
        let bytes = std::fs::read(golden.join(file)).unwrap();
        log_file::check(&[&[0], bytes.as_slice()].concat());
    }
}
