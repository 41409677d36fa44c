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
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::{Before, Newest, Pruned, RowId, VersionStore, Vis};
use crate::concurrent::reclaim::{self, Reclaim as _, Retired};
use crate::memory::pool::{AnyPool as _, BytePool, ObjPool};
use crate::metrics::{Counter, Metrics};
use crate::select::{Pool, Reclaim};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::{Arc, CachePadded, Mutex};
use crate::transaction::snapshot::Snapshot;
use crate::transaction::stamp::{Stamp, Ts, TxnId};

const SHARDS: usize = 64;

type Reader = <Reclaim<Version> as reclaim::Reclaim<Version>>::Reader;

/// See the [module](self).
#[derive(Debug)]
pub struct FullChain {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
    hasher: FixedState,
    pool: Pool<Version>,
    rows: Pool<[u8]>,
    reclaim: Reclaim<Version>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Shard {
    chains: HashTable<Chain>,
    versions: u64,
    bytes: u64,
}

/// The older versions of one row.
#[derive(Debug)]
struct Chain {
    table: u32,
    key: Key,
    newest: NonNull<Version>,
}

/// Most keys are short: they stand in the map itself, where a look-up needs them.
#[derive(Debug)]
enum Key {
    Short { len: u8, bytes: [u8; Key::SHORT] },
    Long(Box<[u8]>),
}

/// An older version of a row.
#[derive(Debug)]
pub struct Version {
    stamp: Stamp,
    end: AtomicU64,
    next: AtomicPtr<Version>,
    row: <Pool<[u8]> as BytePool>::Bytes,
}

// SAFETY: a chain owns its versions, which are `Send`; the pointer is followed only under the shard's mutex or a guard.
unsafe impl Send for Chain {}

impl VersionStore for FullChain {
    type Txn = Reader;

    fn new(_first_id: TxnId, _first_ts: Ts, metrics: Arc<Metrics>) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| CachePadded(Mutex::new(Shard::default()))).collect(),
            hasher: FixedState::default(),
            pool: Pool::new(&metrics),
            rows: Pool::new(&metrics),
            reclaim: Reclaim::new(&metrics),
            metrics,
        }
    }

    fn stamps_rows(&self) -> bool {
        true
    }

    #[inline]
    fn resolve(&self, stamp: Stamp) -> Stamp {
        stamp
    }

    fn read(
        &self,
        reader: &mut Reader,
        row: RowId<'_>,
        _newest: Newest<'_>,
        snapshot: &Snapshot,
        out: &mut Vec<u8>,
    ) -> Vis {
        let _guard = self.reclaim.enter(reader);
        let hash = self.hash(row);
        let Some(mut at) = self.shard(hash).lock().newest(hash, row) else { return Vis::Nothing };
        let mut steps = 0;
        let seen = loop {
            // SAFETY: reachable after the announcement, so it stays allocated until `_guard` drops.
            let version = unsafe { at.as_ref() };
            steps += 1;
            if snapshot.sees(version.stamp) {
                // An end that is seen as well: what replaced this version is gone, so it was a ghost, and purged.
                let end = version.end.load(Ordering::Relaxed);
                if version.stamp.is_deleted() || end != 0 && end <= snapshot.ts.0 {
                    break Vis::Nothing;
                }
                out.clear();
                out.extend_from_slice(&version.row);
                break Vis::Row;
            }
            match NonNull::new(version.next.load(Ordering::Acquire)) {
                Some(next) => at = next,
                None => break Vis::Nothing,
            }
        };
        self.metrics.inc(Counter::MvccOlderReads);
        self.metrics.add(Counter::MvccSteps, steps);
        seen
    }

    fn rest(&self, reader: &mut Reader) {
        self.reclaim.rest(reader);
    }

    fn before_change(&self, _reader: &mut Reader, change: Before<'_>, _open: &dyn Fn(&mut Vec<Ts>)) -> u64 {
        let Before { row, stamp, bytes, .. } = change;
        let version = Version {
            stamp,
            end: AtomicU64::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            row: self.rows.copy(bytes),
        };
        let kept = version.bytes();
        let version = <Pool<Version> as ObjPool<Version>>::into_raw(self.pool.put(version));
        let hash = self.hash(row);
        let mut shard = self.shard(hash).lock();
        let rehash = |chain: &Chain| self.hash(chain.row());
        match shard.chains.entry(hash, |chain| chain.row() == row, rehash) {
            Entry::Occupied(mut entry) => {
                let chain = entry.get_mut();
                // SAFETY: made above and not yet shared.
                unsafe { version.as_ref() }.next.store(chain.newest.as_ptr(), Ordering::Release);
                chain.newest = version;
            }
            Entry::Vacant(entry) => {
                entry.insert(Chain { table: row.table, key: row.key.into(), newest: version });
            }
        }
        shard.versions += 1;
        shard.bytes += kept;
        drop(shard);
        self.metrics.inc(Counter::MvccVersions);
        self.metrics.add(Counter::MvccBytes, kept);
        0
    }

    fn commit_row(&self, row: RowId<'_>, _newest: u64, ts: Ts) {
        let hash = self.hash(row);
        let shard = self.shard(hash).lock();
        let mut at = shard.newest(hash, row);
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

    fn commit(&self, _reader: &mut Reader, _id: TxnId, _ts: Ts) {}

    fn end(&self, reader: &mut Reader, _id: TxnId) {
        self.reclaim.rest(reader);
    }

    fn abandon(&self, reader: &mut Reader) {
        self.reclaim.rest(reader);
    }

    fn before_image(&self, row: RowId<'_>, _newest: Newest<'_>, out: &mut Vec<u8>) -> Option<(Stamp, u64)> {
        let hash = self.hash(row);
        let shard = self.shard(hash).lock();
        // SAFETY: linked, and we hold the shard's mutex.
        let version = unsafe { shard.newest(hash, row)?.as_ref() };
        out.clear();
        out.extend_from_slice(&version.row);
        Some((version.stamp, 0))
    }

    fn roll_back(&self, row: RowId<'_>, _newest: u64) {
        let hash = self.hash(row);
        let mut shard = self.shard(hash).lock();
        let Ok(mut entry) = shard.chains.find_entry(hash, |chain| chain.row() == row) else { return };
        let last = entry.get().newest;
        // SAFETY: linked, and we hold the shard's mutex.
        let version = unsafe { last.as_ref() };
        let kept = version.bytes();
        match NonNull::new(version.next.load(Ordering::Relaxed)) {
            Some(next) => entry.get_mut().newest = next,
            None => {
                entry.remove();
            }
        }
        shard.versions -= 1;
        shard.bytes -= kept;
        // SAFETY: just unlinked under the mutex, by us alone.
        unsafe { self.reclaim.retire(last, kept as usize) };
    }

    fn prune(&self, oldest: Ts) -> Pruned {
        let mut pruned = Pruned::default();
        for shard in &self.shards {
            let batch = self.reclaim.batch();
            let mut here = Pruned::default();
            let mut shard = shard.lock();
            shard.chains.retain(|chain| self.cut(chain, oldest, &mut here));
            shard.versions -= here.versions;
            shard.bytes -= here.bytes;
            drop((shard, batch));
            self.reclaim.collect();
            pruned.versions += here.versions;
            pruned.bytes += here.bytes;
        }
        self.pool.trim();
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
    fn hash(&self, row: RowId<'_>) -> u64 {
        self.hasher.hash_one(row)
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        // The table inside uses the low and the highest bits.
        &self.shards[(hash >> 32) as usize % SHARDS]
    }

    /// Cuts off the tail that nobody from `oldest` on needs. Returns whether anything is left.
    fn cut(&self, chain: &mut Chain, oldest: Ts, pruned: &mut Pruned) -> bool {
        let mut before: Option<NonNull<Version>> = None;
        let mut at = Some(chain.newest);
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
            unsafe { self.reclaim.retire(this, kept as usize) };
        }
        before.is_some()
    }
}

impl Drop for FullChain {
    fn drop(&mut self) {
        // Nobody reads any more; iteratively, since a chain may be longer than the stack is deep.
        for shard in &self.shards {
            for chain in shard.lock().chains.drain() {
                let mut at = Some(chain.newest);
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

impl Shard {
    fn newest(&self, hash: u64, row: RowId<'_>) -> Option<NonNull<Version>> {
        self.chains.find(hash, |chain| chain.row() == row).map(|chain| chain.newest)
    }
}

impl Chain {
    fn row(&self) -> RowId<'_> {
        RowId { table: self.table, key: self.key.bytes() }
    }
}

impl Key {
    const SHORT: usize = 22;

    fn bytes(&self) -> &[u8] {
        match self {
            Key::Short { len, bytes } => &bytes[..usize::from(*len)],
            Key::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        if key.len() > Self::SHORT {
            return Key::Long(key.into());
        }
        let mut bytes = [0; Self::SHORT];
        bytes[..key.len()].copy_from_slice(key);
        Key::Short { len: key.len() as u8, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::row_log::Patch;

    const ROW: RowId<'static> = RowId { table: 3, key: b"k" };

    fn empty() -> FullChain {
        FullChain::new(TxnId(1), Ts(0), Arc::default())
    }

    fn keep(store: &FullChain, stamp: Stamp, bytes: &[u8]) {
        let before = Before { row: ROW, txn: TxnId(999), stamp, reference: 0, bytes, patch: &Patch::NONE };
        assert_eq!(store.before_change(&mut Reader::default(), before, &|_| ()), 0);
    }

    fn see(store: &FullChain, ts: u64) -> Option<Vec<u8>> {
        let mut out = b"stale".to_vec();
        let view = Snapshot { ts: Ts(ts), own: TxnId(999), first_id: TxnId(1) };
        (store.read(&mut Reader::default(), ROW, Newest { reference: 0, bytes: b"" }, &view, &mut out) == Vis::Row)
            .then_some(out)
    }

    #[test]
    fn a_purged_ghost_does_not_uncover_what_was_before_it() {
        let store = empty();
        keep(&store, Stamp::committed(Ts(10)), b"a");
        store.commit_row(ROW, 0, Ts(20));
        // The deletion of 20 was purged, not pruned; a row inserted at 30 is in the leaf.
        assert_eq!(see(&store, 19).as_deref(), Some(b"a".as_slice()));
        assert_eq!(see(&store, 25), None);
        store.prune(Ts(20));
        store.reclaim.quiesce();
    }

    #[test]
    fn a_chain_longer_than_the_stack_is_dropped() {
        let store = empty();
        // Miri has no stack to run out of, and little time.
        for ts in 1..if cfg!(miri) { 300 } else { 300_000 } {
            keep(&store, Stamp::committed(Ts(ts)), b"");
        }
        drop(store);
    }

    #[test]
    fn long_keys_are_keys_too() {
        for len in [0, 1, Key::SHORT, Key::SHORT + 1, 512] {
            let key = vec![7; len];
            assert_eq!(Key::from(&key[..]).bytes(), key);
        }
    }
}
