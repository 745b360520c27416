//! A small pool of threads that force logs next to the thread that commits, so that a commit over several segments takes one
//! round of forces. The threads start when first needed; without them the logs are forced one after the other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use rvm_log::{LogError, Lsn};

use crate::health::Health;
use crate::log_handle::LogHandle;
use crate::sync::thread::JoinHandle;
use crate::sync::{Condvar, Mutex, spawn};

pub(super) struct Helpers {
    limit: usize,
    health: Arc<Health>,
    queue: Arc<JobQueue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct JobQueue {
    jobs: Mutex<Jobs>,
    added: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    stopped: bool,
}

struct Job {
    health: Arc<Health>,
    log: Arc<LogHandle>,
    target: Lsn,
    round: Arc<Round>,
}

/// The forces of one commit that helpers do.
#[derive(Default)]
struct Round {
    state: Mutex<RoundState>,
    done: Condvar,
}

#[derive(Default)]
struct RoundState {
    left: usize,
    failure: Option<Arc<LogError>>,
}

impl Helpers {
    pub(super) fn new(limit: usize, health: Arc<Health>) -> Self {
        Self { limit, health, queue: Arc::default(), threads: Mutex::default() }
    }

    /// Forces every log up to its target, in parallel.
    ///
    /// # Errors
    /// The first failure of the store. All forces have ended then.
    pub(super) fn force_all(&self, targets: &[(Arc<LogHandle>, Lsn)]) -> Result<(), Arc<LogError>> {
        if let [(only, target)] = targets {
            return only.force_to(*target, &self.health);
        }
        let mut due = targets.iter().filter(|(log, lsn)| log.latch.lock().durable < *lsn);
        let Some((first, first_target)) = due.next() else { return Ok(()) };
        let round = Arc::new(Round::default());
        let mut own_result = Ok(());
        if self.limit == 0 {
            for (log, target) in due {
                own_result = own_result.and(log.force_to(*target, &self.health));
            }
        } else {
            let job = |(log, target): &(Arc<LogHandle>, Lsn)| Job {
                health: Arc::clone(&self.health),
                log: Arc::clone(log),
                target: *target,
                round: Arc::clone(&round),
            };
            self.submit(due.map(job).collect(), &round);
        }
        own_result = first.force_to(*first_target, &self.health).and(own_result);
        // Whatever no helper has taken yet; all of it, if there are no helpers to be had.
        self.queue.work_through(&round);
        let mut state = round.state.lock();
        while state.left > 0 {
            state = round.done.wait(state);
        }
        match state.failure.take() {
            Some(failure) => Err(failure),
            None => own_result,
        }
    }

    fn submit(&self, jobs: Vec<Job>, round: &Round) {
        if jobs.is_empty() {
            return;
        }
        round.state.lock().left = jobs.len();
        self.start_threads(jobs.len());
        self.queue.jobs.lock().waiting.extend(jobs);
        self.queue.added.notify_all();
    }

    /// Starts threads until there are as many as wanted, or the system gives no more.
    fn start_threads(&self, wanted: usize) {
        let mut threads = self.threads.lock();
        while threads.len() < wanted.min(self.limit) {
            let queue = Arc::clone(&self.queue);
            let name = format!("rvm-force-{}", threads.len());
            match spawn(name, move || queue.work()) {
                Ok(thread) => threads.push(thread),
                Err(_) => break,
            }
        }
    }

    /// Ends the threads, once their queue is empty.
    pub(super) fn stop(&self) {
        self.queue.jobs.lock().stopped = true;
        self.queue.added.notify_all();
        for thread in self.threads.lock().drain(..) {
            // A panic in a thread was reported when it happened.
            drop(thread.join());
        }
    }
}

impl JobQueue {
    fn work(&self) {
        loop {
            let mut jobs = self.jobs.lock();
            let job = loop {
                if let Some(job) = jobs.waiting.pop_front() {
                    break job;
                }
                if jobs.stopped {
                    return;
                }
                jobs = self.added.wait(jobs);
            };
            drop(jobs);
            job.run();
        }
    }

    /// Does those jobs of a round that no helper has taken.
    fn work_through(&self, round: &Arc<Round>) {
        while round.state.lock().left > 0 {
            let job = {
                let mut jobs = self.jobs.lock();
                let own = jobs.waiting.iter().position(|job| Arc::ptr_eq(&job.round, round));
                own.and_then(|at| jobs.waiting.remove(at))
            };
            match job {
                Some(job) => job.run(),
                None => return,
            }
        }
    }
}

impl Job {
    fn run(self) {
        let result = self.log.force_to(self.target, &self.health);
        let mut state = self.round.state.lock();
        state.left -= 1;
        state.failure = state.failure.take().or(result.err());
        if state.left == 0 {
            self.round.done.notify_all();
        }
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").field("limit", &self.limit).finish_non_exhaustive()
    }
}
