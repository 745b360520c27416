//! The operations of a storage backend, as the simulator numbers and names them.

use std::fmt;

use crate::name::FileName;

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum OperationKind {
    /// `Storage::list`.
    List,
    /// `Storage::open`.
    Open,
    /// `Storage::create`.
    Create,
    /// `Storage::rename`.
    Rename,
    /// `Storage::remove`.
    Remove,
    /// `Storage::sync_names`.
    SyncNames,
    /// `Storage::lock`.
    Lock,
    /// `Storage::fill_random`.
    FillRandom,
    /// `Blob::len`.
    Len,
    /// `Blob::read_at`.
    Read,
    /// `Blob::write_at`.
    Write,
    /// `Blob::write_and_force`.
    WriteAndForce,
    /// `Blob::allocate`.
    Allocate,
    /// `Blob::set_len`.
    SetLen,
    /// `Blob::force`.
    Force,
    /// `Blob::drop_cache`.
    DropCache,
}

impl OperationKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::List,
        Self::Open,
        Self::Create,
        Self::Rename,
        Self::Remove,
        Self::SyncNames,
        Self::Lock,
        Self::FillRandom,
        Self::Len,
        Self::Read,
        Self::Write,
        Self::WriteAndForce,
        Self::Allocate,
        Self::SetLen,
        Self::Force,
        Self::DropCache,
    ];

    /// True if it may change what is on stable storage, or what may come there.
    #[must_use]
    pub fn changes(self) -> bool {
        self.forces()
            || matches!(
                self,
                Self::Create
                    | Self::Rename
                    | Self::Remove
                    | Self::Write
                    | Self::Allocate
                    | Self::SetLen
            )
    }

    /// True if what it promises is durability.
    #[must_use]
    pub fn forces(self) -> bool {
        matches!(self, Self::SyncNames | Self::WriteAndForce | Self::Force)
    }

    /// A verb, as in error messages.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Open => "open",
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::SyncNames => "sync the names of",
            Self::Lock => "lock",
            Self::FillRandom => "draw randomness for",
            Self::Len => "measure",
            Self::Read => "read",
            Self::Write => "write",
            Self::WriteAndForce => "write and force",
            Self::Allocate => "allocate",
            Self::SetLen => "set the length of",
            Self::Force => "force",
            Self::DropCache => "drop the cache of",
        }
    }
}

/// One operation of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Its number in the run, from 0.
    pub number: u64,
    /// What it does.
    pub kind: OperationKind,
    /// The file, if it concerns one.
    pub file: Option<FileName>,
    /// Where in the file it starts, in bytes.
    pub offset: u64,
    /// How many bytes it concerns; the new length for those that change it.
    pub len: u64,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4} {}", self.number, self.kind.verb())?;
        match &self.file {
            Some(file) => write!(f, " {file}")?,
            None => write!(f, " the store")?,
        }
        match self.kind {
            OperationKind::Read | OperationKind::Write | OperationKind::WriteAndForce => {
                write!(f, " {}..{}", self.offset, self.offset.saturating_add(self.len))
            }
            OperationKind::Allocate | OperationKind::SetLen => write!(f, " to {}", self.len),
            _ => Ok(()),
        }
    }
}
