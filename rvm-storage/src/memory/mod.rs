//! The memory of segments, and the question whether this process is a forked child.
//!
//! A [`Region`] is memory with a stable address. By default it is *resident*: anonymous memory filled by reading, so
//! that nothing outside the process can change a byte under a reference. Whoever makes a [`MappedToken`] may have it
//! *mapped* instead, as a private copy-on-write view of the file.
//!
//! All unsafe code of this crate is in the file `raw.rs` here; but for the C interface, no other of the library has any. This module takes no locks and keeps no log; when
//! pages may be given back, and what the file holds by then, is for its callers to know.

mod fork;
mod raw;
mod region;

pub use fork::ForkDetector;
pub use raw::MappedToken;
pub use region::Region;

/// Where the bytes of a mapped segment live.
///
/// ```
/// use rvm_storage::memory::Residency;
///
/// assert!(matches!(Residency::default(), Residency::Resident));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub enum Residency {
    /// In memory of this process alone, filled by reading the file. Nothing done to the file is seen.
    #[default]
    Resident,
    /// In a private view of the file: there at once, and pages without changes cost no memory.
    Mapped(MappedToken),
}
