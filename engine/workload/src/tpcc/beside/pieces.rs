//! A scan through a whole table, some rows at a time, all in one transaction.

use std::ops::ControlFlow;

use crate::store::{StoreError, TableId, Txn};

/// How far a scan has come.
#[derive(Debug)]
pub(super) struct Pieces {
    table: TableId,
    /// Not above the next row's key, and above all those before.
    from: Vec<u8>,
}

impl Pieces {
    /// A scan that begins.
    pub(super) fn of(table: TableId) -> Self {
        Pieces { table, from: Vec::new() }
    }

    /// Visits the next `rows` rows; false if there were fewer, so that the scan is over.
    pub(super) fn next<T: Txn>(
        &mut self,
        txn: &mut T,
        rows: usize,
        mut visit: impl FnMut(&[u8]),
    ) -> Result<bool, StoreError> {
        let (mut left, from) = (rows, std::mem::take(&mut self.from));
        txn.scan(self.table, &from, &[0xff; 64], |key, row| {
            visit(row);
            left -= 1;
            if left > 0 {
                return ControlFlow::Continue(());
            }
            // The next key possible.
            self.from.extend_from_slice(key);
            self.from.push(0);
            ControlFlow::Break(())
        })?;
        Ok(left == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MemoryStore, Store};

    #[test]
    fn the_pieces_are_the_table() {
        let (store, table) = (MemoryStore::new(&["numbers"]), TableId(0));
        let mut txn = store.begin().unwrap();
        for number in 0_u8..7 {
            txn.insert(table, &[number], &[number]).unwrap();
        }
        for (rows, lengths) in [(3, vec![3, 3, 1]), (7, vec![7, 0]), (8, vec![7])] {
            let (mut pieces, mut read, mut found) = (Pieces::of(table), Vec::new(), Vec::new());
            let mut more = true;
            while more {
                let before = read.len();
                more = pieces.next(&mut txn, rows, |row| read.push(row[0])).unwrap();
                found.push(read.len() - before);
            }
            assert_eq!((read, found), ((0..7).collect(), lengths));
        }
    }
}
