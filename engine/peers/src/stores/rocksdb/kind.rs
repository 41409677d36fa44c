//! With row locks, or without.

use std::path::Path;

use ::rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DBAccess, DBRawIteratorWithThreadMode, Error, OptimisticTransactionDB,
    OptimisticTransactionOptions, Options, ReadOptions, SingleThreaded, Transaction, TransactionDB,
    TransactionDBOptions, TransactionOptions, WriteOptions,
};

use super::store::Rocks;

/// RocksDB with row locks.
pub type Pessimistic = Rocks<TransactionDB<SingleThreaded>>;

/// RocksDB that looks for conflicts when it commits.
pub type Optimistic = Rocks<OptimisticTransactionDB<SingleThreaded>>;

/// What the two kinds do differently.
pub trait Kind: DBAccess + Send + Sync + Sized + 'static {
    /// Opens or creates it.
    fn open(options: &Options, dir: &Path, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error>;
    /// A column family.
    fn family(&self, name: &str) -> Option<&ColumnFamily>;
    /// Begins a transaction.
    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self>;
    /// Walks over what is there now.
    fn rows(&self, family: &ColumnFamily, options: ReadOptions) -> DBRawIteratorWithThreadMode<'_, Self>;
}

impl Kind for TransactionDB<SingleThreaded> {
    fn open(options: &Options, dir: &Path, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error> {
        TransactionDB::open_cf_descriptors(options, &TransactionDBOptions::default(), dir, families)
    }

    fn family(&self, name: &str) -> Option<&ColumnFamily> {
        self.cf_handle(name)
    }

    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self> {
        let mut options = TransactionOptions::default();
        options.set_deadlock_detect(true);
        self.transaction_opt(write, &options)
    }

    fn rows(&self, family: &ColumnFamily, options: ReadOptions) -> DBRawIteratorWithThreadMode<'_, Self> {
        self.raw_iterator_cf_opt(family, options)
    }
}

impl Kind for OptimisticTransactionDB<SingleThreaded> {
    fn open(options: &Options, dir: &Path, families: Vec<ColumnFamilyDescriptor>) -> Result<Self, Error> {
        OptimisticTransactionDB::open_cf_descriptors(options, dir, families)
    }

    fn family(&self, name: &str) -> Option<&ColumnFamily> {
        self.cf_handle(name)
    }

    fn begin(&self, write: &WriteOptions) -> Transaction<'_, Self> {
        self.transaction_opt(write, &OptimisticTransactionOptions::default())
    }

    fn rows(&self, family: &ColumnFamily, options: ReadOptions) -> DBRawIteratorWithThreadMode<'_, Self> {
        self.raw_iterator_cf_opt(family, options)
    }
}
