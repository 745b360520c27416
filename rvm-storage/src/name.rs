//! The names a store knows: segments, and the files that belong to them.
//!
//! A [`SegmentName`] is checked once, when it is made, and every [`FileName`] is derived from one. So no string
//! of a user ever becomes a path, and no name can leave the store's directory.

use std::fmt;
use std::sync::Arc;

use crate::error::{Result, StorageError};

/// The name of a segment: 1 to 200 bytes of `A-Z a-z 0-9 . _ -`, not starting with `.`.
///
/// ```
/// use rvm_storage::SegmentName;
///
/// assert_eq!(SegmentName::new("accounts")?.as_str(), "accounts");
/// assert!(SegmentName::new("../accounts").is_err());
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName(Arc<str>);

impl SegmentName {
    /// The longest name, in bytes.
    pub const LEN_MAX: usize = 200;

    /// Checks `name`.
    ///
    /// # Errors
    /// [`StorageError::InvalidName`] with the reason.
    pub fn new(name: &str) -> Result<Self> {
        match Self::fault_of(name) {
            None => Ok(Self(name.into())),
            Some(reason) => Err(StorageError::InvalidName { name: name.to_owned(), reason }),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn fault_of(name: &str) -> Option<&'static str> {
        if name.is_empty() {
            return Some("it is empty");
        }
        if name.len() > Self::LEN_MAX {
            return Some("it is longer than 200 bytes");
        }
        if name.starts_with('.') {
            return Some("it starts with a dot");
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !name.bytes().all(allowed) {
            return Some("only A-Z a-z 0-9 . _ - are allowed");
        }
        None
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// What a file of a store is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileRole {
    /// `NAME.seg`: the segment's bytes, nothing else.
    Segment,
    /// `NAME.log`: the segment's redo log.
    Log,
    /// `NAME.arc`: what the log held before it was truncated.
    Archive,
    /// `.NAME.seg.new`: a segment that is being made; garbage after a crash.
    NewSegment,
    /// `.NAME.log.new`: a log that is being made; garbage after a crash.
    NewLog,
    /// `.NAME.arc.new`: an archive that is being made; garbage after a crash.
    NewArchive,
}

impl FileRole {
    const ALL: [Self; 6] =
        [Self::NewSegment, Self::NewLog, Self::NewArchive, Self::Segment, Self::Log, Self::Archive];

    const fn affixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Segment => ("", ".seg"),
            Self::Log => ("", ".log"),
            Self::Archive => ("", ".arc"),
            Self::NewSegment => (".", ".seg.new"),
            Self::NewLog => (".", ".log.new"),
            Self::NewArchive => (".", ".arc.new"),
        }
    }
}

/// The name of one file of a store: a segment's name and the role of the file.
///
/// ```
/// use rvm_storage::{FileName, FileRole, SegmentName};
///
/// let accounts = SegmentName::new("accounts")?;
/// let log = FileName::new(&accounts, FileRole::Log);
/// assert_eq!(log.to_string(), "accounts.log");
/// assert_eq!(FileName::parse("accounts.log"), Some(log));
/// assert_eq!(FileName::parse("notes.txt"), None);
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileName {
    segment: SegmentName,
    role: FileRole,
}

impl FileName {
    /// The file of `segment` with this role.
    #[must_use]
    pub fn new(segment: &SegmentName, role: FileRole) -> Self {
        Self { segment: segment.clone(), role }
    }

    /// Reads a directory entry's name; `None` if it is not a file of a store.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        FileRole::ALL.into_iter().find_map(|role| {
            let (prefix, suffix) = role.affixes();
            let stem = file_name.strip_prefix(prefix)?.strip_suffix(suffix)?;
            Some(Self { segment: SegmentName::new(stem).ok()?, role })
        })
    }

    /// The segment that the file belongs to.
    #[must_use]
    pub fn segment(&self) -> &SegmentName {
        &self.segment
    }

    /// What the file is for.
    #[must_use]
    pub fn role(&self) -> FileRole {
        self.role
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, suffix) = self.role.affixes();
        write!(f, "{prefix}{}{suffix}", self.segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a name that leaves the directory or is hidden in it.
    #[test]
    fn names_outside_the_rules_are_refused() {
        let long = "x".repeat(SegmentName::LEN_MAX + 1);
        for bad in ["", ".", "..", ".hidden", "a/b", "a\0b", "a b", "\u{e9}", "a\\b", &long] {
            assert!(SegmentName::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "A-Z_0.9", "a..b", &"x".repeat(SegmentName::LEN_MAX)] {
            assert!(SegmentName::new(good).is_ok(), "{good:?}");
        }
    }

    /// Guards against two files of a store sharing one name.
    #[test]
    fn every_role_round_trips_and_is_distinct() {
        for segment in ["a", "a.seg", "a.log", "a.arc", "a.seg.new", "rvm"] {
            let segment = SegmentName::new(segment).unwrap();
            for role in FileRole::ALL {
                let name = FileName::new(&segment, role);
                assert_eq!(FileName::parse(&name.to_string()), Some(name));
            }
        }
        assert_eq!(FileName::parse("rvm.lock"), None);
        assert_eq!(FileName::parse(".seg"), None);
    }
}
