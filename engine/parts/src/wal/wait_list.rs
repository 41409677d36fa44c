//! Who waits for which LSN. Waiters are woken in LSN order, each once, by the one who made them durable.

use crate::io::Lsn;
use crate::sync::Mutex;
use crate::sync::thread::{self, Thread};
use std::collections::BTreeMap;

/// Sleeping sessions by the position they wait for.
#[derive(Debug, Default)]
pub struct WaitList {
    waiters: Mutex<Waiters>,
}

/// A place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitKey {
    lsn: Lsn,
    /// Tells waiters for the same position apart.
    nth: u64,
}

#[derive(Debug, Default)]
struct Waiters {
    by_lsn: BTreeMap<WaitKey, Thread>,
    next: u64,
}

impl WaitList {
    /// An empty list.
    pub fn new() -> WaitList {
        WaitList::default()
    }

    /// Enters the calling thread. It must look once more whether it need sleep, then `thread::park()`, and
    /// [`leave`](Self::leave) when it wakes, for whatever reason.
    pub fn enter(&self, lsn: Lsn) -> WaitKey {
        let mut waiters = self.waiters.lock();
        waiters.next += 1;
        let key = WaitKey { lsn, nth: waiters.next };
        waiters.by_lsn.insert(key, thread::current());
        key
    }

    /// Takes a place back, if it is still there.
    pub fn leave(&self, key: WaitKey) {
        self.waiters.lock().by_lsn.remove(&key);
    }

    /// Wakes everybody who waits for `durable` or less, and one more: the next in line, who finds that nobody
    /// is writing and leads the next batch.
    pub fn wake_up_to(&self, durable: Lsn) {
        let mut woken = Vec::new();
        let mut waiters = self.waiters.lock();
        while let Some(entry) = waiters.by_lsn.first_entry() {
            let served = entry.key().lsn <= durable;
            woken.push(entry.remove());
            if !served {
                break;
            }
        }
        // Whoever wakes comes for the lock first.
        drop(waiters);
        woken.into_iter().for_each(|thread| thread.unpark());
    }

    /// Wakes everybody: the log has failed.
    pub fn wake_all(&self) {
        let waiters = std::mem::take(&mut self.waiters.lock().by_lsn);
        waiters.into_values().for_each(|thread| thread.unpark());
    }
}
