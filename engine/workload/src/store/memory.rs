//! The reference store: ordered maps behind one mutex, a transaction holds it from begin to end.
//!
//! Serial, so trivially serializable; tests compare every other store with it. Not a contestant.

use std::collections::BTreeMap;
use std::mem;
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::{Store, StoreError, TableId, Transaction, Txn};

type Table = BTreeMap<Box<[u8]>, Vec<u8>>;

/// Tables in memory, gone with the process.
pub struct MemoryStore(Mutex<Vec<Table>>);

/// A transaction that owns the whole store while it lasts.
pub struct MemoryTxn<'s> {
    tables: MutexGuard<'s, Vec<Table>>,
    undo: Vec<Undo>,
}

/// The row that stood under `key` before.
struct Undo {
    table: TableId,
    key: Box<[u8]>,
    before: Option<Vec<u8>>,
}

impl MemoryStore {
    /// An empty store of these tables.
    pub fn new(tables: &[&str]) -> Self {
        MemoryStore(Mutex::new(vec![Table::new(); tables.len()]))
    }
}

impl Store for MemoryStore {
    type Ticket = ();
    type Txn<'s> = MemoryTxn<'s>;

    fn begin(&self) -> Result<MemoryTxn<'_>, StoreError> {
        // A panicking transaction has rolled back while unwinding, so the tables are whole.
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(MemoryTxn { tables, undo: Vec::new() })
    }

    fn is_durable(&self, (): &()) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn wait(&self, (): &()) -> Result<(), StoreError> {
        Ok(())
    }

    fn end_load(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn verify(&self) -> Result<(), String> {
        Ok(())
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Txn for MemoryTxn<'_> {
    fn get(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        row.clear();
        let Some(stored) = self.tables[table.0].get(key) else { return Ok(false) };
        row.extend_from_slice(stored);
        Ok(true)
    }

    fn get_for_update(&mut self, table: TableId, key: &[u8], row: &mut Vec<u8>) -> Result<bool, StoreError> {
        self.get(table, key, row)
    }

    fn update(&mut self, table: TableId, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, StoreError> {
        let Some(row) = self.tables[table.0].get_mut(key) else { return Ok(false) };
        let before = row.clone();
        change(row);
        self.undo.push(Undo { table, key: key.into(), before: Some(before) });
        Ok(true)
    }

    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        if self.tables[table.0].contains_key(key) {
            return Err(StoreError::Fatal(format!("table {} already has the key {key:02x?}", table.0)));
        }
        self.tables[table.0].insert(key.into(), row.to_vec());
        self.undo.push(Undo { table, key: key.into(), before: None });
        Ok(())
    }

    fn delete(&mut self, table: TableId, key: &[u8]) -> Result<bool, StoreError> {
        let Some(before) = self.tables[table.0].remove(key) else { return Ok(false) };
        self.undo.push(Undo { table, key: key.into(), before: Some(before) });
        Ok(true)
    }

    fn scan(
        &mut self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if from < to {
            let range = (Bound::Included(from), Bound::Excluded(to));
            let _ = self.tables[table.0].range::<[u8], _>(range).try_for_each(|(key, row)| visit(key, row));
        }
        Ok(())
    }
}

impl Transaction for MemoryTxn<'_> {
    type Ticket = ();

    fn commit(mut self) -> Result<(), StoreError> {
        self.undo.clear();
        Ok(())
    }

    fn rollback(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for MemoryTxn<'_> {
    fn drop(&mut self) {
        for Undo { table, key, before } in mem::take(&mut self.undo).into_iter().rev() {
            match before {
                Some(row) => self.tables[table.0].insert(key, row),
                None => self.tables[table.0].remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TableId = TableId(0);

    fn keys(store: &MemoryStore, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut found = Vec::new();
        let mut txn = store.begin().unwrap();
        txn.scan(T, from, to, |key, row| {
            found.extend_from_slice(key);
            found.extend_from_slice(row);
            ControlFlow::Continue(())
        })
        .unwrap();
        found
    }

    #[test]
    fn rollback_and_drop_undo_and_commit_keeps() {
        let store = MemoryStore::new(&["t"]);
        let mut txn = store.begin().unwrap();
        txn.insert(T, b"a", b"1").unwrap();
        txn.insert(T, b"c", b"3").unwrap();
        txn.commit().unwrap();
        for finish in [|txn: MemoryTxn<'_>| txn.rollback().unwrap(), |txn: MemoryTxn<'_>| drop(txn)] {
            let mut txn = store.begin().unwrap();
            txn.insert(T, b"b", b"2").unwrap();
            assert!(txn.update(T, b"b", |row| row.push(b'+')).unwrap());
            assert!(txn.delete(T, b"a").unwrap());
            assert!(!txn.delete(T, b"a").unwrap());
            assert!(matches!(txn.insert(T, b"c", b""), Err(StoreError::Fatal(_))));
            finish(txn);
            assert_eq!(keys(&store, b"a", b"z"), b"a1c3");
        }
        assert_eq!(keys(&store, b"a", b"c"), b"a1");
        assert_eq!(keys(&store, b"z", b"a"), b"");
    }
}
