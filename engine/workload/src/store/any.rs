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
    fn insert_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        row: &mut Vec<u8>,
        make: &mut dyn FnMut(usize, &mut Vec<u8>),
    ) -> Result<(), StoreError>;
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

    fn insert_many(
        &mut self,
        table: TableId,
        keys: &[Placed<'_>],
        row: &mut Vec<u8>,
        make: &mut dyn FnMut(usize, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        Txn::insert_many(self, table, keys, row, |key, row| make(key.at, row))
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

    fn insert_many<K: AsRef<[u8]>>(
        &mut self,
        table: TableId,
        keys: &[K],
        row: &mut Vec<u8>,
        mut make: impl FnMut(&K, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        keys.chunks(KEYS).try_for_each(|keys| {
            let (placed, make) = (placed(keys), &mut |at: usize, row: &mut Vec<u8>| make(&keys[at], row));
            self.0.insert_many(table, &placed[..keys.len()], row, make)
        })
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

#[cfg(test)]
mod tests {
    // Not all of this module: its traits have the names of the store's calls.
    use std::ops::ControlFlow;

    use super::{AnyStore, KEYS};
    use crate::store::{Body, Decision, MemoryStore, Store, StoreError, TableId, Transaction, Txn};

    const T: TableId = TableId(0);

    /// Doubles every row whose key is given, reads them again, and decides.
    struct Doubling<'a> {
        keys: &'a [[u8; 1]],
        seen: &'a mut Vec<(u8, Option<u8>)>,
        decision: Decision,
    }

    impl Body for Doubling<'_> {
        fn run<X: Txn>(&mut self, txn: &mut X) -> Result<Decision, StoreError> {
            let found = txn.update_many(T, self.keys, |key, row| {
                assert_eq!(key[0], row[0], "a row and its key");
                row[1] *= 2;
            })?;
            txn.get_many(T, self.keys, &mut Vec::new(), |key, row| self.seen.push((key[0], row.map(|row| row[1]))))?;
            assert_eq!(found, self.seen.iter().filter(|(_, row)| row.is_some()).count());
            Ok(self.decision)
        }
    }

    fn filled() -> AnyStore {
        let store = AnyStore::of(MemoryStore::new(&["t"]));
        let mut txn = store.begin().unwrap();
        let keys: Vec<[u8; 1]> = (0..100).map(|key| [key]).collect();
        txn.insert_many(T, &keys, &mut vec![7], |key, row| row.extend([key[0], 1])).unwrap();
        store.wait(&txn.commit().unwrap()).unwrap();
        store
    }

    #[test]
    fn more_keys_than_are_handed_on_at_once_come_in_their_order() {
        let store = filled();
        // Some are not there; more than twice as many as go at once.
        let keys: Vec<[u8; 1]> = (0..3 * KEYS as u8 + 1).rev().map(|key| [key * 3]).collect();
        for (decision, factor) in [(Decision::Rollback, 2), (Decision::Commit, 2), (Decision::Commit, 4)] {
            let mut seen = Vec::new();
            let ticket = store.transact(false, Doubling { keys: &keys, seen: &mut seen, decision }).unwrap();
            assert_eq!(ticket.is_some(), decision == Decision::Commit);
            let expected: Vec<_> = keys.iter().map(|key| (key[0], (key[0] < 100).then_some(factor))).collect();
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_transaction_that_is_owned_does_what_the_store_does() {
        let store = filled();
        let (mut txn, mut row) = (store.begin().unwrap(), Vec::new());
        assert!(txn.get(T, &[7], &mut row).unwrap() && row == [7, 1]);
        assert!(txn.get_for_update(T, &[8], &mut row).unwrap() && row == [8, 1]);
        assert!(txn.update(T, &[7], |row| row.push(9)).unwrap() && !txn.update(T, &[200], |_| ()).unwrap());
        assert!(txn.delete(T, &[8]).unwrap() && !txn.delete(T, &[8]).unwrap());
        let mut seen = Vec::new();
        let visit = |key: &[u8], row: &[u8]| {
            seen.push((key[0], row.len()));
            if seen.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        txn.scan(T, &[6], &[100], visit).unwrap();
        assert_eq!(seen, [(6, 2), (7, 3), (9, 2)]);
        txn.rollback().unwrap();
        let mut txn = store.begin_read().unwrap();
        assert!(txn.get(T, &[8], &mut row).unwrap(), "what was rolled back is as before");
        assert!(matches!(txn.insert(T, &[8], &[]), Err(StoreError::Fatal(_))));
        drop(txn);
        assert!(store.verify().is_ok() && store.loaders(3) == 3 && store.features().is_empty());
        store.close().unwrap();
    }
}
