//! Memory as a program would have it that does the work by hand.

use rvm_core::rvm_storage::AlignedBuf;

use crate::Result;

/// So many bytes, each this one, from the start of a page on. Elsewhere a record would lie in a cache line more than it must, and the kernel
/// would copy files there more slowly.
///
/// # Errors
/// There is no such memory.
pub fn pages_of(len: u64, byte: u8) -> Result<AlignedBuf> {
    let (mut memory, len) = (AlignedBuf::new(), usize::try_from(len)?);
    memory.try_reserve(len)?;
    memory.resize(len);
    memory.as_mut_slice().fill(byte);
    Ok(memory)
}
