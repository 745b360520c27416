//! Storage backends, memory and locking for recoverable virtual memory.
//!
//! This is the lowest crate of RVM: it knows files and memory, and neither logs nor transactions. A backend is an
//! implementation of [`Storage`] and [`Blob`]; [`FileStorage`], [`MemStorage`] and [`sim::SimStorage`] are here,
//! and [`conformance`] checks any other. [`sim`] is the crash lab: power cuts and faults, for tests.
//!
//! ```
//! use rvm_storage::{FileName, FileRole, Fill, MemStorage, SegmentName, Storage};
//!
//! let storage = MemStorage::new();
//! let name = FileName::new(&SegmentName::new("notes")?, FileRole::Segment);
//! let blob = storage.create(&name)?;
//! storage.sync_names()?;
//! blob.allocate(16, Fill::Reserved)?;
//! blob.force()?;
//! blob.write_at(0, b"gone")?;
//!
//! let after = storage.crash();
//! let mut bytes = [1; 4];
//! after.open(&name)?.read_at(0, &mut bytes)?;
//! assert_eq!(bytes, [0; 4], "what was not forced is lost");
//! # Ok::<(), rvm_storage::StorageError>(())
//! ```

mod aligned;
mod backend;
pub mod conformance;
mod error;
mod file;
pub mod forks;
pub mod holes;
pub mod locks;
mod mem;
pub mod memory;
mod name;
mod pages;
mod random;
pub mod sim;
pub mod widths;

pub use aligned::AlignedBuf;
pub use backend::{Blob, Capabilities, Fill, LockMode, LockScope, Storage, StoreLock, Write};
pub use error::{Result, StorageError};
pub use file::FileStorage;
pub use mem::{MemStorage, OperationCounts};
pub use name::{FileName, FileRole, SegmentName};
