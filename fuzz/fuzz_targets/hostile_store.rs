//! Fuzz target: any bytes as the files of a store. What is checked stands in `rvm_fuzz::hostile_store`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::hostile_store::check(bytes));
