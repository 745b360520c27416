//! The crash lab turned on ourselves: campaigns that try to make the store lose what it acknowledged, or show what
//! it did not commit. What users test their own programs with is in `rvm_storage::sim`; this crate only uses it.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a lab that goes wrong should panic, and its numbers are small"
)]

pub mod breakages;
pub mod campaign;
pub mod corruption;
pub mod life;
mod machine;
#[cfg(target_os = "linux")]
pub mod mount;
pub mod oracle;
pub mod protocol;
pub mod real;
mod workers;

/// The root of the repository that the lab is a part of.
#[must_use]
pub fn root() -> &'static std::path::Path {
    let lab = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    lab.parent().unwrap_or(lab)
}
