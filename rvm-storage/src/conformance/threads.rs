//! Threads that share a file, each in a part of its own.

use std::thread;

use crate::aligned::AlignedBuf;
use crate::backend::{Blob, Storage, Write};

use super::Check;
use super::verdict::{Verdict, content, done, equal, name, new_file, same_bytes};
use crate::name::FileRole;

pub(super) const CHECKS: &[Check] = &[
    ("threads in parts of a file do not disturb each other", parts_of_a_file),
    ("threads make and remove files side by side", files_side_by_side),
];

const THREADS: u8 = 4;
const ROUNDS: u8 = 16;
const PART_LEN: u64 = 8_192;

fn parts_of_a_file(storage: &dyn Storage) -> Verdict {
    let blob = new_file(storage, "a")?;
    done("set_len", blob.set_len(u64::from(THREADS) * PART_LEN))?;
    done("force", blob.force())?;
    on_all_threads(|thread| work_in_part(&*blob, thread))?;
    let mut wanted = Vec::new();
    for thread in 0..THREADS {
        wanted.extend_from_slice(&[mark(thread, ROUNDS - 1); 8_192]);
    }
    content("the file behind all threads", &*blob, &wanted)
}

/// Writes a thread's part over and over, in both ways, and always reads back what it wrote last.
fn work_in_part(blob: &dyn Blob, thread: u8) -> Verdict {
    let start = u64::from(thread) * PART_LEN;
    for round in 0..ROUNDS {
        let mut bytes = AlignedBuf::new();
        bytes.extend_from_slice(&[mark(thread, round); 8_192]);
        if round % 2 == 0 {
            done("write_at", blob.write_at(start, bytes.as_slice()))?;
        } else {
            let write = Write { offset: start, bytes: bytes.as_slice() };
            done("write_and_force", blob.write_and_force(&[write]))?;
        }
        let mut found = vec![0; bytes.len()];
        done("read_at", blob.read_at(start, &mut found))?;
        same_bytes(&format!("the part of thread {thread}"), &found, bytes.as_slice())?;
    }
    Ok(())
}

fn files_side_by_side(storage: &dyn Storage) -> Verdict {
    on_all_threads(|thread| {
        for round in 0..ROUNDS {
            let file = name(&format!("s{thread}"), FileRole::Segment)?;
            let blob = done("create", storage.create(&file))?;
            let bytes = [mark(thread, round); 100];
            done("write_at", blob.write_at(0, &bytes))?;
            content("a file of one thread", &*blob, &bytes)?;
            done("sync_names", storage.sync_names())?;
            drop(blob);
            done("remove", storage.remove(&file))?;
        }
        Ok(())
    })?;
    let left = done("list", storage.list())?;
    equal("the files left", left, Vec::new())
}

fn mark(thread: u8, round: u8) -> u8 {
    thread * ROUNDS + round + 1
}

/// Runs `work` with the number of each thread; the first thing wrong counts.
fn on_all_threads(work: impl Fn(u8) -> Verdict + Sync) -> Verdict {
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> =
            (0..THREADS).map(|number| scope.spawn(move || work(number))).collect();
        let ended = running.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err("a thread of the backend panicked".to_owned()))
        });
        ended.collect::<Vec<Verdict>>().into_iter().collect()
    })
}
