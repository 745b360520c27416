//! What the fuzz targets do with their bytes, as functions, so that a plain test can repeat a finding:
//! `rvm_fuzz::log_file::check(&std::fs::read("fuzz/artifacts/...")?)`. A check panics where the software is wrong.
//!
//! Random bytes end at the first checksum, so most inputs are *plans*: what to write, which fields to overwrite with which
//! value, and whether the checksums are made right afterwards. See [`log_plan`].

#![forbid(unsafe_code)]

pub mod hostile_store;
pub mod legal_states;
pub mod log_file;
pub mod log_plan;
pub mod memory;
pub mod record_decoder;
pub mod record_plan;
pub mod store_life;
pub mod store_plan;
pub mod values;
