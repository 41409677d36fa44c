//! The table: the fast paths, and the way into the queues and out of them.

use std::cell::OnceCell;
use std::time::Duration;

use super::intents::{Intents, Note};
use super::word::{FINGERPRINT_BITS, Word};
use crate::concurrent::lock_table::owner::HeldTable;
use crate::concurrent::lock_table::queue::{Answer, Fate, Left, Queues};
use crate::concurrent::lock_table::wait::{Waitable, wait_out};
use crate::concurrent::lock_table::{
    Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, Released, WaitGraph,
};
use crate::metrics::Metrics;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, CachePadded, Mutex, MutexGuard};

/// Words of a bucket: one cache line.
const BUCKET_WORDS: usize = 8;

/// Mutexes around queue objects.
const SHARDS: usize = 16;

/// See the [module](super).
#[derive(Debug)]
pub struct CasBuckets {
    buckets: Box<[Bucket]>,
    /// Leaves of a hash the bits that name a word.
    shift: u32,
    fingerprints: u64,
    intents: Intents,
    shards: [CachePadded<Mutex<Shard>>; SHARDS],
}

/// How large the parts are. Anything but the default is for tests.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    /// Cache lines of row locks; a power of two. 64 KiB by default: it shall stay in a core's second-level cache, and a
    /// hundred locks at a time meet in one word of 8192 seldom enough.
    pub buckets: usize,
    /// Lanes of table intents; threads beyond share them.
    pub lanes: usize,
    /// Bits of a row's hash, or of a table's number, beside those that choose the word. At most 20.
    pub fingerprint_bits: u32,
}

#[derive(Debug)]
#[repr(align(64))]
struct Bucket([AtomicU64; BUCKET_WORDS]);

/// The queue objects of the words and tables of one shard. A word of theirs is inflated or deflated only under the shard's
/// mutex.
#[derive(Debug, Default)]
struct Shard {
    queues: Queues<Name>,
    /// Tables that somebody holds or wants in more than intent: they take no notes.
    closed: Vec<Name>,
}

/// What a lock is called here: for a row the number of its word and its fingerprint, for a table its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name(u64);

impl Name {
    const TABLE: u64 = 1 << 63;

    const fn row(word: usize, fingerprint: u64) -> Self {
        Self((word as u64) << FINGERPRINT_BITS | fingerprint)
    }

    #[inline]
    const fn fingerprint(self) -> u64 {
        self.0 & ((1 << FINGERPRINT_BITS) - 1)
    }

    /// The number of the word; none for a table.
    #[inline]
    const fn word(self) -> Option<usize> {
        if self.0 & Self::TABLE == 0 { Some((self.0 >> FINGERPRINT_BITS) as usize) } else { None }
    }
}

impl CasBuckets {
    /// An empty table of the given size.
    ///
    /// # Panics
    /// If the number of buckets is no power of two.
    #[must_use]
    pub fn with_geometry(geometry: Geometry) -> Self {
        let Geometry { buckets, lanes, fingerprint_bits } = geometry;
        assert!(buckets.is_power_of_two(), "a number of buckets is a power of two");
        let bucket = || Bucket(std::array::from_fn(|_| AtomicU64::new(Word::FREE.0)));
        Self {
            buckets: (0..buckets).map(|_| bucket()).collect(),
            shift: u64::BITS - (buckets * BUCKET_WORDS).trailing_zeros(),
            fingerprints: (1 << fingerprint_bits.min(FINGERPRINT_BITS)) - 1,
            intents: Intents::new(lanes.max(1)),
            shards: std::array::from_fn(|_| CachePadded(Mutex::default())),
        }
    }

    #[inline]
    fn name(&self, id: LockId) -> Name {
        if id.is_table() {
            return Name(Name::TABLE | (id.table_number() & self.fingerprints));
        }
        let hash = id.mixed();
        Name::row((hash >> self.shift) as usize, (hash >> 8) & self.fingerprints)
    }

    #[inline]
    fn word(&self, name: Name) -> Option<&AtomicU64> {
        let at = name.word()?;
        Some(&self.buckets[at / BUCKET_WORDS].0[at % BUCKET_WORDS])
    }

    fn shard(&self, name: Name) -> MutexGuard<'_, Shard> {
        let at = name.word().unwrap_or(name.fingerprint() as usize);
        self.shards[at % SHARDS].lock()
    }

    fn all_shards(&self) -> [MutexGuard<'_, Shard>; SHARDS] {
        std::array::from_fn(|at| self.shards[at].lock())
    }

    /// For a row whose word is not free: perhaps it is the owner's own.
    #[inline(never)]
    fn acquire_taken(
        &self,
        owner: &mut Owner,
        request: Request,
        seen: u64,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let Request { name, mode, .. } = request;
        if let Some(held) = Word(seen).held_by(name.fingerprint(), owner.id()) {
            let wanted = held.join(mode);
            let upgraded = Word::held(name.fingerprint(), owner.id(), wanted).0;
            let cas = |word: &AtomicU64| word.compare_exchange(seen, upgraded, Ordering::Acquire, Ordering::Relaxed);
            if wanted == held || self.word(name).is_some_and(|word| cas(word).is_ok()) {
                return Ok(());
            }
        }
        self.acquire_queued(owner, request, policy, patience)
    }

    fn acquire_table(
        &self,
        owner: &mut Owner,
        request: Request,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let Request { id, name, mode } = request;
        let (table, me) = (name.fingerprint(), owner.id());
        if let Some(held) = owner.tables.iter_mut().find(|held| self.name(held.id) == name) {
            let noted = self.intents.noted(held.place, table, me);
            if noted.is_some_and(|noted| noted.join(mode) == noted) {
                return Ok(());
            }
            // More than was noted: from now on it stands in the queue object. A collector has the shard, too.
            let mut shard = self.shard(name);
            if let Some(noted) = self.intents.take_back(held.place, table, me) {
                shard.queues.adopt(me, name, noted);
            }
            held.place = HeldTable::QUEUED;
            drop(shard);
        } else if is_intent(mode) {
            let place = match self.intents.note(table, me, mode) {
                Note::At(place) => place,
                Note::Collected => HeldTable::QUEUED,
                Note::Refused => return self.acquire_queued(owner, request, policy, patience),
            };
            owner.tables.push(HeldTable { id, place });
            return Ok(());
        }
        self.acquire_queued(owner, request, policy, patience)
    }

    #[cold]
    fn acquire_queued(
        &self,
        owner: &mut Owner,
        request: Request,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let Request { id, name, mode } = request;
        let answer = self.enter(&mut self.shard(name), owner.id(), name, mode);
        let (slot, upgrade) = match answer {
            Answer::New => {
                owner.push_queued(id);
                return Ok(());
            }
            Answer::Held => return Ok(()),
            Answer::Queued { slot, upgrade } => (slot, upgrade),
        };
        let waiter = Waiter { table: self, name };
        let act = waiter.judge(|graph| policy.on_block(owner, graph));
        let granted = wait_out(&waiter, owner, &slot, act, policy, patience);
        policy.on_wake(owner);
        if granted.is_ok() && !upgrade {
            owner.push_queued(id);
        }
        granted
    }

    /// Makes sure that everybody goes through the queue object, and asks there.
    fn enter(&self, shard: &mut Shard, owner: OwnerId, name: Name, mode: Mode) -> Answer {
        let Some(word) = self.word(name) else {
            if !is_intent(mode) && !shard.closed.contains(&name) {
                shard.closed.push(name);
                self.intents.close(name.fingerprint());
                let adopt = |holder, noted| shard.queues.adopt(holder, name, noted);
                self.intents.collect(name.fingerprint(), owner, adopt);
            }
            return shard.queues.request(owner, name, mode);
        };
        let mut seen = word.load(Ordering::Acquire);
        let heads = loop {
            if let Some(heads) = Word(seen).heads() {
                break heads;
            }
            let holder = Word(seen).holder(owner);
            let next = match holder {
                Some(_) => Word::inflated(1),
                // Free by now.
                None => Word::held(name.fingerprint(), owner, mode),
            };
            match (word.compare_exchange(seen, next.0, Ordering::AcqRel, Ordering::Acquire), holder) {
                (Err(now), _) => seen = now,
                (Ok(_), None) => return Answer::New,
                (Ok(_), Some((held, fingerprint, holder))) => {
                    let resident = Name::row(name.word().unwrap_or_default(), fingerprint);
                    if !cfg!(planted = "inflation_forgets_the_holder") {
                        shard.queues.adopt(holder, resident, held);
                    }
                    break 1;
                }
            }
        };
        if !shard.queues.has(name) {
            // Nobody else changes an inflated word: its shard is ours.
            word.store(Word::inflated(heads + 1).0, Ordering::Relaxed);
        }
        shard.queues.request(owner, name, mode)
    }

    /// Gives back a lock that is in no word and no note of its owner's any more.
    #[cold]
    fn leave(&self, name: Name, owner: OwnerId) {
        let mut shard = self.shard(name);
        let left = shard.queues.release(owner, name);
        self.settle(&mut shard, name, left);
    }

    /// After somebody left a queue object: the word may be free again, the table open.
    fn settle(&self, shard: &mut Shard, name: Name, left: Left) {
        match (self.word(name), left) {
            (Some(word), Left::Nobody) => {
                let heads = Word(word.load(Ordering::Relaxed)).heads().unwrap_or_default();
                word.store(Word::inflated(heads.saturating_sub(1)).0, Ordering::Release);
            }
            (Some(_), Left::Somebody) => {}
            (None, Left::Nobody | Left::Somebody) => {
                if let Some(at) = shard.closed.iter().position(|closed| *closed == name)
                    && !shard.queues.any(name, |mode| !is_intent(mode))
                {
                    shard.closed.swap_remove(at);
                    self.intents.open(name.fingerprint());
                }
            }
        }
    }
}

/// What is asked for, under both its names.
#[derive(Debug, Clone, Copy)]
struct Request {
    id: LockId,
    name: Name,
    mode: Mode,
}

fn is_intent(mode: Mode) -> bool {
    match mode {
        Mode::IS | Mode::IX => true,
        Mode::S | Mode::SIX | Mode::X => false,
    }
}

impl LockTable for CasBuckets {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self::default()
    }

    #[inline]
    fn acquire(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &dyn BlockPolicy,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let name = self.name(id);
        let request = Request { id, name, mode };
        let Some(word) = self.word(name) else { return self.acquire_table(owner, request, policy, patience) };
        let mine = Word::held(name.fingerprint(), owner.id(), mode).0;
        match word.compare_exchange(Word::FREE.0, mine, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                owner.rows.push(id);
                Ok(())
            }
            Err(seen) => self.acquire_taken(owner, request, seen, policy, patience),
        }
    }

    fn release_all(&self, owner: &mut Owner) -> Released {
        let (id, mut fast, all) = (owner.id(), 0, owner.held() as u64);
        for name in owner.rows.drain(..).map(|row| self.name(row)) {
            let released = self.word(name).is_some_and(|word| {
                let seen = word.load(Ordering::Relaxed);
                let mine = Word(seen).held_by(name.fingerprint(), id).is_some();
                if mine && cfg!(planted = "release_without_exchange") {
                    word.store(Word::FREE.0, Ordering::Release);
                    return true;
                }
                let free = Word::FREE.0;
                mine && word.compare_exchange(seen, free, Ordering::Release, Ordering::Relaxed).is_ok()
            });
            if released {
                fast += 1;
            } else {
                self.leave(name, id);
            }
        }
        for held in owner.tables.drain(..) {
            let name = self.name(held.id);
            if self.intents.take_back(held.place, name.fingerprint(), id).is_some() {
                fast += 1;
            } else {
                self.leave(name, id);
            }
        }
        Released { fast, queued: all - fast }
    }

    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId)) {
        for shard in self.all_shards() {
            for waiter in shard.queues.waiters() {
                shard.queues.blockers(waiter, &mut |blocker| visit(waiter, blocker));
            }
        }
    }

    fn is_empty(&self) -> bool {
        let free = |word: &AtomicU64| word.load(Ordering::Acquire) == Word::FREE.0;
        self.buckets.iter().all(|bucket| bucket.0.iter().all(free))
            && self.intents.is_empty()
            && self.all_shards().iter().all(|shard| shard.queues.is_empty())
    }
}

impl Default for Geometry {
    fn default() -> Self {
        Self { buckets: 1024, lanes: 32, fingerprint_bits: FINGERPRINT_BITS }
    }
}

impl Default for CasBuckets {
    fn default() -> Self {
        Self::with_geometry(Geometry::default())
    }
}

/// An owner that waits for a lock, with its table.
struct Waiter<'t> {
    table: &'t CasBuckets,
    name: Name,
}

impl Waitable for Waiter<'_> {
    fn judge(&self, question: impl FnOnce(&dyn WaitGraph) -> Act) -> Act {
        let graph = Standing { waiter: self, shards: OnceCell::new() };
        let act = question(&graph);
        match act {
            Act::Abort(victim) => {
                // If the policy has looked at the graph, it still stands as it did.
                let mut shards = graph.shards.into_inner().unwrap_or_else(|| self.table.all_shards());
                let slot = shards.iter_mut().find_map(|shard| {
                    let (name, left, slot) = shard.queues.cancel(victim)?;
                    self.table.settle(shard, name, left);
                    Some(slot)
                });
                if let Some(slot) = slot {
                    slot.decide(Fate::Victim);
                }
            }
            Act::Wait { .. } => {}
        }
        act
    }

    fn withdraw(&self, waiter: OwnerId) {
        let mut shard = self.table.shard(self.name);
        if let Some((name, left, _)) = shard.queues.cancel(waiter) {
            self.table.settle(&mut shard, name, left);
        }
    }
}

/// The graph: all shards, locked in their order when the first question needs them to stand still.
struct Standing<'t> {
    waiter: &'t Waiter<'t>,
    shards: OnceCell<[MutexGuard<'t, Shard>; SHARDS]>,
}

impl WaitGraph for Standing<'_> {
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId)) {
        let shards = self.shards.get_or_init(|| self.waiter.table.all_shards());
        if let Some(shard) = shards.iter().find(|shard| shard.queues.waits_at(waiter).is_some()) {
            shard.queues.blockers(waiter, visit);
        }
    }

    fn blocker(&self, waiter: OwnerId) -> Option<OwnerId> {
        match self.shards.get() {
            Some(shards) => shards.iter().find_map(|shard| shard.queues.blocker(waiter)),
            None => self.waiter.table.shard(self.waiter.name).queues.blocker(waiter),
        }
    }
}
