//! Counters without contention: every thread owns a shard and adds with a plain load and store.
//!
//! A thread takes a shard number when it first counts and gives it back when it ends; the next owner
//! continues from the same totals. Threads beyond the last private shard share one and pay for an atomic
//! add. These are std's atomics even under loom: counters take no part in any protocol.

use super::{Counter, Wait};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Private shards; more threads than this still count correctly, only slower.
const PRIVATE_SHARDS: usize = 32;
/// The shard of every thread that found no private one.
const SHARED: usize = PRIVATE_SHARDS;
/// Numbers that [`shard_of_this_thread`] gives out.
pub const THREAD_SHARDS: usize = PRIVATE_SHARDS + 1;
/// A wait takes two cells: how often, how long.
const CELLS: usize = Counter::COUNT + 2 * Wait::COUNT;

/// The counters and wait totals of one database.
#[derive(Debug)]
pub struct Metrics {
    shards: Box<[Shard]>,
}

/// How often and how long a reason kept somebody waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitTotal {
    /// Number of waits.
    pub count: u64,
    /// Their summed duration.
    pub total_ns: u64,
}

/// Measures one wait, from its making to its drop.
#[derive(Debug)]
pub struct WaitTimer<'a> {
    metrics: &'a Metrics,
    wait: Wait,
    start: Instant,
}

#[derive(Debug)]
#[repr(align(128))]
struct Shard([AtomicU64; CELLS]);

impl Metrics {
    /// All zero.
    pub fn new() -> Metrics {
        let shards = (0..=PRIVATE_SHARDS).map(|_| Shard([const { AtomicU64::new(0) }; CELLS])).collect();
        Metrics { shards }
    }

    /// Counts one event.
    #[inline]
    pub fn inc(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts `n` events.
    #[inline]
    pub fn add(&self, counter: Counter, n: u64) {
        self.add_cell(counter as usize, n);
    }

    /// Books a wait of `ns` nanoseconds.
    #[inline]
    pub fn waited(&self, wait: Wait, ns: u64) {
        let cell = Counter::COUNT + 2 * wait as usize;
        self.add_cell(cell, 1);
        self.add_cell(cell + 1, ns);
    }

    /// Starts to measure a wait; the drop of the timer books it.
    #[inline]
    pub fn wait_timer(&self, wait: Wait) -> WaitTimer<'_> {
        WaitTimer { metrics: self, wait, start: Instant::now() }
    }

    /// The total of one counter. Exact once the counting threads stand still.
    pub fn get(&self, counter: Counter) -> u64 {
        self.sum(counter as usize)
    }

    /// The total of one wait event.
    pub fn wait_total(&self, wait: Wait) -> WaitTotal {
        let cell = Counter::COUNT + 2 * wait as usize;
        WaitTotal { count: self.sum(cell), total_ns: self.sum(cell + 1) }
    }

    /// Every counter by name, in report order.
    pub fn snapshot(&self) -> [(&'static str, u64); Counter::COUNT] {
        std::array::from_fn(|i| (Counter::ALL[i].name(), self.get(Counter::ALL[i])))
    }

    /// Every wait event by name, in report order.
    pub fn waits(&self) -> [(&'static str, WaitTotal); Wait::COUNT] {
        std::array::from_fn(|i| (Wait::ALL[i].name(), self.wait_total(Wait::ALL[i])))
    }

    #[inline]
    fn add_cell(&self, cell: usize, n: u64) {
        let shard = shard_of_this_thread();
        let total = &self.shards[shard].0[cell];
        if shard == SHARED {
            total.fetch_add(n, Relaxed);
        } else {
            // No other thread writes this shard, so nothing is lost between the load and the store.
            total.store(total.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }

    fn sum(&self, cell: usize) -> u64 {
        self.shards.iter().fold(0, |sum, shard| sum.wrapping_add(shard.0[cell].load(Relaxed)))
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Drop for WaitTimer<'_> {
    fn drop(&mut self) {
        self.metrics.waited(self.wait, self.start.elapsed().as_nanos() as u64);
    }
}

const UNASSIGNED: usize = usize::MAX;

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(UNASSIGNED) };
    static LEASE: ShardLease = ShardLease::take();
}

/// Bit i set = shard i is taken. The lock orders the last owner's stores before the next owner's loads.
static TAKEN: Mutex<u32> = Mutex::new(0);

/// A thread's right to its shard; given back when the thread ends.
struct ShardLease(usize);

impl ShardLease {
    fn take() -> ShardLease {
        let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = taken.trailing_ones() as usize;
        if free >= PRIVATE_SHARDS {
            return ShardLease(SHARED);
        }
        *taken |= 1 << free;
        ShardLease(free)
    }
}

impl Drop for ShardLease {
    fn drop(&mut self) {
        // Whatever this thread's remaining destructors count goes to the shared shard.
        SHARD.set(SHARED);
        if self.0 != SHARED {
            *TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) &= !(1 << self.0);
        }
    }
}

/// The calling thread's number among those that run: below [`THREAD_SHARDS`], and its own unless there are more threads, who
/// share the last one.
#[inline]
pub fn shard_of_this_thread() -> usize {
    let shard = SHARD.get();
    if shard == UNASSIGNED { assign_shard() } else { shard }
}

#[cold]
fn assign_shard() -> usize {
    let shard = LEASE.try_with(|lease| lease.0).unwrap_or(SHARED);
    SHARD.set(shard);
    shard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_survive_their_threads() {
        let metrics = Metrics::new();
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..PRIVATE_SHARDS + 8 {
                    scope.spawn(|| (0..1000).for_each(|_| metrics.inc(Counter::WalRecords)));
                }
            });
        }
        assert_eq!(metrics.get(Counter::WalRecords), 3 * (PRIVATE_SHARDS as u64 + 8) * 1000);
        assert_eq!(metrics.snapshot()[Counter::WalRecords as usize], ("wal.records", 120_000));
    }

    #[test]
    fn waits_count_and_sum() {
        let metrics = Metrics::new();
        metrics.waited(Wait::Lock, 5);
        metrics.waited(Wait::Lock, 7);
        drop(metrics.wait_timer(Wait::Fsync));
        assert_eq!(metrics.wait_total(Wait::Lock), WaitTotal { count: 2, total_ns: 12 });
        assert_eq!(metrics.wait_total(Wait::Fsync).count, 1);
        assert_eq!(metrics.wait_total(Wait::Latch), WaitTotal::default());
    }
}
