//! Tells a forked child from the process that opened a store.
//!
//! A child has the memory and descriptors of its parent, but neither its threads nor the right to its lock: whatever
//! it did to the store would be done behind the parent's back. So every call asks [`ForkDetector::in_child`] first,
//! which therefore must cost next to nothing: it reads one byte that the kernel wipes in children. Where the kernel
//! cannot, process ids are compared. This file only answers; refusing is for the caller.

use crate::error::{Result, StorageError};

use super::raw::MarkedPage;

/// Knows whether the process is a forked child of the one that made it.
///
/// ```
/// use rvm_storage::memory::ForkDetector;
///
/// assert!(!ForkDetector::new()?.in_child());
/// # Ok::<(), rvm_storage::StorageError>(())
/// ```
#[derive(Debug)]
pub struct ForkDetector {
    witness: Witness,
}

#[derive(Debug)]
enum Witness {
    Page(MarkedPage),
    ProcessId(u32),
}

impl ForkDetector {
    /// Takes this process for the parent.
    ///
    /// # Errors
    /// I/O: no memory.
    pub fn new() -> Result<Self> {
        let page =
            MarkedPage::new().map_err(|e| StorageError::io("reserve", "a page of memory", e))?;
        let witness = page.map_or_else(|| Witness::ProcessId(std::process::id()), Witness::Page);
        Ok(Self { witness })
    }

    /// True in a forked child, and in its children.
    #[must_use]
    #[inline]
    pub fn in_child(&self) -> bool {
        match &self.witness {
            Witness::Page(page) => page.is_wiped(),
            Witness::ProcessId(parent) => std::process::id() != *parent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a fallback that takes every process for the parent, or none.
    #[test]
    fn without_a_page_process_ids_decide() {
        let parent = Witness::ProcessId(std::process::id());
        assert!(!ForkDetector { witness: parent }.in_child());
        let child = Witness::ProcessId(std::process::id() + 1);
        assert!(ForkDetector { witness: child }.in_child());
    }

    /// Guards against paying a system call in every operation where a page would do.
    #[cfg(target_os = "linux")]
    #[test]
    fn linux_has_the_page() {
        assert!(matches!(ForkDetector::new().unwrap().witness, Witness::Page(_)));
    }
}
