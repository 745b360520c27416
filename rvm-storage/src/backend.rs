//! The two traits a storage backend implements: a flat namespace of files, and one file.
//!
//! Every durable effect has a method of its own, so that a backend can be simulated, and a method promises exactly
//! what its comment says. A backend interprets no bytes. [`conformance`](crate::conformance) checks an implementation.

use std::fmt::Debug;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Result, StorageError};
use crate::name::FileName;

/// A flat namespace of files: one store.
///
/// Names are durable only after [`sync_names`](Self::sync_names); bytes and lengths only after
/// [`Blob::force`] or [`Blob::write_and_force`].
pub trait Storage: Debug + Send + Sync {
    /// Where the store is, for messages: a path, or a word like `memory`.
    fn location(&self) -> String;

    /// The files of the store, in no order. Other files that lie there are left out.
    ///
    /// # Errors
    /// I/O.
    fn list(&self) -> Result<Vec<FileName>>;

    /// Opens a file that is there.
    ///
    /// # Errors
    /// `NotFound`; `NotPlain` for a link, a device, or a file with a second name; I/O.
    fn open(&self, name: &FileName) -> Result<Arc<dyn Blob>>;

    /// Makes an empty file.
    ///
    /// # Errors
    /// `AlreadyExists`; I/O.
    fn create(&self, name: &FileName) -> Result<Arc<dyn Blob>>;

    /// Makes an empty file in place of one that an earlier attempt may have left.
    ///
    /// # Errors
    /// I/O.
    fn create_anew(&self, name: &FileName) -> Result<Arc<dyn Blob>> {
        match self.remove(name) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => self.create(name),
        }
    }

    /// Renames a file. Blobs open under the old name are closed first by the caller.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` if `to` is there: a rename never replaces a file; I/O.
    fn rename(&self, from: &FileName, to: &FileName) -> Result<()>;

    /// Removes a file's name.
    ///
    /// # Errors
    /// `NotFound`; I/O.
    fn remove(&self, name: &FileName) -> Result<()>;

    /// Makes all creations, renames and removals so far durable.
    ///
    /// # Errors
    /// I/O. After an error nothing is known of what is durable; it must not be retried.
    fn sync_names(&self) -> Result<()>;

    /// Takes a lock, held until the returned value is dropped. Waits at most `wait`.
    ///
    /// # Errors
    /// `Locked` ([`LockScope::Owner`]) or `Busy` ([`LockScope::Layout`]) when it was not to be had in time; I/O.
    fn lock(&self, scope: LockScope, mode: LockMode, wait: Duration) -> Result<Box<dyn StoreLock>>;

    /// Fills `bytes` with randomness, for salts and identifiers.
    ///
    /// # Errors
    /// I/O.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<()>;

    /// The time, in nanoseconds since 1970. Recorded for people; no decision rests on it.
    fn unix_nanos(&self) -> u64;

    /// Puts `text` beside the files, for other processes to [read](Self::published), in place of what was put there before. Whoever reads
    /// finds the one or the other, never a part. It is not forced: a crash may lose it.
    ///
    /// # Errors
    /// `Unsupported`, unless the backend has such a place; I/O.
    fn publish(&self, text: &[u8]) -> Result<()> {
        let (operation, path) = ("publish", self.location());
        let _ = text;
        Err(StorageError::Unsupported { operation, path })
    }

    /// Takes away what was [published](Self::publish), if anything was.
    ///
    /// # Errors
    /// I/O.
    fn withdraw(&self) -> Result<()> {
        Ok(())
    }

    /// What is published, if anything is: all of it, or the first `len_max` bytes and one more.
    ///
    /// # Errors
    /// `NotPlain` for a link, a device, or a file with a second name; I/O.
    fn published(&self, len_max: u64) -> Result<Option<Vec<u8>>> {
        let _ = len_max;
        Ok(None)
    }
}

/// One file. All methods take positions; there is no cursor.
pub trait Blob: Debug + Send + Sync {
    /// Where the file is, for messages.
    fn location(&self) -> &str;

    /// The length in bytes.
    ///
    /// # Errors
    /// I/O.
    fn len(&self) -> Result<u64>;

    /// True if the file has no bytes.
    ///
    /// # Errors
    /// I/O.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// `ShortFile` when the file ends before; I/O. A failed read is never an end of file.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()>;

    /// Writes all of `bytes` at `offset`, growing the file if need be. Not durable before [`force`](Self::force).
    ///
    /// # Errors
    /// I/O. Any part of the bytes may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Writes all of `writes`, in any order, and returns when they are on stable storage. Writes must lie within the
    /// file's length. Whether earlier [`write_at`](Self::write_at) calls become durable too is open.
    ///
    /// # Errors
    /// I/O. Nothing is known of what is durable; it must not be retried.
    fn write_and_force(&self, writes: &[Write<'_>]) -> Result<()>;

    /// Grows the file to `len` bytes, the new ones zero, with their space reserved. Does nothing to a longer file.
    /// Durable after [`force`](Self::force).
    ///
    /// # Errors
    /// I/O; when the device is full the file has its old length and space again.
    fn allocate(&self, len: u64, fill: Fill) -> Result<()>;

    /// Cuts the file to `len` bytes, or grows it by zeros without reserving space.
    ///
    /// # Errors
    /// I/O.
    fn set_len(&self, len: u64) -> Result<()>;

    /// Returns when all bytes written and the length are on stable storage.
    ///
    /// # Errors
    /// I/O. Nothing is known of what is durable; it must not be retried.
    fn force(&self) -> Result<()>;

    /// Makes later reads come from stable storage, not from a cache of what was written. Call it behind
    /// [`force`](Self::force); unforced bytes may stay cached.
    ///
    /// # Errors
    /// I/O.
    fn drop_cache(&self) -> Result<()>;

    /// What this file can do.
    fn capabilities(&self) -> Capabilities;

    /// The operating system's file, for a private mapping; `None` if there is none.
    ///
    /// # Errors
    /// I/O.
    fn file(&self) -> Result<Option<Arc<File>>>;
}

/// One write of [`Blob::write_and_force`].
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Where the bytes go, from the start of the file.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// How [`Blob::allocate`] makes the new bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// Reserved space that reads as zeros. Quick; a later write may have to change the file system's metadata.
    Reserved,
    /// Zeros are really written, so that a later force in that space changes no metadata.
    Written,
}

/// What a [`Blob`] can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// Forced writes are best aligned to this many bytes and a multiple of it long.
    pub block_len: usize,
    /// Small aligned forced writes go past the page cache.
    pub direct_writes: bool,
}

/// Which lock of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockScope {
    /// Held exclusively by the one process that has the store open for writing, as long as it is open.
    Owner,
    /// Held exclusively for moments: while a log's head moves, a log is reset, grown or shrunk, a segment is extended, a file is made
    /// or removed. Held shared by a read-only opener while it copies.
    Layout,
}

/// How a lock is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockMode {
    /// With other shared holders.
    Shared,
    /// Alone.
    Exclusive,
}

/// A held lock; dropping it releases it.
pub trait StoreLock: Debug + Send + Sync {}
