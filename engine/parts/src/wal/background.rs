//! A thread that sleeps until it is wanted.
//!
//! It takes part in no protocol that could lose a wake-up: `raise` sets a flag before it unparks, and the
//! thread clears the flag before it runs the job. These are std's threads also under loom, which models the
//! ring and the wait list, not the clock.

use crate::io::{IoAction, IoError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A background thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Background {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

/// What the job sees of the outside.
#[derive(Debug, Default)]
pub(super) struct Signal {
    raised: AtomicBool,
    stop: AtomicBool,
}

impl Background {
    /// Starts a thread that runs `job` once after each `raise` (several may be served by one run).
    pub(super) fn spawn(name: &str, mut job: impl FnMut(&Signal) + Send + 'static) -> Result<Background, IoError> {
        let signal = Arc::new(Signal::default());
        let seen = signal.clone();
        let run = move || {
            while !seen.stopping() {
                if seen.raised.swap(false, SeqCst) {
                    job(&seen);
                } else {
                    thread::park();
                }
            }
        };
        let started = thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = started.map_err(|e| IoError::new(IoAction::Create, &format!("thread {name}"), e))?;
        Ok(Background { signal, thread: Some(thread) })
    }

    /// Asks for a run of the job. Cheap if one is already asked for.
    #[inline]
    pub(super) fn raise(&self) {
        if !self.signal.raised.load(SeqCst) && !self.signal.raised.swap(true, SeqCst) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Signal {
    /// Sleeps until `deadline`, or until the thread shall end.
    pub(super) fn pause_until(&self, deadline: Instant) {
        while !self.stopping() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return;
            }
            thread::park_timeout(left);
        }
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.load(SeqCst)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.signal.stop.store(true, SeqCst);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            // A panic in the job was already reported by its thread.
            let _ = thread.join();
        }
    }
}
