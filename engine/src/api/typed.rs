//! The typed layer: rows as Rust values.
//!
//! A [`Record`] says how its key and itself become bytes; [`Table`] does the rest. Keys compare as their bytes do, so
//! [`Key`] encodes numbers big-endian (signed ones with the sign bit turned) and tuples one after the other.

use std::marker::PhantomData;
use std::ops::{ControlFlow, RangeBounds};

use super::{Database, Error, TableId, Txn};
use crate::transaction::wal::CommitLog;

/// Part of a key, encoded so that bytes compare as values do.
pub trait Key {
    /// Appends the encoding.
    fn encode(&self, out: &mut Vec<u8>);
}

/// A row type.
pub trait Record: Sized {
    /// What finds a row.
    type Key: Key;
    /// The table's name.
    const TABLE: &'static str;

    /// This row's key.
    fn key(&self) -> Self::Key;

    /// Appends the row, which may leave out what the key says.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a row.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn decode(key: &[u8], row: &[u8]) -> Result<Self, String>;
}

/// A table of `R`s.
#[derive(Debug)]
pub struct Table<R> {
    id: TableId,
    rows: PhantomData<fn() -> R>,
}

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Table<R> {}

impl<R: Record> Table<R> {
    /// Creates the table.
    ///
    /// # Errors
    /// [`Error::TableExists`].
    pub fn create<L: CommitLog>(db: &Database<L>) -> Result<Self, Error> {
        db.create_table(R::TABLE).map(Self::of)
    }

    /// Finds the table.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`].
    pub fn open<L: CommitLog>(db: &Database<L>) -> Result<Self, Error> {
        db.table(R::TABLE).map(Self::of)
    }

    /// The untyped table.
    #[must_use]
    pub fn id(&self) -> TableId {
        self.id
    }

    /// The row with `key`, as the transaction's snapshot sees it.
    pub fn get<L: CommitLog>(&self, txn: &mut Txn<'_, L>, key: &R::Key) -> Result<Option<R>, Error> {
        txn.with_buffers(|txn, key_buf, row_buf| {
            key.encode(key_buf);
            Ok(if txn.get(self.id, key_buf, row_buf)? { Some(decode(key_buf, row_buf)?) } else { None })
        })
    }

    /// The newest row with `key`, locked against everybody else's writes.
    pub fn get_for_update<L: CommitLog>(&self, txn: &mut Txn<'_, L>, key: &R::Key) -> Result<Option<R>, Error> {
        txn.with_buffers(|txn, key_buf, row_buf| {
            key.encode(key_buf);
            Ok(if txn.get_for_update(self.id, key_buf, row_buf)? { Some(decode(key_buf, row_buf)?) } else { None })
        })
    }

    /// Adds a row.
    pub fn insert<L: CommitLog>(&self, txn: &mut Txn<'_, L>, row: &R) -> Result<(), Error> {
        txn.with_buffers(|txn, key_buf, row_buf| {
            row.key().encode(key_buf);
            row.encode(row_buf);
            txn.insert(self.id, key_buf, row_buf)
        })
    }

    /// Changes a row in place; whether there was one. The change must not touch the key.
    pub fn update<L: CommitLog>(
        &self,
        txn: &mut Txn<'_, L>,
        key: &R::Key,
        change: impl FnOnce(&mut R),
    ) -> Result<bool, Error> {
        txn.with_buffers(|txn, key_buf, _| {
            key.encode(key_buf);
            let mut decoded = Ok(());
            let found = txn.update(self.id, key_buf, |bytes| match decode::<R>(key_buf, bytes) {
                Ok(mut row) => {
                    change(&mut row);
                    bytes.clear();
                    row.encode(bytes);
                }
                Err(error) => decoded = Err(error),
            })?;
            decoded.map(|()| found)
        })
    }

    /// Deletes a row; whether there was one.
    pub fn delete<L: CommitLog>(&self, txn: &mut Txn<'_, L>, key: &R::Key) -> Result<bool, Error> {
        txn.with_buffers(|txn, key_buf, _| {
            key.encode(key_buf);
            txn.delete(self.id, key_buf)
        })
    }

    /// Visits the rows of a range of encoded keys in order, until `visit` breaks.
    pub fn scan<'k, L: CommitLog>(
        &self,
        txn: &mut Txn<'_, L>,
        range: impl RangeBounds<&'k [u8]>,
        mut visit: impl FnMut(R) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut decoded = Ok(());
        txn.scan(self.id, range, |key, row| match decode(key, row) {
            Ok(row) => visit(row),
            Err(error) => {
                decoded = Err(error);
                ControlFlow::Break(())
            }
        })?;
        decoded
    }

    fn of(id: TableId) -> Self {
        Self { id, rows: PhantomData }
    }
}

fn decode<R: Record>(key: &[u8], row: &[u8]) -> Result<R, Error> {
    R::decode(key, row).map_err(|why| Error::Decode { table: R::TABLE, why })
}

macro_rules! integer_keys {
    ($($unsigned:ty, $signed:ty;)+) => {$(
        impl Key for $unsigned {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }
        impl Key for $signed {
            fn encode(&self, out: &mut Vec<u8>) {
                // The sign bit turned: negative numbers come first.
                (*self as $unsigned ^ (1 << (<$unsigned>::BITS - 1))).encode(out);
            }
        }
    )+};
}

integer_keys! { u8, i8; u16, i16; u32, i32; u64, i64; }

macro_rules! tuple_keys {
    ($($name:ident)+) => {
        impl<$($name: Key),+> Key for ($($name,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                #[expect(non_snake_case, reason = "one name for the type and its value")]
                let ($($name,)+) = self;
                $($name.encode(out);)+
            }
        }
    };
}

tuple_keys!(A);
tuple_keys!(A B);
tuple_keys!(A B C);
tuple_keys!(A B C D);
tuple_keys!(A B C D E);

impl Key for [u8] {
    /// Ends with 0x00 0x01; a zero byte inside becomes 0x00 0xff. So a prefix sorts first, also within a tuple.
    fn encode(&self, out: &mut Vec<u8>) {
        for byte in self {
            out.push(*byte);
            if *byte == 0 {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 1]);
    }
}

impl Key for &str {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_bytes().encode(out);
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_bytes().encode(out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Key;

    fn bytes(key: impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.encode(&mut out);
        out
    }

    proptest! {
        #[test]
        fn bytes_compare_as_values_do(a: (i32, String, u16), b: (i32, String, u16)) {
            prop_assert_eq!(bytes(a.clone()).cmp(&bytes(b.clone())), a.cmp(&b));
        }

        #[test]
        fn also_with_zeros_inside(a in "[\\x00\\x01a]{0,4}", b in "[\\x00\\x01a]{0,4}", x: i8, y: i8) {
            prop_assert_eq!(bytes((a.clone(), x)).cmp(&bytes((b.clone(), y))), (a, x).cmp(&(b, y)));
        }
    }
}
