//! Fuzz target: any bytes as a whole log file. What is checked stands in `rvm_fuzz::log_file`.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the macro writes a file when it is asked to")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rvm_fuzz::log_file::check(bytes));
