//! Many logical transactions in one write transaction: one sync, and one round of copied pages, for up to 64 of them.
//!
//! ```text
//!   session 1  begin … commit ─▶ ticket 7 ┐
//!   session 2  begin … commit ─▶ ticket 7 ├ all in write transaction 7
//!   session 3  begin … rollback: its writes are undone, inside it
//!                  …                      ┘
//!   the worker has no other session to run, or it is full: commit 7, and everybody's commit is durable
//! ```
//! The queue is the runner's: sessions whose commit is not yet durable wait with their tickets while the worker runs the
//! others. So no transaction is handed from thread to thread, and nobody waits for a batch to fill. Transactions that only
//! read take a snapshot, as in any use of such a store; what they see was committed, and with it durable.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use engine_workload::store::{Rows, Store, StoreError, TableId, Transaction, Txn};

use super::contract::{OneWriter, Reads, Writes, fatal};
use super::thread_bound::ThreadBound;
use super::undo::Undo;

/// Most logical transactions of a write transaction.
pub const BATCH_MAX: u64 = 64;

/// A store with one writer, whose write transactions take in many logical ones.
pub struct Batched<S: OneWriter> {
    state: Mutex<State<S::Write>>,
    /// A batch has ended.
    ended: Condvar,
    /// Batches up to this number are durable.
    durable: AtomicU64,
    loading: AtomicBool,
    batches: AtomicU64,
    members: AtomicU64,
    store: S,
}

struct State<W> {
    open: Option<Batch<W>>,
    /// Of the logical transaction that is under way.
    undo: Undo,
    /// A commit failed: what the sessions waited for is lost.
    failed: bool,
}

struct Batch<W> {
    number: u64,
    txn: ThreadBound<W>,
    /// Logical transactions that are committed in it.
    members: u64,
}

/// A transaction of [`Batched`].
pub enum BatchedTxn<'s, S: OneWriter> {
    /// A snapshot.
    Read(S::Read<'s>),
    /// One of the batch.
    Write(Member<'s, S>),
}

/// A logical transaction inside the open batch; while it lasts it has the batch to itself.
pub struct Member<'s, S: OneWriter> {
    store: &'s Batched<S>,
    state: MutexGuard<'s, State<S::Write>>,
    ended: bool,
}

impl<S: OneWriter> Batched<S> {
    /// Batches on top of `store`.
    pub fn new(store: S) -> Self {
        Batched {
            state: Mutex::new(State { open: None, undo: Undo::default(), failed: false }),
            ended: Condvar::new(),
            durable: AtomicU64::new(0),
            loading: AtomicBool::new(true),
            batches: AtomicU64::new(0),
            members: AtomicU64::new(0),
            store,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<S::Write>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread has a batch open.
    fn mine(&self) -> MutexGuard<'_, State<S::Write>> {
        let mut state = self.state();
        while state.open.as_ref().is_some_and(|batch| !batch.txn.is_mine()) {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Commits the open batch, which is the caller's.
    fn end(&self, state: &mut State<S::Write>) -> Result<(), StoreError> {
        let Some(batch) = state.open.take() else { return Ok(()) };
        let (number, members) = (batch.number, batch.members);
        let outcome = batch.txn.into_inner().commit();
        match &outcome {
            Ok(()) => {
                self.batches.fetch_add(1, Ordering::Relaxed);
                self.members.fetch_add(members, Ordering::Relaxed);
                self.durable.store(number, Ordering::Release);
            }
            Err(_) => state.failed = true,
        }
        self.ended.notify_all();
        outcome
    }
}

impl<S: OneWriter> Store for Batched<S> {
    type Ticket = u64;
    type Txn<'s> = BatchedTxn<'s, S>;

    fn begin(&self) -> Result<BatchedTxn<'_, S>, StoreError> {
        let mut state = self.mine();
        if state.failed {
            return Err(lost());
        }
        if state.open.is_none() {
            let txn = ThreadBound::new(self.store.write()?);
            state.open = Some(Batch { number: self.durable.load(Ordering::Relaxed) + 1, txn, members: 0 });
        }
        Ok(BatchedTxn::Write(Member { store: self, state, ended: false }))
    }

    fn begin_read(&self) -> Result<BatchedTxn<'_, S>, StoreError> {
        self.store.read().map(BatchedTxn::Read)
    }

    fn loaders(&self, _workers: usize) -> usize {
        1
    }

    fn is_durable(&self, ticket: &u64) -> Result<bool, StoreError> {
        Ok(self.durable.load(Ordering::Acquire) >= *ticket)
    }

    fn wait(&self, ticket: &u64) -> Result<(), StoreError> {
        while !self.is_durable(ticket)? {
            let mut state = self.state();
            if state.failed {
                return Err(lost());
            }
            match &state.open {
                Some(batch) if batch.txn.is_mine() => self.end(&mut state)?,
                Some(_) => drop(self.ended.wait(state).unwrap_or_else(PoisonError::into_inner)),
                None => {}
            }
        }
        Ok(())
    }

    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        sources.into_iter().try_for_each(|rows| self.store.fill(table, rows, filled))
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.loading.store(false, Ordering::Relaxed);
        self.store.end_load()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let mut counters = self.store.counters();
        counters.insert("batch.commits".to_owned(), self.batches.load(Ordering::Relaxed));
        counters.insert("batch.members".to_owned(), self.members.load(Ordering::Relaxed));
        counters
    }

    fn verify(&self) -> Result<(), String> {
        self.store.verify()
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<'s, S: OneWriter> BatchedTxn<'s, S> {
    fn member(&mut self) -> Result<&mut Member<'s, S>, StoreError> {
        match self {
            BatchedTxn::Read(_) => Err(fatal("a transaction that only reads cannot write")),
            BatchedTxn::Write(member) => Ok(member),
        }
    }
}

impl<S: OneWriter> Txn for BatchedTxn<'_, S> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        match self {
            BatchedTxn::Read(txn) => txn.get(table, key, row),
            BatchedTxn::Write(member) => member.parts()?.0.get(table, key, row),
        }
    }

    #[inline]
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.member()?.parts()?.0.get(table, key, row)
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let (txn, undo) = self.member()?.parts()?;
        txn.update(table, key, |row| {
            undo.present(table, key, row);
            change(row);
        })
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let (txn, undo) = self.member()?.parts()?;
        txn.insert(table, key, row)?;
        undo.absent(table, key);
        Ok(())
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        let (txn, undo) = self.member()?.parts()?;
        super::with_scratch(|row| {
            if !txn.get(table, key, row)? {
                return Ok(false);
            }
            undo.present(table, key, row);
            txn.delete(table, key)
        })
    }

    #[inline]
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            BatchedTxn::Read(txn) => txn.scan(table, from, to, visit),
            BatchedTxn::Write(member) => member.parts()?.0.scan(table, from, to, visit),
        }
    }
}

impl<S: OneWriter> Transaction for BatchedTxn<'_, S> {
    type Ticket = u64;

    fn commit(self) -> Result<u64, StoreError> {
        match self {
            // What was read is durable.
            BatchedTxn::Read(_) => Ok(0),
            BatchedTxn::Write(member) => member.commit(),
        }
    }

    fn rollback(self) -> Result<(), StoreError> {
        match self {
            BatchedTxn::Read(_) => Ok(()),
            BatchedTxn::Write(mut member) => member.undo(),
        }
    }
}

impl<S: OneWriter> Member<'_, S> {
    /// The write transaction, and where the rows before are kept.
    fn parts(&mut self) -> Result<(&mut S::Write, &mut Undo), StoreError> {
        let State { open, undo, .. } = &mut *self.state;
        let batch = open.as_mut().ok_or_else(lost)?;
        Ok((batch.txn.get(), undo))
    }

    fn commit(mut self) -> Result<u64, StoreError> {
        self.ended = true;
        let state = &mut *self.state;
        state.undo.forget();
        let batch = state.open.as_mut().ok_or_else(lost)?;
        batch.members += 1;
        let number = batch.number;
        // The rows of one loading transaction are many; a batch of them would not fit any cache.
        if batch.members == BATCH_MAX || self.store.loading.load(Ordering::Relaxed) {
            self.store.end(state)?;
        }
        Ok(number)
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.ended = true;
        let State { open, undo, failed } = &mut *self.state;
        let batch = open.as_mut().ok_or_else(lost)?;
        if batch.members > 0 {
            let outcome = undo.apply(batch.txn.get());
            *failed |= outcome.is_err();
            return outcome;
        }
        // Alone in its batch, which nobody would come back to end.
        undo.forget();
        *open = None;
        self.store.ended.notify_all();
        Ok(())
    }
}

impl<S: OneWriter> Drop for Member<'_, S> {
    fn drop(&mut self) {
        if !self.ended {
            // A failure is kept in the state, and told to the next who comes.
            let _ = self.undo();
        }
    }
}

fn lost() -> StoreError {
    fatal("a batch could not be committed: its transactions are lost")
}
