//! What checking a store finds.

use std::fmt;

use super::kinds::FindingKind;

/// How bad a finding is, from the mildest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing is wrong: what a crash or a copied file leaves, and the next opening puts right.
    Note,
    /// Nothing is lost, but a safeguard is: one more fault at the same place could cost something.
    Warning,
    /// What was acknowledged is lost, or may be; or nothing here can be trusted.
    Damage,
}

impl Severity {
    /// The word for it: `note`, `warning` or `damage`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Damage => "damage",
        }
    }
}

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The file.
    pub file: String,
    /// Where in it, in bytes: within the structure that is wrong.
    pub offset: u64,
    /// What was found there.
    pub detail: String,
}

impl Finding {
    pub(super) fn new(
        kind: FindingKind,
        file: &str,
        offset: u64,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, file: file.to_owned(), offset, detail: detail.into() }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// Whether both are the same thing, found twice.
    pub(super) fn is_again(&self, other: &Self) -> bool {
        (self.kind, self.offset, &self.file) == (other.kind, other.offset, &other.file)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, file, offset, detail } = self;
        write!(f, "{}: {file}, byte {offset}: {detail}; {}", self.severity().word(), kind.meaning())
    }
}
