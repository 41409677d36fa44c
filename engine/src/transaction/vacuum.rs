//! Vacuum: drops versions that no snapshot needs, and removes rows that were deleted before the oldest one, durably.

use super::engine::Engine;
use super::error::Error;
use super::ghosts::Ghost;
use super::mvcc::{Pruned, VersionStore as _};
use super::row_log::{Encoder, Place, Record};
use super::stamp::{Stamp, Ts};
use super::wal::CommitLog;

/// What a vacuum did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Versions dropped.
    pub versions: Pruned,
    /// Deleted rows removed from their pages.
    pub ghosts: u64,
}

impl<L: CommitLog> Engine<L> {
    /// One round. Rounds exclude each other.
    ///
    /// # Errors
    /// A page could not be read or the log accepts nothing; what was not removed is left for later.
    pub fn vacuum(&self) -> Result<Vacuumed, Error> {
        let _alone = self.vacuuming.lock();
        let oldest = match cfg!(planted = "vacuum_forgets_snapshots") {
            true => self.clock.now(),
            false => self.running.oldest_snapshot(&self.clock),
        };
        // What is not durable may come back, and whoever is told that it is gone must wait until it cannot.
        let oldest =
            if cfg!(planted = "vacuum_forgets_the_log") { oldest } else { oldest.min(self.look_what_is_durable()) };
        let mut done = Vacuumed { versions: self.versions.prune(oldest), ghosts: 0 };
        let mut encoder = Encoder::default();
        while let Some(ghost) = self.ghosts.pop(oldest) {
            done.ghosts += u64::from(self.purge(&mut encoder, &ghost, oldest)?);
        }
        Ok(done)
    }

    /// Removes a ghost if it still is one, and one that nobody can see. Its removal belongs to no transaction: it
    /// needs no lock, since whoever holds the row's lock finds no row either way, and no undo.
    fn purge(&self, encoder: &mut Encoder, ghost: &Ghost, oldest: Ts) -> Result<bool, Error> {
        let tree = self.tree(ghost.table)?;
        let mut leaf = tree.leaf_exclusive(&ghost.key, 0)?;
        let Ok(at) = leaf.search(&ghost.key) else { return Ok(false) };
        let stamp = self.versions.resolve(Stamp::from_bits(leaf.header(at).stamp));
        if !stamp.is_deleted() || !self.is_settled(stamp, oldest) {
            return Ok(false);
        }
        let place = Place { table: u64::from(ghost.table.0), page: leaf.page_id(), key: &ghost.key };
        let span = self.append(encoder, &Record::Purge { place })?;
        leaf.remove(at, span.end);
        if leaf.is_empty() {
            drop(leaf);
            tree.unlink_if_empty(&ghost.key)?;
        }
        Ok(true)
    }
}
