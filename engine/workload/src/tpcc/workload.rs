//! TPC-C as the runner sees it.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::input::{Kind, Session};
use super::keys::TABLES;
use super::procedure::{Buffers, execute};
use super::random::Nurand;
use super::scale::Scale;
use super::{analyst, consistency, load};
use crate::runner::{Decision, Slices, Workload};
use crate::store::{Store, StoreError, Txn};
use probe::protocol::Finding;

/// TPC-C at some scale, from some seed.
#[derive(Debug)]
pub struct Tpcc {
    scale: Scale,
    seed: u64,
    nurand: Nurand,
    /// How long the analyst holds each snapshot, if there is one.
    analyst: Option<Duration>,
}

impl Tpcc {
    /// The same scale and seed mean the same data and the same inputs.
    pub fn new(scale: Scale, seed: u64) -> Self {
        Tpcc { scale, seed, nurand: Nurand::run(seed), analyst: None }
    }

    /// With an analyst beside the terminals, who holds each snapshot for so long.
    #[must_use]
    pub fn with_analyst(self, hold: Duration) -> Self {
        Tpcc { analyst: Some(hold), ..self }
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

    fn rows_estimate(&self) -> u64 {
        self.scale.rows_estimate()
    }

    fn load<S: Store>(&self, store: &S, threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        load(store, &self.scale, self.seed, threads, rows)
    }

    fn has_beside(&self) -> bool {
        self.analyst.is_some()
    }

    fn beside<S: Store>(&self, store: &S, slices: &Slices) -> Result<(), StoreError> {
        self.analyst.map_or(Ok(()), |hold| analyst::run(store, slices, hold))
    }

    fn check<S: Store>(&self, store: &S, _sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        consistency::check(store, &self.scale)
    }
}
