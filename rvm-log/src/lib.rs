//! The redo log of recoverable virtual memory: what its bytes mean, and how they are written and read.
//!
//! [`format`](mod@format) encodes and decodes over byte slices, does no I/O and panics on no input. Above it, [`Tail`]
//! gathers records in memory, [`LogFile`] puts them on a [`Blob`](rvm_storage::Blob), [`Scanner`] reads them back and
//! [`replay`] pushes what they say into a [`ReplaySink`]. This crate decides neither when to force nor what is
//! committed; `rvm-txn` does.
//!
//! The bytes on disk, one by one, are described in [`format`](mod@format).
//!
//! ```
//! use rvm_log::{Draft, LogFile, NewLog, Ring, Scanner, Tail, TxnId};
//! use rvm_storage::{MemStorage, SegmentName};
//!
//! let storage = MemStorage::new();
//! let name = SegmentName::new("notes")?;
//! let ring = Ring::new(64 * 1024).expect("a whole number of blocks");
//! let log = LogFile::create(&storage, &NewLog::first_of_store(&storage, &name, 4096, ring)?)?;
//!
//! let mut tail = Tail::new(log.header().head);
//! let draft = Draft::new(TxnId(1), [(16, b"hello".as_slice())].into_iter());
//! tail.append(&draft, &draft.measure()?, log.header().epoch, log.checksums());
//! let batch = tail.seal(log.header().synced, log.checksums());
//! batch.force(log.blob(), log.ring())?;
//!
//! let mut scanner = Scanner::new(&log);
//! while let Some(record) = scanner.next()? {
//!     let ranges: Vec<_> = record.ranges().collect();
//!     assert_eq!(ranges, [(16, b"hello".as_slice())]);
//! }
//! assert_eq!(scanner.verdict()?.torn, None);
//! # Ok::<(), rvm_log::LogError>(())
//! ```

#![forbid(unsafe_code)]

pub mod archive;
mod error;
pub mod format;
mod ids;
mod log_file;
mod reader;
mod replay;
mod ring;
mod scan;
mod tail;

pub use error::{Damage, LogError, Result};
pub use format::checksum::Checksums;
pub use format::header::LogHeader;
pub use format::record::{
    Dependency, Draft, Participant, RECORD_FLAG_LAZY, RecordHeader, RecordView,
};
pub use ids::{Epoch, LogId, Lsn, Salt, StoreId, TxnId};
pub use log_file::{LogFile, NewLog, draw_log_id, draw_salt, draw_store_id};
pub use replay::{ReplaySink, Replayed, replay};
pub use ring::{BLOCK_LEN, CAPACITY_LIMIT, CAPACITY_MIN, DATA_START, Ring};
pub use scan::{Scanner, TornTail, Verdict};
pub use tail::{Batch, Tail};
