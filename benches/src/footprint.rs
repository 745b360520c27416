//! How much memory this process has of its own, as the kernel counts it.

use std::fs;
use std::path::Path;

use crate::Result;

/// Memory of this process that is no file's, in bytes: pages of its own, and changed copies of a file's pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// All of it.
    pub anonymous: u64,
    /// Of that, the changed copies of pages of segments' files.
    pub of_segments: u64,
}

impl Footprint {
    /// As it is now.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn now() -> Result<Self> {
        let told = fs::read_to_string("/proc/self/smaps")?;
        let (mut anonymous, mut of_segments, mut is_segment) = (0, 0, false);
        for line in told.lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                // A mapping's first line has its addresses, and its file at the end.
                Some(word) if !word.ends_with(':') => {
                    is_segment = Path::new(line).extension().is_some_and(|kind| kind == "seg");
                }
                Some("Anonymous:") => {
                    let len = words.next().ok_or("not told")?.parse::<u64>()? << 10;
                    anonymous += len;
                    of_segments += if is_segment { len } else { 0 };
                }
                _ => {}
            }
        }
        Ok(Self { anonymous, of_segments })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Guards against a line of the kernel's that means something else.
    #[test]
    fn what_was_touched_is_counted() {
        // Other tests give memory back meanwhile.
        let memory = vec![1_u8; 64 << 20];
        assert!((64 << 20..1 << 40).contains(&Footprint::now().unwrap().anonymous));
        drop(memory);
    }
}
