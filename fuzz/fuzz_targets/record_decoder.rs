//! Fuzz target: any bytes as a record or as a header slot. What is checked stands in `rvm_fuzz::record_decoder`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro writes a file when it is asked to")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::record_decoder::check(bytes));
