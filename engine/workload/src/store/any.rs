//! A store of a kind that is not known when the workloads are compiled.
//!
//! Workloads, runner and checks are generic over their store; compiled for [`AnyStore`] they need not be compiled again with
//! every set of the engine's improvements, which is what building such a set would mostly be. The price is an indirect call
//! for each call of a [`Txn`] and for each row of a scan: some nanoseconds, the same whatever is behind it. No allocation: a
//! transaction that a body runs in stays where its store put it.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, DerefMut};
use std::sync::atomic::AtomicU64;

use probe::driver::Waited;

use super::contract::{Body, Decision, Store, StoreError, TableId, Transaction, Txn};
use super::fill::Rows;

/// So many keys are handed on at once.
const KEYS: usize = 16;

/// A ticket that fits into a word.
pub trait Word: Copy {
    /// The word.
    fn to_word(self) -> u64;

    /// The ticket that this word was made of.
    fn from_word(word: u64) -> Self;
}

impl Word for () {
    fn to_word(self) -> u64 {
        0
    }

    fn from_word(_: u64) -> Self {}
}

/// Some store.
pub struct AnyStore(Box<dyn DynStore>);

/// A ticket of some store.
#[derive(Debug, Clone, Copy)]
pub struct AnyTicket(u64);

impl AnyStore {
    /// This one.
    pub fn of<S: Store>(store: S) -> Self
    where
        S::Ticket: Word,
    {
        AnyStore(Box::new(store))
    }
}

impl Store for AnyStore {
    type Ticket = AnyTicket;
    type Txn<'s> = ByCalls<Box<dyn DynTransaction + 's>>;

    fn begin(&self) -> Result<Self::Txn<'_>, StoreError> {
        Ok(ByCalls(self.0.begin(false)?))
    }

    fn begin_read(&self) -> Result<Self::Txn<'_>, StoreError> {
        Ok(ByCalls(self.0.begin(true)?))
    }

    #[inline]
    fn transact<B: Body>(&self, reads_only: bool, mut body: B) -> Result<Option<AnyTicket>, StoreError> {
        let ticket = self.0.transact(reads_only, &mut |txn| body.run(&mut ByCalls(txn)))?;
        Ok(ticket.map(AnyTicket))
    }

    fn loaders(&self, workers: usize) -> usize {
        self.0.loaders(workers)
    }

    #[inline]
    fn is_durable(&self, ticket: &AnyTicket) -> Result<bool, StoreError> {
        self.0.is_durable(ticket.0)
    }

    fn wait(&self, ticket: &AnyTicket) -> Result<(), StoreError> {
        self.0.wait(ticket.0)
    }

    #[inline]
    fn nudge(&self) {
        self.0.nudge();
    }

    fn fill<R: Rows>(&self, table: TableId, sources: Vec<R>, filled: &AtomicU64) -> Result<(), StoreError> {
        let sources = sources.into_iter().map(|source| Box::new(source) as Box<dyn Rows + '_>).collect();
        self.0.fill(table, sources, filled)
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        self.0.checkpoint()
    }

    fn end_load(&self) -> Result<(), StoreError> {
        self.0.end_load()
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        self.0.counters()
    }

    fn checkpoints(&self) -> u64 {
        self.0.checkpoints()
    }

    fn waits(&self) -> BTreeMap<String, Waited> {
        self.0.waits()
    }

    fn verify(&self) -> Result<(), String> {
        self.0.verify()
    }

    fn features(&self) -> Vec<String> {
        self.0.features()
    }

    fn close(self) -> Result<(), StoreError> {
        self.0.close()
    }
}

/// What a body runs in.
type Run<'a> = dyn FnMut(&mut dyn DynTxn) -> Result<Decision, StoreError> + 'a;

/// What visits the rows of a scan.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// [`Store`] without generics.
trait DynStore: Send + Sync {
    fn begin(&self, reads_only: bool) -> Result<Box<dyn DynTransaction + '_>, StoreError>;
    fn transact(&self, reads_only: bool, run: &mut Run<'_>) -> Result<Option<u64>, StoreError>;
    fn loaders(&self, workers: usize) -> usize;
    fn is_durable(&self, ticket: u64) -> Result<bool, StoreError>;
    fn wait(&self, ticket: u64) -> Result<(), StoreError>;
    fn nudge(&self);
    fn fill(&self, table: TableId, sources: Vec<Box<dyn Rows + '_>>, filled: &AtomicU64) -> Result<(), StoreError>;
    fn checkpoint(&self) -> Result<(), StoreError>;
    fn end_load(&self) -> Result<(), StoreError>;
    fn counters(&self) -> BTreeMap<String, u64>;
    fn checkpoints(&self) -> u64;
    fn waits(&self) -> BTreeMap<String, Waited>;
    fn verify(&self) -> Result<(), String>;
    fn features(&self) -> Vec<String>;
    fn close(self: Box<Self>) -> Result<(), StoreError>;
}

impl<S: Store> DynStore for S
where
    S::Ticket: Word,
{
    fn begin(&self, reads_only: bool) -> Result<Box<dyn DynTransaction + '_>, StoreError> {
        Ok(Box::new(if reads_only { self.begin_read()? } else { Store::begin(self)? }))
    }

    fn transact(&self, reads_only: bool, run: &mut Run<'_>) -> Result<Option<u64>, StoreError> {
        Ok(Store::transact(self, reads_only, run)?.map(Word::to_word))
    }

    fn loaders(&self, workers: usize) -> usize {
        Store::loaders(self, workers)
    }

    fn is_durable(&self, ticket: u64) -> Result<bool, StoreError> {
        Store::is_durable(self, &S::Ticket::from_word(ticket))
    }

    fn wait(&self, ticket: u64) -> Result<(), StoreError> {
        Store::wait(self, &S::Ticket::from_word(ticket))
    }

    fn nudge(&self) {
        Store::nudge(self);
    }

    fn fill(&self, table: TableId, sources: Vec<Box<dyn Rows + '_>>, filled: &AtomicU64) -> Result<(), StoreError> {
        Store::fill(self, table, sources, filled)
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        Store::checkpoint(self)
    }

    fn end_load(&self) -> Result<(), StoreError> {
        Store::end_load(self)
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        Store::counters(self)
    }

    fn checkpoints(&self) -> u64 {
        Store::checkpoints(self)
    }

    fn waits(&self) -> BTreeMap<String, Waited> {
        Store::waits(self)
    }

    fn verify(&self) -> Result<(), String> {
        Store::verify(self)
    }

    fn features(&self) -> Vec<String> {
        Store::features(self)
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        Store::close(*self)
    }
}

impl Body for &mut Run<'_> {
    fn run<T: Txn>(&mut self, txn: &mut T) -> Result<Decision, StoreError> {
        self(txn)
    }
}

/// A key, by its place among those that were given.
#[derive(Clone, Copy)]
pub struct Placed<'k> {
    key: &'k [u8],
    at: usize,
}

impl AsRef<[u8]> for Placed<'_> {
    fn as_ref(&self) -> &[u8] {
        self.key
    }
}

/// [`Txn`] without generics.
pub trait DynTxn {
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError>;
    fn get_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        row: &mut Vec<u8>,
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StoreError>;
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError>;
    fn update(&mut self, table: TableId, key: &[u8], change: &mut dyn FnMut(&mut Vec<u8>)) -> Result<bool, StoreError>;
    fn update_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        change: &mut dyn FnMut(usize, &mut Vec<u8>),
    ) -> Result<usize, StoreError>;
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError>;
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError>;
    fn scan(&mut self, table: TableId, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError>;
}

impl<T: Txn> DynTxn for T {
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        Txn::get(self, table, key, row)
    }

    fn get_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        row: &mut Vec<u8>,
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StoreError> {
        Txn::get_many(self, table, keys, row, |key, row| visit(key.at, row))
    }

    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        Txn::get_for_update(self, table, key, row)
    }

    fn update(&mut self, table: TableId, key: &[u8], change: &mut dyn FnMut(&mut Vec<u8>)) -> Result<bool, StoreError> {
        Txn::update(self, table, key, change)
    }

    fn update_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        change: &mut dyn FnMut(usize, &mut Vec<u8>),
    ) -> Result<usize, StoreError> {
        Txn::update_many(self, table, keys, |key, row| change(key.at, row))
    }

    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        Txn::insert(self, table, key, row)
    }

    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        Txn::delete(self, table, key)
    }

    fn scan(&mut self, table: TableId, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        Txn::scan(self, table, from, to, visit)
    }
}

/// [`Transaction`] without generics.
pub trait DynTransaction: DynTxn {
    fn commit(self: Box<Self>) -> Result<u64, StoreError>;
    fn rollback(self: Box<Self>) -> Result<(), StoreError>;
}

impl<T: Transaction> DynTransaction for T
where
    T::Ticket: Word,
{
    fn commit(self: Box<Self>) -> Result<u64, StoreError> {
        Ok(Transaction::commit(*self)?.to_word())
    }

    fn rollback(self: Box<Self>) -> Result<(), StoreError> {
        Transaction::rollback(*self)
    }
}

/// A transaction that is reached by indirect calls.
pub struct ByCalls<P>(P);

impl<P: DerefMut<Target: DynTxn>> Txn for ByCalls<P> {
    #[inline]
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.0.get(table, key, row)
    }

    fn get_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        mut visit: impl FnMut(&K, Option<&[u8]>),
    ) -> Result<(), StoreError> {
        keys.chunks(KEYS).try_for_each(|keys| {
            let (placed, visit) = (placed(keys), &mut |at: usize, row: Option<&[u8]>| visit(&keys[at], row));
            self.0.get_many(table, &placed[..keys.len()], row, visit)
        })
    }

    #[inline]
    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.0.get_for_update(table, key, row)
    }

    #[inline]
    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let mut change = Some(change);
        self.0.update(table, key, &mut |row| {
            if let Some(change) = change.take() {
                change(row);
            }
        })
    }

    fn update_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        mut change: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<usize, StoreError> {
        keys.chunks(KEYS).try_fold(0, |found, keys| {
            let (placed, change) = (placed(keys), &mut |at: usize, row: &mut Vec<u8>| change(&keys[at], row));
            Ok(found + self.0.update_many(table, &placed[..keys.len()], change)?)
        })
    }

    #[inline]
    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.0.insert(table, key, row)
    }

    #[inline]
    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        self.0.delete(table, key)
    }

    #[inline]
    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.0.scan(table, from, to, &mut visit)
    }
}

impl<'s> Transaction for ByCalls<Box<dyn DynTransaction + 's>> {
    type Ticket = AnyTicket;

    fn commit(self) -> Result<AnyTicket, StoreError> {
        self.0.commit().map(AnyTicket)
    }

    fn rollback(self) -> Result<(), StoreError> {
        self.0.rollback()
    }
}

/// At most [`KEYS`] of them, without asking for memory.
fn placed<K: AsRef<[u8]>>(keys: &[K]) -> [Placed<'_>; KEYS] {
    std::array::from_fn(|at| Placed { key: keys.get(at).map_or(&[], AsRef::as_ref), at })
}
