//! Reading, writing and forcing: exact, at the place asked for, and nowhere else.

use crate::aligned::AlignedBuf;
use crate::backend::{Blob, Storage, Write};
use crate::error::StorageError;
use crate::name::FileRole;

use super::Check;
use super::verdict::{
    Verdict, content, done, equal, holds, len_of, name, new_file, pattern, refused, same_bytes,
};

pub(super) const CHECKS: &[Check] = &[
    ("a read is exact", read_is_exact),
    ("a read past the end is ShortFile", read_past_the_end),
    ("a write grows the file over a gap of zeros", write_grows),
    ("a write leaves its neighbours alone", write_keeps_neighbours),
    ("an empty write does nothing", empty_write),
    ("a forced write of any shape is read back", forced_writes),
    ("several forced writes all arrive", several_forced_writes),
    ("reads see the newest write, however it was made", kinds_of_writes_mix),
    ("forcing and dropping the cache change no byte", force_keeps_bytes),
    ("two blobs of a file are the same file", two_blobs),
    ("randomness varies", randomness_varies),
];

fn read_is_exact(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    let bytes = pattern(1, 10_000);
    done("write_at", blob.write_at(0, &bytes))?;
    for (start, len) in [(0, 10_000), (0, 1), (9_999, 1), (4_095, 2), (4_096, 4_096), (0, 0)] {
        let mut found = vec![0; len];
        done("read_at", blob.read_at(start, &mut found))?;
        let skipped = usize::try_from(start).map_err(|e| e.to_string())?;
        let wanted: Vec<u8> = bytes.iter().skip(skipped).take(len).copied().collect();
        same_bytes(&format!("{len} bytes at {start}"), &found, &wanted)?;
    }
    Ok(())
}

fn read_past_the_end(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("write_at", blob.write_at(0, &[1; 100]))?;
    for (start, len) in [(99, 2), (100, 1), (0, 101), (5_000, 7)] {
        let mut buf = vec![0; len];
        let wanted_len = len_of(&buf);
        refused("a read past the end", blob.read_at(start, &mut buf), "ShortFile", |fault| {
            matches!(fault, StorageError::ShortFile { offset, wanted, file_len: 100, .. }
                if *offset == start && *wanted == wanted_len)
        })?;
    }
    Ok(())
}

fn write_grows(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("write_at", blob.write_at(0, b"start"))?;
    done("write_at", blob.write_at(9_000, b"end"))?;
    let mut wanted = b"start".to_vec();
    wanted.resize(9_000, 0);
    wanted.extend_from_slice(b"end");
    content("a file with a gap", &*blob, &wanted)
}

fn write_keeps_neighbours(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("write_at", blob.write_at(0, b"0123456789"))?;
    done("write_at", blob.write_at(3, b"abc"))?;
    content("an overwritten file", &*blob, b"012abc6789")
}

fn empty_write(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("an empty write_at", blob.write_at(0, b""))?;
    done("an empty write_at behind the end", blob.write_at(5_000, b""))?;
    done("a write_and_force of nothing", blob.write_and_force(&[]))?;
    content("the file", &*blob, b"")
}

/// Shapes on both sides of what a backend may treat apart: aligned or not, small or large.
fn forced_writes(storage: &dyn Storage) -> Verdict {
    const FILE_LEN: usize = 512 << 10;
    let blob = new_file(storage, "a")?;
    let mut wanted = pattern(1, FILE_LEN);
    done("write_at", blob.write_at(0, &wanted))?;
    done("force", blob.force())?;
    let shapes = [
        (0, 1),
        (4_095, 2),
        (8_192, 512),
        (12_288, 4_096),
        (16_384, 8_192),
        (24_576, 61_440),
        (98_304, 65_536),
        (163_840, 262_144),
        (FILE_LEN - 4_096, 4_096),
        (FILE_LEN - 1, 1),
    ];
    for ((start, len), seed) in shapes.into_iter().zip(2..) {
        let mut bytes = AlignedBuf::new();
        bytes.extend_from_slice(&pattern(seed, len));
        let offset = u64::try_from(start).map_err(|e| e.to_string())?;
        let write = Write { offset, bytes: bytes.as_slice() };
        done("write_and_force", blob.write_and_force(&[write]))?;
        replace(&mut wanted, start, bytes.as_slice());
        content(&format!("the file behind {len} forced bytes at {start}"), &*blob, &wanted)?;
    }
    Ok(())
}

fn several_forced_writes(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    let mut wanted = pattern(1, 64 << 10);
    done("write_at", blob.write_at(0, &wanted))?;
    let mut block = AlignedBuf::new();
    block.extend_from_slice(&pattern(2, 4_096));
    let aligned =
        [(40_960_u16, block.as_slice()), (0, block.as_slice()), (8_192, block.as_slice())];
    let mixed = [(61_440_u16, block.as_slice()), (5_000, &b"odd"[..]), (65_535, &b"!"[..])];
    for parts in [aligned, mixed] {
        let mut writes = Vec::new();
        for (start, bytes) in parts {
            writes.push(Write { offset: u64::from(start), bytes });
            replace(&mut wanted, usize::from(start), bytes);
        }
        done("write_and_force", blob.write_and_force(&writes))?;
        content("the file", &*blob, &wanted)?;
    }
    Ok(())
}

fn kinds_of_writes_mix(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    let mut wanted = vec![0; 16_384];
    done("write_at", blob.write_at(0, &wanted))?;
    for round in 1..5 {
        let mut block = AlignedBuf::new();
        block.extend_from_slice(&[round; 4_096]);
        let write = Write { offset: 4_096, bytes: block.as_slice() };
        done("write_and_force", blob.write_and_force(&[write]))?;
        replace(&mut wanted, 4_096, block.as_slice());
        content("behind a forced write", &*blob, &wanted)?;
        done("write_at", blob.write_at(6_000, &[round; 8]))?;
        replace(&mut wanted, 6_000, &[round; 8]);
        content("behind a plain write", &*blob, &wanted)?;
    }
    Ok(())
}

fn force_keeps_bytes(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    let bytes = pattern(3, 20_000);
    done("write_at", blob.write_at(0, &bytes))?;
    done("drop_cache before a force", blob.drop_cache())?;
    content("behind drop_cache alone", &*blob, &bytes)?;
    for _ in 0..2 {
        done("force", blob.force())?;
        done("drop_cache", blob.drop_cache())?;
        content("behind force and drop_cache", &*blob, &bytes)?;
    }
    Ok(())
}

fn two_blobs(storage: &dyn Storage) -> Verdict {
    let first = new_file(storage, "a")?;
    let second = done("open", storage.open(&name("a", FileRole::Segment)?))?;
    done("write_at", first.write_at(0, b"first"))?;
    content("the second blob", &*second, b"first")?;
    done("write_at", second.write_at(5, b"second"))?;
    done("force", second.force())?;
    content("the first blob", &*first, b"firstsecond")?;
    drop(first);
    content("the second blob alone", &*second, b"firstsecond")?;
    matches_its_file(&*second)
}

/// If a blob has a file to map, it is the same file.
fn matches_its_file(blob: &dyn Blob) -> Verdict {
    let Some(file) = done("file", blob.file())? else { return Ok(()) };
    let metadata = file.metadata().map_err(|fault| fault.to_string())?;
    equal("the length of the file behind the blob", metadata.len(), done("len", blob.len())?)?;
    holds("a block is not empty", blob.capabilities().block_len > 0)
}

fn randomness_varies(storage: &dyn Storage) -> Verdict {
    done("fill_random of nothing", storage.fill_random(&mut []))?;
    let (mut first, mut second) = ([0; 37], [0; 37]);
    done("fill_random", storage.fill_random(&mut first))?;
    done("fill_random", storage.fill_random(&mut second))?;
    holds("two draws differ", first != second)?;
    let (_, tail) = first.split_at(32);
    holds("a draw fills all bytes", tail.iter().any(|&byte| byte != 0))
}

fn replace(bytes: &mut [u8], start: usize, part: &[u8]) {
    for (target, source) in bytes.iter_mut().skip(start).zip(part) {
        *target = *source;
    }
}
