//! The lab's own tests: that its judge knows right from wrong, and that its model keeps every promise and needs every rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test that goes wrong should panic, and its numbers are small"
)]

mod block_log;
mod breakages;
mod child;
mod corruption;
mod documents;
mod findings;
mod full_disk;
mod full_disks;
mod lives;
#[cfg(target_os = "linux")]
mod mount;
mod oracle;
mod protocol;
mod syscalls;
mod verified;

/// A number that the environment may set: longer runs of the same tests.
fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
