//! Memory from the system, by pages: zeros that take room once they are touched.

use std::io;

use memmap2::MmapMut;

/// From this length on huge pages are asked for; below, there is no room for one.
pub(crate) const HUGE_PAGE_LEN: usize = 2 << 20;

/// Memory of `len` zeros, at least 1, that begins at a page.
pub(crate) fn anonymous(len: usize) -> io::Result<MmapMut> {
    let memory = MmapMut::map_anon(len)?;
    advise_huge_pages(&memory);
    Ok(memory)
}

/// Advice only: a kernel without huge pages refuses it, and nothing is lost but speed.
fn advise_huge_pages(memory: &MmapMut) {
    #[cfg(target_os = "linux")]
    if memory.len() >= HUGE_PAGE_LEN {
        memory.advise(memmap2::Advice::HugePage).ok();
    }
    #[cfg(not(target_os = "linux"))]
    let _no_such_advice = (memory, HUGE_PAGE_LEN);
}
