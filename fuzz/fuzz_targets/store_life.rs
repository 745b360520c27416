//! Fuzz target: a life of a store with crashes, against plain bytes. What is checked stands in `rvm_fuzz::store_life`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::store_life::check(bytes));
