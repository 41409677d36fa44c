//! Filling a table: by transactions, unless the store has a faster way.

use std::sync::atomic::{AtomicU64, Ordering};

use super::contract::{Store, StoreError, TableId, Transaction, Txn};

/// Rows of one transaction of a load, and between two reports of its progress.
const ROWS_PER_TXN: u64 = 1000;

/// Rows to fill a table with, by ascending keys. Several sources of one table follow one another.
pub trait Rows: Send {
    /// A key that is not above the source's first, and above all of the source before.
    fn first_key(&self) -> Vec<u8>;

    /// Writes the next row over `key` and `row`; false if there are no more.
    fn next(&mut self, key: &mut Vec<u8>, row: &mut Vec<u8>) -> bool;
}

/// So that sources of many kinds are filled in by the same code.
impl<R: Rows + ?Sized> Rows for Box<R> {
    fn first_key(&self) -> Vec<u8> {
        (**self).first_key()
    }

    fn next(&mut self, key: &mut Vec<u8>, row: &mut Vec<u8>) -> bool {
        (**self).next(key, row)
    }
}

/// Hands every row to `take`, in one call of `begin` after the other with [`ROWS_PER_TXN`] of them, and counts those in
/// `filled` that were ended by `end`.
pub fn in_groups<R: Rows, G>(
    mut rows: R,
    filled: &AtomicU64,
    mut begin: impl FnMut() -> Result<G, StoreError>,
    mut take: impl FnMut(&mut G, &[u8], &[u8]) -> Result<(), StoreError>,
    mut end: impl FnMut(G) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (mut key, mut row) = (Vec::new(), Vec::new());
    let mut more = rows.next(&mut key, &mut row);
    while more {
        let (mut group, mut count) = (begin()?, 0);
        while more && count < ROWS_PER_TXN {
            take(&mut group, &key, &row)?;
            count += 1;
            more = rows.next(&mut key, &mut row);
        }
        end(group)?;
        filled.fetch_add(count, Ordering::Relaxed);
    }
    Ok(())
}

/// Every source on a thread of its own, a transaction per thousand rows.
pub fn by_transactions<S: Store + ?Sized, R: Rows>(
    store: &S,
    table: TableId,
    sources: Vec<R>,
    filled: &AtomicU64,
) -> Result<(), StoreError> {
    let fill = |rows| {
        let insert = |txn: &mut S::Txn<'_>, key: &[u8], row: &[u8]| txn.insert(table, key, row);
        in_groups(rows, filled, || store.begin(), insert, |txn| txn.commit().map(drop))
    };
    on_threads(sources, fill).map(drop)
}

/// Runs `work` on each of `parts`, on threads of their own, and returns what came of them in the same order.
pub fn on_threads<P: Send, T: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> Result<T, StoreError> + Sync,
) -> Result<Vec<T>, StoreError> {
    let (work, panicked) = (&work, |_| Err(StoreError::Fatal("a loading thread panicked".to_owned())));
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    })
}
