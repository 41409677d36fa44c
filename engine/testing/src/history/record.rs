//! Writing down a history while it happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It read the list at `key`.
    Read {
        /// Which list.
        key: u64,
        /// What was in it.
        list: Vec<u64>,
    },
    /// It appended `value` to the list at `key`.
    Append {
        /// Which list.
        key: u64,
        /// A number that is appended nowhere else.
        value: u64,
    },
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was acknowledged.
    Committed,
    /// It was rolled back, or refused.
    Aborted,
    /// Nobody can say: its answer never came.
    Unknown,
}

/// A transaction that is over.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) begun: u64,
    pub(super) over: u64,
    pub(super) events: Vec<Event>,
    pub(super) ending: Ending,
}

/// The transactions of a run, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub(super) transactions: Vec<Done>,
}

impl History {
    /// How many transactions were acknowledged.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.transactions.iter().filter(|done| done.ending == Ending::Committed).count()
    }
}

/// Collects a history from any number of threads.
#[derive(Debug, Default)]
pub struct Recorder {
    /// A clock of events, not of seconds: what ended before another began has the smaller number.
    clock: AtomicU64,
    done: Mutex<Vec<Done>>,
}

/// A transaction under way.
#[derive(Debug)]
#[must_use = "a transaction without an end is not in the history"]
pub struct Running {
    begun: u64,
    events: Vec<Event>,
}

impl Recorder {
    /// To be called before the transaction begins.
    pub fn begin(&self) -> Running {
        Running { begun: self.clock.fetch_add(1, Ordering::SeqCst), events: Vec::new() }
    }

    /// To be called after the transaction's end is known.
    pub fn end(&self, running: Running, ending: Ending) {
        let Running { begun, events } = running;
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let over = self.clock.fetch_add(1, Ordering::SeqCst);
        done.push(Done { begun, over, events, ending });
    }

    /// All that ended.
    pub fn history(self) -> History {
        History { transactions: self.done.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Running {
    /// The list at `key` was read and was `list`.
    pub fn read(&mut self, key: u64, list: &[u64]) {
        self.events.push(Event::Read { key, list: list.to_vec() });
    }

    /// `value` was appended to the list at `key`.
    pub fn append(&mut self, key: u64, value: u64) {
        self.events.push(Event::Append { key, value });
    }
}
