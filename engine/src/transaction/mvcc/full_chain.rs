//! The baseline version store: full copies on chains, the chains in a sharded map.
//!
//! ```text
//! leaf:  key → [stamp 31 | row "c"]
//! shard: key → ┌ stamp 20, end 31, "b" ┐ → ┌ stamp 12, end 20, "a" ┐ → nil
//! ```
//! A version was the newest from its `stamp` to its `end`, the commit that replaced it (0 = not committed yet). Ends
//! fall along the chain, so what can be dropped is a tail. Readers take the head under the shard's mutex and
//! walk without it; a tail that was cut off is retired, not freed.

use std::hash::{BuildHasher, Hash, Hasher};
use std::ptr::{self, NonNull};

use foldhash::fast::FixedState;
use hashbrown::hash_map::EntryRef;
use hashbrown::{Equivalent, HashMap};

use super::{Pruned, RowId, VersionStore, Vis};
use crate::concurrent::reclaim::{Reclaim as _, Retired};
use crate::memory::pool::ObjPool;
use crate::select::{Pool, Reclaim};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::{CachePadded, Mutex};
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Stamp, Ts};

const SHARDS: usize = 64;

/// See the [module](self).
#[derive(Debug)]
pub struct FullChain {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
    hasher: FixedState,
    pool: Pool<Version>,
    reclaim: Reclaim,
}

#[derive(Debug, Default)]
struct Shard {
    chains: HashMap<RowKey, Chain, FixedState>,
    versions: u64,
    bytes: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct RowKey {
    table: u32,
    key: Box<[u8]>,
}

/// The newest of the older versions.
#[derive(Debug)]
struct Chain(NonNull<Version>);

#[derive(Debug)]
struct Version {
    stamp: Stamp,
    end: AtomicU64,
    next: AtomicPtr<Version>,
    row: Box<[u8]>,
}

// SAFETY: a chain owns its versions, which are `Send`; the pointer is followed only under the shard's mutex or a guard.
unsafe impl Send for Chain {}

impl Default for FullChain {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| CachePadded(Mutex::new(Shard::default()))).collect(),
            hasher: FixedState::default(),
            pool: Pool::default(),
            reclaim: Reclaim::default(),
        }
    }
}

impl VersionStore for FullChain {
    fn stamps_rows(&self) -> bool {
        true
    }

    fn read(&self, row: RowId<'_>, _newest: u64, snapshot: &Snapshot, out: &mut Vec<u8>) -> Vis {
        let _guard = self.reclaim.pin();
        let Some(mut at) = self.shard(row).lock().chains.get(&row).map(|chain| chain.0) else { return Vis::Nothing };
        loop {
            // SAFETY: reachable after the pin, so it stays allocated until `_guard` drops.
            let version = unsafe { at.as_ref() };
            if snapshot.sees(version.stamp) {
                // An end that is seen as well: what replaced this version is gone, so it was a ghost, and purged.
                let end = version.end.load(Ordering::Relaxed);
                if version.stamp.is_deleted() || end != 0 && end <= snapshot.ts.0 {
                    return Vis::Nothing;
                }
                out.clear();
                out.extend_from_slice(&version.row);
                return Vis::Row;
            }
            match NonNull::new(version.next.load(Ordering::Acquire)) {
                Some(next) => at = next,
                None => return Vis::Nothing,
            }
        }
    }

    fn before_change(&self, row: RowId<'_>, stamp: Stamp, _reference: u64, bytes: &[u8]) -> u64 {
        let version =
            Version { stamp, end: AtomicU64::new(0), next: AtomicPtr::new(ptr::null_mut()), row: bytes.into() };
        let kept = version.bytes();
        let version = <Pool<Version> as ObjPool<Version>>::into_raw(self.pool.put(version));
        let mut shard = self.shard(row).lock();
        match shard.chains.entry_ref(&row) {
            EntryRef::Occupied(mut entry) => {
                // SAFETY: made above and not yet shared.
                unsafe { version.as_ref() }.next.store(entry.get().0.as_ptr(), Ordering::Release);
                entry.get_mut().0 = version;
            }
            EntryRef::Vacant(entry) => {
                entry.insert(Chain(version));
            }
        }
        shard.versions += 1;
        shard.bytes += kept;
        0
    }

    fn commit(&self, row: RowId<'_>, _newest: u64, ts: Ts) {
        let shard = self.shard(row).lock();
        let mut at = shard.chains.get(&row).map(|chain| chain.0);
        while let Some(version) = at {
            // SAFETY: versions are unlinked only under the shard's mutex, which we hold.
            let version = unsafe { version.as_ref() };
            if version.end.load(Ordering::Relaxed) != 0 {
                break;
            }
            version.end.store(ts.0, Ordering::Relaxed);
            at = NonNull::new(version.next.load(Ordering::Relaxed));
        }
    }

    fn before_image(&self, row: RowId<'_>, _newest: u64, out: &mut Vec<u8>) -> Option<(Stamp, u64)> {
        let shard = self.shard(row).lock();
        // SAFETY: linked, and we hold the shard's mutex.
        let version = unsafe { shard.chains.get(&row)?.0.as_ref() };
        out.clear();
        out.extend_from_slice(&version.row);
        Some((version.stamp, 0))
    }

    fn roll_back(&self, row: RowId<'_>, _newest: u64) {
        let guard = self.reclaim.pin();
        let mut shard = self.shard(row).lock();
        let Some(chain) = shard.chains.get_mut(&row) else { return };
        let last = chain.0;
        // SAFETY: linked, and we hold the shard's mutex.
        let version = unsafe { last.as_ref() };
        let kept = version.bytes();
        match NonNull::new(version.next.load(Ordering::Relaxed)) {
            Some(next) => chain.0 = next,
            None => {
                shard.chains.remove(&row);
            }
        }
        shard.versions -= 1;
        shard.bytes -= kept;
        // SAFETY: just unlinked under the mutex, by us alone.
        unsafe { self.reclaim.retire(&guard, last, kept as usize) };
    }

    fn prune(&self, oldest: Ts) -> Pruned {
        let mut pruned = Pruned::default();
        for shard in &self.shards {
            let guard = self.reclaim.pin();
            let mut here = Pruned::default();
            let mut shard = shard.lock();
            shard.chains.retain(|_, chain| self.cut(chain, oldest, &guard, &mut here));
            shard.versions -= here.versions;
            shard.bytes -= here.bytes;
            pruned.versions += here.versions;
            pruned.bytes += here.bytes;
        }
        pruned
    }

    fn versions(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().versions).sum()
    }

    fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().bytes).sum::<u64>() + self.reclaim.limbo_bytes()
    }
}

impl FullChain {
    fn shard(&self, row: RowId<'_>) -> &Mutex<Shard> {
        // The map inside uses the low and the highest bits of the same hash.
        &self.shards[(self.hasher.hash_one(row) >> 32) as usize % SHARDS]
    }

    /// Cuts off the tail that nobody from `oldest` on needs. Returns whether anything is left.
    fn cut(
        &self,
        chain: &mut Chain,
        oldest: Ts,
        guard: &<Reclaim as crate::concurrent::reclaim::Reclaim>::Guard,
        pruned: &mut Pruned,
    ) -> bool {
        let mut before: Option<NonNull<Version>> = None;
        let mut at = Some(chain.0);
        while let Some(this) = at {
            // SAFETY: linked, and the caller holds the shard's mutex.
            let version = unsafe { this.as_ref() };
            let end = version.end.load(Ordering::Relaxed);
            if end != 0 && end <= oldest.0 {
                break;
            }
            before = Some(this);
            at = NonNull::new(version.next.load(Ordering::Relaxed));
        }
        if let (Some(before), Some(_)) = (before, at) {
            // SAFETY: as above. A reader behind the cut goes on in versions that are retired, not freed.
            unsafe { before.as_ref() }.next.store(ptr::null_mut(), Ordering::Release);
        }
        while let Some(this) = at {
            // SAFETY: as above, and not yet retired.
            let version = unsafe { this.as_ref() };
            let kept = version.bytes();
            pruned.versions += 1;
            pruned.bytes += kept;
            at = NonNull::new(version.next.load(Ordering::Relaxed));
            // SAFETY: unlinked by the store above, or by the caller, which drops the chain if nothing precedes the cut.
            unsafe { self.reclaim.retire(guard, this, kept as usize) };
        }
        before.is_some()
    }
}

impl Drop for FullChain {
    fn drop(&mut self) {
        // Nobody reads any more; iteratively, since a chain may be longer than the stack is deep.
        for shard in &self.shards {
            for (_, chain) in shard.lock().chains.drain() {
                let mut at = Some(chain.0);
                while let Some(this) = at {
                    // SAFETY: linked and owned by the chain, which is gone from the map.
                    at = NonNull::new(unsafe { this.as_ref() }.next.load(Ordering::Relaxed));
                    // SAFETY: came from `into_raw`, visited once.
                    drop(unsafe { <Pool<Version> as ObjPool<Version>>::from_raw(this) });
                }
            }
        }
    }
}

impl Version {
    fn bytes(&self) -> u64 {
        (size_of::<Self>() + self.row.len()) as u64
    }
}

impl Retired for Version {
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: came from `into_raw` in `before_change`; the caller vouches that this is the last pointer.
        drop(unsafe { <Pool<Version> as ObjPool<Version>>::from_raw(this) });
    }
}

impl Hash for RowId<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.key);
        state.write_u32(self.table);
    }
}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        RowId { table: self.table, key: &self.key }.hash(state);
    }
}

impl Equivalent<RowKey> for RowId<'_> {
    fn equivalent(&self, row: &RowKey) -> bool {
        self.table == row.table && *self.key == *row.key
    }
}

impl From<&RowId<'_>> for RowKey {
    fn from(row: &RowId<'_>) -> Self {
        RowKey { table: row.table, key: row.key.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::stamp::TxnId;

    const ROW: RowId<'static> = RowId { table: 3, key: b"k" };

    fn see(store: &FullChain, ts: u64) -> Option<Vec<u8>> {
        let mut out = b"stale".to_vec();
        let view = Snapshot { ts: Ts(ts), own: TxnId(999), first_id: TxnId(1) };
        (store.read(ROW, 0, &view, &mut out) == Vis::Row).then_some(out)
    }

    /// "a" at 10, "b" at 20, deleted at 30, "d" at 40 (in the leaf).
    fn history() -> FullChain {
        let store = FullChain::default();
        let writer = |ts| Stamp::committed(Ts(ts));
        for (stamp, row, end) in
            [(writer(10), "a", 20), (writer(20), "b", 30), (writer(30).with_deleted(true), "b", 40)]
        {
            store.before_change(ROW, stamp, 0, row.as_bytes());
            store.commit(ROW, 0, Ts(end));
        }
        store
    }

    #[test]
    fn each_snapshot_finds_its_version() {
        let store = history();
        assert_eq!(see(&store, 9), None);
        assert_eq!(see(&store, 10).as_deref(), Some(b"a".as_slice()));
        assert_eq!(see(&store, 19).as_deref(), Some(b"a".as_slice()));
        assert_eq!(see(&store, 29).as_deref(), Some(b"b".as_slice()));
        assert_eq!(see(&store, 35), None);
    }

    #[test]
    fn pruning_keeps_exactly_what_the_oldest_snapshot_needs() {
        let store = history();
        assert_eq!(store.prune(Ts(19)).versions, 0);
        assert_eq!(store.prune(Ts(20)).versions, 1);
        assert_eq!(see(&store, 20).as_deref(), Some(b"b".as_slice()));
        assert_eq!(store.prune(Ts(39)).versions, 1);
        assert_eq!(see(&store, 39), None);
        assert_eq!(store.prune(Ts(40)).versions, 1);
        assert_eq!(store.versions(), 0);
        store.reclaim.quiesce();
    }

    #[test]
    fn a_purged_ghost_does_not_uncover_what_was_before_it() {
        let store = FullChain::default();
        store.before_change(ROW, Stamp::committed(Ts(10)), 0, b"a");
        store.commit(ROW, 0, Ts(20));
        // The deletion of 20 was purged, not pruned; a row inserted at 30 is in the leaf.
        assert_eq!(see(&store, 19).as_deref(), Some(b"a".as_slice()));
        assert_eq!(see(&store, 25), None);
    }

    #[test]
    fn what_is_not_committed_is_not_pruned_and_rolls_back_in_reverse() {
        let store = history();
        let own = Stamp::writer(TxnId(50));
        store.before_change(ROW, Stamp::committed(Ts(40)), 0, b"d");
        store.before_change(ROW, own, 0, b"e");
        assert_eq!(store.prune(Ts(100)).versions, 3);
        let mut row = Vec::new();
        assert_eq!(store.before_image(ROW, 0, &mut row), Some((own, 0)));
        assert_eq!(row, b"e");
        store.roll_back(ROW, 0);
        assert_eq!(store.before_image(ROW, 0, &mut row), Some((Stamp::committed(Ts(40)), 0)));
        assert_eq!(row, b"d");
        store.roll_back(ROW, 0);
        assert_eq!((store.before_image(ROW, 0, &mut row), store.versions()), (None, 0));
    }

    #[test]
    fn a_chain_longer_than_the_stack_is_dropped() {
        let store = FullChain::default();
        for ts in 1..300_000 {
            store.before_change(ROW, Stamp::committed(Ts(ts)), 0, b"");
        }
        drop(store);
    }
}
