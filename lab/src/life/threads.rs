//! A script's commits, run by several threads at once, with helpers and the store's own thread at work: group commit, entangled
//! commits and truncation under way at whatever moment the power goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rvm_core::rvm_storage::Storage;
use rvm_core::{Durability, Result, Rvm, Segment};

use crate::oracle::{Event, TxnNo};

use super::layout::{LEN, leave_mark};
use super::program::map_all;
use super::script::Script;
use super::step::Step;

const THREADS: usize = 3;

/// Runs those of `steps` that any thread may do, on three threads.
///
/// # Errors
/// What the store said; none is expected of a device without faults.
pub(super) fn run_on_threads(
    script: &Script,
    storage: &Arc<dyn Storage>,
    steps: &[Step],
    note: &(dyn Fn(Event) + Sync),
) -> std::result::Result<(), String> {
    let script = Script { threads: (2, true), ..script.clone() };
    let crew = || -> Result<()> {
        let rvm = script.open(Arc::clone(storage))?;
        let segments = map_all(&script, &rvm, &vec![LEN; script.segments])?;
        let crew = Crew { rvm: &rvm, segments, note, next: AtomicU32::new(1) };
        thread::scope(|scope| {
            let work = |first: usize| {
                let crew = &crew;
                scope.spawn(move || crew.work(steps.iter().skip(first).step_by(THREADS)))
            };
            let working: Vec<_> = (0..THREADS).map(work).collect();
            working.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        rvm.close()
    };
    crew().map_err(|error| error.to_string())
}

struct Crew<'a> {
    rvm: &'a Rvm,
    segments: Vec<Segment>,
    note: &'a (dyn Fn(Event) + Sync),
    next: AtomicU32,
}

impl Crew<'_> {
    fn work<'s>(&self, steps: impl Iterator<Item = &'s Step>) -> Result<()> {
        let mut lazy = Vec::new();
        for step in steps {
            match step {
                Step::Commit { part, durability, bulk } => {
                    let begun = part.wrote.union(part.read);
                    let handles: Vec<&Segment> =
                        begun.iter().map(|index| &self.segments[index]).collect();
                    let mut txn = self.rvm.begin(&handles)?;
                    let no = TxnNo(self.next.fetch_add(1, Ordering::Relaxed));
                    for index in part.wrote.iter() {
                        leave_mark(&mut txn, &self.segments[index], no, *bulk)?;
                    }
                    // The segments are still ours, so the notes of each stand in the order of its log.
                    let (wrote, read) = (part.wrote, part.read);
                    (self.note)(Event::Committing { txn: no, wrote, read });
                    let commit = txn.commit_with(*durability)?;
                    if *durability == Durability::Force {
                        (self.note)(Event::Acknowledged(no));
                    } else {
                        lazy.push((no, commit));
                    }
                }
                Step::WaitDurable(_) => {
                    if let Some((no, commit)) = lazy.pop() {
                        commit.wait_durable()?;
                        (self.note)(Event::Acknowledged(no));
                    }
                }
                // Whatever this thread committed before is durable behind it.
                Step::Flush | Step::Truncate => {
                    if *step == Step::Flush {
                        self.rvm.flush()?;
                    } else {
                        self.rvm.truncate_log()?;
                    }
                    let durable = lazy.drain(..);
                    durable.for_each(|(no, _)| (self.note)(Event::Acknowledged(no)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
