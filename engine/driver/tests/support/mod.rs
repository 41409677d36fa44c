//! What the engine's tests share: a script of transactions that runs the same on any store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::api::{Durability, Options};
use engine::io::Vfs;
use engine::transaction::wal::CommitLog;
use engine_driver::EngineStore;
use engine_workload::runner::{Workload, state_digest};
use engine_workload::store::{Decision, MemoryStore, Store, StoreError, Transaction};
use engine_workload::tpcc::{Scale, Tpcc, keys};

/// Small files and a small cache, no threads of its own: what is written when depends on the script alone.
pub(crate) fn small_options() -> Options {
    Options {
        durability: Durability::Full,
        pool_bytes: 2 << 20,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        checkpoint_wal_bytes: 1 << 20,
        background: false,
        ..Options::default()
    }
}

pub(crate) fn open<L: CommitLog>(vfs: Arc<dyn Vfs>, options: Options) -> EngineStore<L> {
    EngineStore::open(vfs, options, keys::TABLES).unwrap_or_else(|error| panic!("the database does not open: {error}"))
}

pub(crate) fn digest<S: Store>(store: &S) -> String {
    state_digest(store, keys::TABLES.len()).unwrap()
}

/// A few terminals that take turns on one thread.
pub(crate) struct Script {
    pub(crate) workload: Tpcc,
    sessions: Vec<<Tpcc as Workload>::Session>,
    buffers: <Tpcc as Workload>::Buffers,
    turn: usize,
}

impl Script {
    pub(crate) fn new(scale: Scale, seed: u64, sessions: u16) -> Self {
        let workload = Tpcc::new(scale, seed);
        let sessions = (0..sessions).map(|number| workload.session(number)).collect();
        Script { workload, sessions, buffers: Default::default(), turn: 0 }
    }

    pub(crate) fn load<S: Store>(&self, store: &S) {
        self.workload.load(store, 1, &AtomicU64::new(0)).unwrap();
        store.end_load().unwrap();
    }

    /// Runs the next transaction. `None`: it rolled itself back.
    pub(crate) fn step<S: Store>(&mut self, store: &S) -> Result<Option<S::Ticket>, StoreError> {
        let count = self.sessions.len();
        let session = &mut self.sessions[self.turn % count];
        self.turn += 1;
        self.workload.draw(session);
        let mut txn = store.begin()?;
        match self.workload.execute(&mut txn, session, &mut self.buffers)? {
            Decision::Commit => txn.commit().map(Some),
            Decision::Rollback => txn.rollback().map(|()| None),
        }
    }
}

/// The states that the script's commits go through on the reference store: the loaded one, then one per commit.
pub(crate) fn states(scale: Scale, seed: u64, sessions: u16, commits: usize) -> Vec<String> {
    let store = MemoryStore::new(keys::TABLES);
    let mut script = Script::new(scale, seed, sessions);
    script.load(&store);
    let mut states = vec![digest(&store)];
    while states.len() <= commits {
        if script.step(&store).unwrap().is_some() {
            states.push(digest(&store));
        }
    }
    states
}
