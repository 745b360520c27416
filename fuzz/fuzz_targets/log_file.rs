//! Fuzz target: any bytes as a whole log file. What is checked stands in `rvm_fuzz::log_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::log_file::check(bytes));
