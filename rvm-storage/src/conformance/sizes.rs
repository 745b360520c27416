//! The length of a file: grown with zeros, cut for good, never shrunk by an allocation.

use crate::backend::{Fill, Storage};
use crate::name::FileRole;

use super::Check;
use super::verdict::{Verdict, content, done, equal, holds, name, new_file, pattern};

pub(super) const CHECKS: &[Check] = &[
    ("allocated bytes are zeros", allocated_is_zero),
    ("allocate never shrinks a file", allocate_never_shrinks),
    ("an allocation that cannot be leaves the file as it was", absurd_allocation),
    ("a cut file that grows again has zeros there", cut_bytes_do_not_return),
    ("the length is the same for everybody", length_is_shared),
];

const FILLS: [(Fill, &str); 2] = [(Fill::Reserved, "reserved"), (Fill::Written, "written")];

fn allocated_is_zero(storage: &dyn Storage) -> Verdict {
    for (fill, segment) in FILLS {
        let blob = new_file(storage, segment)?;
        done("write_at", blob.write_at(0, b"head"))?;
        let mut wanted = b"head".to_vec();
        // The last is longer than what may be filled at once.
        for len in [5, 4_096, 70_001, (2 << 20) + 13] {
            wanted.resize(len, 0);
            let len = u64::try_from(len).map_err(|e| e.to_string())?;
            done("allocate", blob.allocate(len, fill))?;
            content(&format!("a file with {segment} space"), &*blob, &wanted)?;
        }
        done("force", blob.force())?;
        content(&format!("a forced file with {segment} space"), &*blob, &wanted)?;
    }
    Ok(())
}

fn allocate_never_shrinks(storage: &dyn Storage) -> Verdict {
    for (fill, segment) in FILLS {
        let blob = new_file(storage, segment)?;
        let bytes = pattern(4, 6_000);
        done("write_at", blob.write_at(0, &bytes))?;
        for len in [0, 10, 5_999, 6_000] {
            done("allocate", blob.allocate(len, fill))?;
            content("a file longer than what is allocated", &*blob, &bytes)?;
        }
    }
    Ok(())
}

/// No device has this many bytes, and no file system takes such a file.
fn absurd_allocation(storage: &dyn Storage) -> Verdict {
    for (fill, segment) in FILLS {
        let blob = new_file(storage, segment)?;
        done("write_at", blob.write_at(0, b"kept"))?;
        let allocated = blob.allocate(u64::MAX - 4_095, fill);
        holds("an absurd allocation fails", allocated.is_err())?;
        content("the file behind it", &*blob, b"kept")?;
    }
    Ok(())
}

fn cut_bytes_do_not_return(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    let mut wanted = pattern(5, 9_000);
    done("write_at", blob.write_at(0, &wanted))?;
    for (cut, grown) in [(5_000, 8_000), (4_096, 4_097), (10, 9_000), (0, 100)] {
        wanted.truncate(cut);
        let len = u64::try_from(cut).map_err(|e| e.to_string())?;
        done("set_len", blob.set_len(len))?;
        content("a cut file", &*blob, &wanted)?;
        wanted.resize(grown, 0);
        let len = u64::try_from(grown).map_err(|e| e.to_string())?;
        done("set_len", blob.set_len(len))?;
        content("a cut file that grew again", &*blob, &wanted)?;
    }
    Ok(())
}

fn length_is_shared(storage: &dyn Storage) -> Verdict {
    let first = new_file(storage, "a")?;
    let second = done("open", storage.open(&name("a", FileRole::Segment)?))?;
    done("allocate", first.allocate(7_000, Fill::Reserved))?;
    equal("the length for the other blob", done("len", second.len())?, 7_000)?;
    done("set_len", second.set_len(3))?;
    equal("the length for the first blob", done("len", first.len())?, 3)
}
