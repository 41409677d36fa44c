//! Names of lockable things and of those who lock them.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

/// Who holds or wants a lock: a transaction's id. A larger id is a younger transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u64);

/// A table, or a row of it by the hash of its key. Two rows with the same hash share a lock: a false conflict (once in
/// 2⁶³ pairs), never a false grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockId {
    table: u64,
    /// 0 for the table itself; a row's hash has its lowest bit set.
    row: u64,
}

impl LockId {
    /// The table as a whole.
    #[must_use]
    #[inline]
    pub const fn table(table: u64) -> Self {
        Self { table, row: 0 }
    }

    /// The row with `key` (which need not exist: an insert locks before it inserts).
    #[must_use]
    #[inline]
    pub fn row(table: u64, key: &[u8]) -> Self {
        // A fixed seed: the same run takes the same locks.
        const SEED: FixedState = FixedState::with_seed(0x6c6f_636b);
        let mut hasher = SEED.build_hasher();
        hasher.write(key);
        Self { table, row: hasher.finish() | 1 }
    }

    /// Whether this is a whole table.
    #[must_use]
    #[inline]
    pub const fn is_table(self) -> bool {
        self.row == 0
    }

    /// The table's number.
    #[inline]
    pub(super) const fn table_number(self) -> u64 {
        self.table
    }

    /// All of it in 64 bits, the upper ones well mixed.
    #[inline]
    pub(super) const fn mixed(self) -> u64 {
        (self.row ^ self.table.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl std::hash::Hash for LockId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.row ^ self.table.rotate_left(32));
    }
}

/// For maps by [`LockId`]: a row's is a hash already, made before the map's lock is taken.
#[derive(Debug, Default)]
pub(super) struct Hashed;

/// See [`Hashed`].
#[derive(Debug)]
pub(super) struct HashedHasher(u64);

impl BuildHasher for Hashed {
    type Hasher = HashedHasher;

    fn build_hasher(&self) -> HashedHasher {
        HashedHasher(0)
    }
}

impl Hasher for HashedHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a lock's name is written as one word");
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // A row's lowest bit and a table's lower half are always the same: mix them away from where a map looks first.
        self.0 = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
