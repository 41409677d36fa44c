//! What one transaction holds.

use super::{LockId, OwnerId};

/// A transaction as the lock table sees it: its id and the list of its locks, which only its own thread touches.
#[derive(Debug, Default)]
pub struct Owner {
    id: OwnerId,
    pub(super) rows: Vec<LockId>,
    pub(super) tables: Vec<HeldTable>,
    work: u64,
}

/// A table's lock, and where its table keeps it.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldTable {
    pub(super) id: LockId,
    pub(super) place: u32,
}

impl HeldTable {
    /// Held through a queue object: there is no other place to look.
    pub(super) const QUEUED: u32 = u32::MAX;
}

impl Owner {
    /// An owner that holds nothing.
    #[must_use]
    pub fn new(id: OwnerId) -> Self {
        Self { id, ..Self::default() }
    }

    /// Starts over under another id, keeping the lists' memory.
    ///
    /// # Panics
    /// If locks are still held.
    #[inline]
    pub fn renew(&mut self, id: OwnerId) {
        assert!(self.held() == 0, "an owner with locks cannot be renewed");
        (self.id, self.work) = (id, 0);
    }

    /// For how many locks its lists have room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.rows.capacity() + self.tables.capacity()
    }

    /// Gives back room beyond that for `locks` of a kind, or for those that are held.
    pub fn shrink_to(&mut self, locks: usize) {
        self.rows.shrink_to(locks);
        self.tables.shrink_to(locks);
    }

    /// The owner's id.
    #[must_use]
    #[inline]
    pub fn id(&self) -> OwnerId {
        self.id
    }

    /// Notes that the transaction has logged so many bytes more: what its rollback would undo.
    #[inline]
    pub fn note_work(&mut self, bytes: u64) {
        self.work += bytes;
    }

    /// Bytes logged so far.
    #[must_use]
    #[inline]
    pub fn work(&self) -> u64 {
        self.work
    }

    /// How many locks are held.
    #[must_use]
    #[inline]
    pub fn held(&self) -> usize {
        self.rows.len() + self.tables.len()
    }

    /// Adds a lock that stands in a queue object.
    #[inline]
    pub(super) fn push_queued(&mut self, id: LockId) {
        if id.is_table() {
            self.tables.push(HeldTable { id, place: HeldTable::QUEUED });
        } else {
            self.rows.push(id);
        }
    }
}
