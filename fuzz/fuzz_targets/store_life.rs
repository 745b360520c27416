//! Fuzz target: a life of a store with crashes, against plain bytes. What is checked stands in `rvm_fuzz::store_life`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro writes a file when it is asked to")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::store_life::check(bytes));
