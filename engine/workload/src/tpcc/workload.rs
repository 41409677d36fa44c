//! TPC-C as the runner sees it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::beside::{analyst, scanner};
use super::consistency;
use super::input::{Kind, Session};
use super::keys::TABLES;
use super::load::{Filling, load};
use super::procedure::{Buffers, execute};
use super::random::Nurand;
use super::scale::Scale;
use crate::runner::{Slices, Workload};
use crate::store::{Decision, Store, StoreError, Txn};
use probe::protocol::Finding;

/// TPC-C at some scale, from some seed.
#[derive(Debug)]
pub struct Tpcc {
    scale: Scale,
    seed: u64,
    nurand: Nurand,
    filling: Filling,
    beside: Beside,
    rows_scanned: AtomicU64,
}

/// Who is at work beside the terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nobody, as in the specification.
    Nobody,
    /// Long reports, each snapshot open for so long.
    Analyst(Duration),
    /// Full scans, one begun every so often.
    Scanner(Duration),
}

impl Tpcc {
    /// The same scale and seed mean the same data and the same inputs.
    pub fn new(scale: Scale, seed: u64) -> Self {
        Tpcc {
            scale,
            seed,
            nurand: Nurand::run(seed),
            filling: Filling::default(),
            beside: Beside::Nobody,
            rows_scanned: AtomicU64::new(0),
        }
    }

    /// Loaded this way.
    #[must_use]
    pub fn filled(self, filling: Filling) -> Self {
        Tpcc { filling, ..self }
    }

    /// With somebody beside the terminals.
    #[must_use]
    pub fn with(self, beside: Beside) -> Self {
        Tpcc { beside, ..self }
    }
}

impl Workload for Tpcc {
    const TABLES: &'static [&'static str] = TABLES;
    const KINDS: &'static [&'static str] = Kind::NAMES;
    type Session = Session;
    type Buffers = Buffers;

    fn session(&self, number: u16) -> Session {
        Session::new(&self.scale, self.seed, number)
    }

    #[inline]
    fn draw(&self, session: &mut Session) -> usize {
        session.draw(&self.scale, &self.nurand);
        session.input().kind() as usize
    }

    #[inline]
    fn reads_only(&self, session: &Session) -> bool {
        session.input().kind().reads_only()
    }

    #[inline]
    fn execute<T: Txn>(&self, txn: &mut T, session: &Session, buffers: &mut Buffers) -> Result<Decision, StoreError> {
        execute(txn, &self.scale, session.input(), buffers)
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let scanned = self.rows_scanned.load(Ordering::Relaxed);
        let scans = matches!(self.beside, Beside::Scanner(_));
        scans.then(|| ("scanner.rows".to_owned(), scanned)).into_iter().collect()
    }

    fn rows_estimate(&self) -> u64 {
        self.scale.rows_estimate()
    }

    fn load<S: Store>(&self, store: &S, threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        load(store, &self.scale, self.seed, self.filling, threads, rows)
    }

    fn has_beside(&self) -> bool {
        self.beside != Beside::Nobody
    }

    fn beside<S: Store>(&self, store: &S, slices: &Slices) -> Result<(), StoreError> {
        match self.beside {
            Beside::Nobody => Ok(()),
            Beside::Analyst(hold) => analyst::run(store, slices, hold),
            Beside::Scanner(every) => scanner::run(store, slices, every, &self.rows_scanned),
        }
    }

    fn check<S: Store>(&self, store: &S, _sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        consistency::check(store, &self.scale)
    }
}
