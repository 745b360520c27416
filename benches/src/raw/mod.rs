//! What the library is measured against: loops that do the work by hand, without it, and no more than they must.

mod beside;
mod file;
mod group;
mod parallel;
mod plain;
mod replay;
mod store;

pub use beside::RawBeside;
pub use file::ForcedFile;
pub use group::RawGroup;
pub use parallel::RawParallel;
pub use plain::{PlainCopy, PlainStores};
pub use replay::RawReplay;
#[cfg(feature = "peers")]
pub(crate) use store::RawMemory;
pub use store::{RAW_RECORD_LEN, RawStore};
