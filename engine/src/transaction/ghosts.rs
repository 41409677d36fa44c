//! Rows that are marked as deleted and wait for their removal.
//!
//! A committed deletion puts its key here, in the order of commits; vacuum takes from the front what no snapshot can see
//! any more. The list lives in memory only: ghosts of an earlier life of the database are noted by the scans that meet
//! them. So a ghost that nobody ever passes stays, and costs nobody but the page it lies in.

use std::collections::VecDeque;

use super::stamp::Ts;
use super::txn::TableId;
use crate::memory::pool::{AnyPool as _, BytePool};
use crate::metrics::Metrics;
use crate::select;
use crate::sync::{Arc, Mutex};

/// How many ghosts of earlier lives are remembered at one time; scans will meet the others again.
const FOUND_MAX: usize = 16 * 1024;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Ghosts {
    pool: select::Pool<[u8]>,
    waiting: Mutex<VecDeque<Ghost>>,
    found: Mutex<Vec<Ghost>>,
}

/// A deleted row.
#[derive(Debug)]
pub(super) struct Ghost {
    /// When the deletion was committed.
    pub(super) ts: Ts,
    pub(super) table: TableId,
    pub(super) key: <select::Pool<[u8]> as BytePool>::Bytes,
}

impl Ghosts {
    pub(super) fn new(metrics: &Arc<Metrics>) -> Self {
        Self { pool: select::Pool::new(metrics), waiting: Mutex::default(), found: Mutex::default() }
    }

    /// A deletion was committed at `ts`.
    pub(super) fn push(&self, ts: Ts, table: TableId, key: &[u8]) {
        let key = self.pool.copy(key);
        self.waiting.lock().push_back(Ghost { ts, table, key });
    }

    /// A scan met a ghost of an earlier life.
    pub(super) fn note_found(&self, table: TableId, key: &[u8]) {
        let mut found = self.found.lock();
        let again = found.last().is_some_and(|last| last.table == table && *last.key == *key);
        if !again && found.len() < FOUND_MAX {
            found.push(Ghost { ts: Ts(0), table, key: self.pool.copy(key) });
        }
    }

    /// Takes a ghost that is invisible to every snapshot from `oldest` on.
    pub(super) fn pop(&self, oldest: Ts) -> Option<Ghost> {
        if let Some(ghost) = self.found.lock().pop() {
            return Some(ghost);
        }
        let mut waiting = self.waiting.lock();
        // Commits of several threads may stand here slightly out of order: one too young at the front holds the others
        // back until the next round.
        if waiting.front()?.ts <= oldest { waiting.pop_front() } else { None }
    }
}
