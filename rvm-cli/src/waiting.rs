//! Waiting for events, up to a moment, as long as the user does not interrupt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// How long an interruption may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Whether the user wants an end: Ctrl-C, or a signal that asks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

/// What ended a wait.
#[derive(Debug)]
pub(crate) enum Woken<T> {
    /// This happened.
    Event(T),
    /// The moment has come.
    Time,
    /// The user wants an end.
    Interrupted,
}

impl Interrupt {
    /// From now on, Ctrl-C no longer ends this process at once.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, Arc::clone(&interrupt.0)).map_err(Failure::Signals)?;
        }
        Ok(interrupt)
    }

    /// Whether the user wants an end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits until a moment; true if the user wants an end.
    pub(crate) fn pause(&self, until: Instant) -> bool {
        while !self.is_set() {
            match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return false,
                left => std::thread::sleep(left.min(SLICE)),
            }
        }
        true
    }

    /// Waits for an event.
    pub(crate) fn wait<T>(&self, events: &Receiver<T>, until: Instant) -> Woken<T> {
        loop {
            if self.is_set() {
                return Woken::Interrupted;
            }
            let left = until.saturating_duration_since(Instant::now());
            match events.recv_timeout(left.min(SLICE)) {
                Ok(event) => return Woken::Event(event),
                Err(RecvTimeoutError::Timeout) if left > SLICE => {}
                // Who could still tell something is gone, so nothing will come.
                Err(_) => return Woken::Time,
            }
        }
    }
}
