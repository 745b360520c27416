//! Fuzz target: any bytes as the files of a store. What is checked stands in `rvm_fuzz::hostile_store`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro writes a file when it is asked to")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::hostile_store::check(bytes));
