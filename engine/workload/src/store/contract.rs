//! The store-neutral contract.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use probe::driver::Waited;

use super::fill::{Rows, by_transactions};

/// A table, by its place in the list the store was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub usize);

/// Why a transaction did not go through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another transaction was in the way (deadlock or serialization failure). Roll back and run it again.
    #[error("the transaction conflicts with another and must be run again")]
    Conflict,
    /// The store cannot go on; running it again will not help.
    #[error("{0}")]
    Fatal(String),
}

/// A transactional store of ordered tables, shared by all threads.
pub trait Store: Send + Sync + 'static {
    /// What a commit leaves behind until it is durable.
    type Ticket: Send;
    /// One transaction, used by the thread that began it.
    type Txn<'s>: Transaction<Ticket = Self::Ticket>
    where
        Self: 's;

    /// Begins a transaction.
    fn begin(&self) -> Result<Self::Txn<'_>, StoreError>;

    /// Begins a transaction that will only read. Where one transaction writes at a time, readers need not queue for it.
    #[inline]
    fn begin_read(&self) -> Result<Self::Txn<'_>, StoreError> {
        self.begin()
    }

    /// Runs `body` in a transaction of its own and commits it; nothing if it decided otherwise, and an error has undone it.
    #[inline]
    fn transact<B: Body>(&self, reads_only: bool, mut body: B) -> Result<Option<Self::Ticket>, StoreError> {
        let mut txn = if reads_only { self.begin_read()? } else { self.begin()? };
        match body.run(&mut txn) {
            Ok(Decision::Commit) => txn.commit().map(Some),
            Ok(Decision::Rollback) => txn.rollback().map(|()| None),
            Err(error) => txn.rollback().and(Err(error)),
        }
    }

    /// Threads that serve a load best, of `workers` there are: one where one transaction writes at a time.
    fn loaders(&self, workers: usize) -> usize {
        workers
    }

    /// Whether the commit of `ticket` is durable by now. Cheap; starts nothing.
    fn is_durable(&self, ticket: &Self::Ticket) -> Result<bool, StoreError>;

    /// Blocks until the commit of `ticket` is durable.
    fn wait(&self, ticket: &Self::Ticket) -> Result<(), StoreError>;

    /// Tells the store that commits are waiting while the caller has other work to do.
    fn nudge(&self) {}

    /// Fills an empty table from `sources`, in the fastest way that the store has; `filled` counts the rows. As durable as any
    /// other part of a load: after [`Self::end_load`].
    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        by_transactions(self, table, sources, filled)
    }

    /// Makes a checkpoint now, where the store makes such.
    fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends the load: everything is made durable and the asked durability holds from now on.
    fn end_load(&self) -> Result<(), StoreError>;

    /// Ever growing event counts by name, where the store counts.
    fn counters(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }

    /// Checkpoints made so far, where the store makes such. Cheap: it is asked for while a slice runs.
    fn checkpoints(&self) -> u64 {
        0
    }

    /// Waiting so far by cause, ever growing, where the store times it.
    fn waits(&self) -> BTreeMap<String, Waited> {
        BTreeMap::new()
    }

    /// Checks the store's own structures; the error says what is broken.
    fn verify(&self) -> Result<(), String>;

    /// Active improvements by feature name.
    fn features(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes everything durable and closes.
    fn close(self) -> Result<(), StoreError>;
}

/// How a transaction wants to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Keep it.
    Commit,
    /// Undo it: that is its right answer, as for a New-Order with an unknown item.
    Rollback,
}

/// What is done in a transaction, of whatever store it is: a closure, if closures could be generic.
pub trait Body {
    /// Does it, up to the decision.
    fn run<T: Txn>(&mut self, txn: &mut T) -> Result<Decision, StoreError>;
}

/// What can be done in a transaction.
///
/// Rows go through a caller's buffer that is cleared first, so that a warmed-up caller does not allocate.
pub trait Txn {
    /// Reads the row of `key` into `row`; false if there is none.
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError>;

    /// Reads the rows of `keys`, in their order, and hands each to `visit`, if it is there. One by one, unless the store knows
    /// better; `row` is a buffer.
    #[inline]
    fn get_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        mut visit: impl FnMut(&K, Option<&[u8]>),
    ) -> Result<(), StoreError> {
        for key in keys {
            let found = self.get(table, key.as_ref(), row)?;
            visit(key, found.then_some(row));
        }
        Ok(())
    }

    /// Locks and reads the newest committed row of `key`; false if there is none.
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError>;

    /// Locks the row of `key`, lets `change` rewrite it, and stores it; false if there is none.
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError>;

    /// Locks the rows of `keys`, in their order, lets `change` rewrite each, and stores them; how many there were. One by one,
    /// unless the store knows better.
    #[inline]
    fn update_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        mut change: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<usize, StoreError> {
        let mut found = 0;
        for key in keys {
            found += usize::from(self.update(table, key.as_ref(), |row| change(key, row))?);
        }
        Ok(found)
    }

    /// Adds a row. A key that is there already is [`StoreError::Fatal`], or overwritten where it costs the store a read to
    /// find out: the workloads never do that.
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError>;

    /// Adds the rows of `keys`, in their order, as `make` writes each into an empty buffer. One by one, unless the store knows
    /// better; `row` is a buffer.
    #[inline]
    fn insert_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        mut make: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        for key in keys {
            row.clear();
            make(key, row);
            self.insert(table, key.as_ref(), row)?;
        }
        Ok(())
    }

    /// Removes the row of `key`; false if there is none.
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError>;

    /// Visits the rows from `from` (included) to `to` (excluded) in key order until told to stop.
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// A transaction that its owner ends. Dropping it without [`Transaction::commit`] rolls back.
pub trait Transaction: Txn {
    /// See [`Store::Ticket`].
    type Ticket;

    /// Commits. The ticket says when it is durable.
    fn commit(self) -> Result<Self::Ticket, StoreError>;

    /// Undoes everything.
    fn rollback(self) -> Result<(), StoreError>;
}
