//! The lock tables as a whole, with their deadlock policies, under thousands of random schedules.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test -p engine --release --test shuttle_locks`
//!
//! A shadow of who holds what checks the compatibility matrix at every grant; a wake-up that is lost leaves a thread asleep for
//! ever, which shuttle reports. Without `--cfg shuttle` this file is empty; `txn_locks.rs` does the like on plain threads.
#![cfg(shuttle)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64 as Plain, Ordering::Relaxed};

use engine::concurrent::lock_table::cas_buckets::{CasBuckets, Geometry};
use engine::concurrent::lock_table::mutex_map::MutexMap;
use engine::concurrent::lock_table::{Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, WaitGraph};
use engine::metrics::Metrics;
use engine::sync::{Arc, Mutex, thread};
use engine::transaction::deadlock::DeadlockPolicy;
use engine::transaction::deadlock::eager_dfs::EagerDfs;
use engine::transaction::deadlock::lazy_edges::LazyEdges;
use shuttle::rand::{Rng, thread_rng};

/// Schedules of a test: `SHUTTLE_SCHEDULES`, or 3000.
fn schedules() -> usize {
    let asked = std::env::var("SHUTTLE_SCHEDULES").ok();
    asked.map_or(3000, |number| number.parse().expect("SHUTTLE_SCHEDULES is a number"))
}

/// A table whose words, lanes and fingerprints are few, so that everything meets.
struct Small(CasBuckets);

impl Default for Small {
    fn default() -> Self {
        Self(CasBuckets::with_geometry(Geometry { buckets: 1, lanes: 1, ..Geometry::default() }))
    }
}

impl LockTable for Small {
    fn new(_metrics: &Arc<Metrics>) -> Self {
        Self::default()
    }

    fn acquire(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &dyn BlockPolicy,
        patience: Option<std::time::Duration>,
    ) -> Result<(), LockError> {
        self.0.acquire(owner, id, mode, policy, patience)
    }

    fn release_all(&self, owner: &mut Owner) -> engine::concurrent::lock_table::Released {
        self.0.release_all(owner)
    }

    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId)) {
        self.0.edges(visit);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

macro_rules! every_variant {
    ($($case:ident)+) => {
        every_variant!(@of [$($case)+]
            map_eager: MutexMap, EagerDfs; words_eager: Small, EagerDfs;
            map_lazy: MutexMap, LazyEdges; words_lazy: Small, LazyEdges;
        );
    };
    (@of $cases:tt $($variant:ident: $table:ty, $policy:ty;)+) => {
        $(mod $variant { every_variant!(@one $cases $table, $policy); })+
    };
    (@one [$($case:ident)+] $table:ty, $policy:ty) => {
        use super::*;
        $(#[test] fn $case() { super::$case::<$table, $policy>(); })+
    };
}

every_variant! { random_transactions_keep_the_matrix_and_end cycles_of_every_length_have_one_victim upgrades_meet }

/// A policy that is watched: whoever it names as a victim is in a cycle at that moment.
struct Proven<P>(P);

impl<P: BlockPolicy> Proven<P> {
    fn proven(act: Act, graph: &dyn WaitGraph) -> Act {
        if let Act::Abort(victim) = act {
            let (mut reached, mut todo) = (Vec::new(), vec![victim]);
            while let Some(node) = todo.pop() {
                graph.blockers(node, &mut |next| {
                    if !reached.contains(&next) {
                        reached.push(next);
                        todo.push(next);
                    }
                });
            }
            assert!(reached.contains(&victim), "{victim:?} waits for nobody who waits for it");
        }
        act
    }
}

impl<P: BlockPolicy> BlockPolicy for Proven<P> {
    fn on_block(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        Self::proven(self.0.on_block(waiter, graph), graph)
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        Self::proven(self.0.on_patience(waiter, graph), graph)
    }

    fn on_wake(&self, waiter: &Owner) {
        self.0.on_wake(waiter);
    }
}

fn row(n: u8) -> LockId {
    LockId::row(1, &[n])
}

/// Runs `scenario` under random schedules, half of them with few preemptions.
fn explore(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(scenario, schedules() / 2);
    shuttle::check_pct(scenario, schedules() / 2, 3);
}

/// Who holds what, by the transactions' own account.
#[derive(Default)]
struct Shadow(Mutex<HashMap<LockKey, Vec<(u64, Mode)>>>);

/// The number of a lock, as the tests know it.
type LockKey = u8;

impl Shadow {
    fn granted(&self, lock: LockKey, who: u64, mode: Mode) {
        let mut locks = self.0.lock();
        let holders = locks.entry(lock).or_default();
        match holders.iter_mut().find(|(id, _)| *id == who) {
            Some((_, held)) => *held = held.join(mode),
            None => holders.push((who, mode)),
        }
        for (at, (_, a)) in holders.iter().enumerate() {
            assert!(holders[..at].iter().all(|(_, b)| a.compatible(*b)), "lock {lock}: {holders:?}");
        }
    }

    fn forget(&self, who: u64) {
        self.0.lock().values_mut().for_each(|holders| holders.retain(|(id, _)| *id != who));
    }
}

/// Four transactions, three locks (two rows and a table), all modes.
fn random_transactions_keep_the_matrix_and_end<T: LockTable + 'static, P: DeadlockPolicy + 'static>() {
    explore(|| {
        let shared = Arc::new((T::new(&Arc::default()), Proven(P::new(Arc::default())), Shadow::default()));
        let threads = (1..=4).map(|id| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (table, policy, shadow) = &*shared;
                let mut owner = Owner::new(OwnerId(id));
                for _ in 0..3 {
                    let lock = thread_rng().gen_range(0..3_u8);
                    let mode = Mode::ALL[thread_rng().gen_range(0..5)];
                    let name = if lock == 2 { LockId::table(1) } else { row(lock) };
                    match table.acquire(&mut owner, name, mode, policy, None) {
                        Ok(()) => shadow.granted(lock, id, mode),
                        Err(LockError::Deadlock) => break,
                        Err(LockError::Timeout(_)) => unreachable!("no patience given"),
                    }
                }
                shadow.forget(id);
                table.release_all(&mut owner);
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        assert!(shared.0.is_empty());
    });
}

/// 2..=4 transactions in a ring, each with its own row, then wanting the next one's. Unless somebody was through before the
/// ring closed, exactly one gives way; never more.
fn cycles_of_every_length_have_one_victim<T: LockTable + 'static, P: DeadlockPolicy + 'static>() {
    for length in 2..=4_u8 {
        let broken = Arc::new(Plain::new(0));
        let seen = Arc::clone(&broken);
        let scenario = move || {
            let shared = Arc::new((T::new(&Arc::default()), Proven(P::new(Arc::default()))));
            let threads = (0..length).map(|at| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (table, policy) = &*shared;
                    let mut owner = Owner::new(OwnerId(u64::from(at) + 1));
                    table.acquire(&mut owner, row(at), Mode::X, policy, None).unwrap();
                    let outcome = table.acquire(&mut owner, row((at + 1) % length), Mode::X, policy, None);
                    table.release_all(&mut owner);
                    outcome
                })
            });
            let outcomes: Vec<_> =
                threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect();
            let victims = outcomes.iter().filter(|outcome| outcome.is_err()).count();
            assert!(victims <= 1, "{outcomes:?}");
            seen.fetch_add(victims as u64, Relaxed);
            assert!(shared.0.is_empty());
        };
        shuttle::check_random(scenario, schedules() / 3);
        assert!(broken.load(Relaxed) > 0, "no ring of {length} ever closed");
    }
}

/// Two or three sharers of a row who all want to write it: all but one give way, one after the other.
fn upgrades_meet<T: LockTable + 'static, P: DeadlockPolicy + 'static>() {
    explore(|| {
        let sharers = thread_rng().gen_range(2..=3_u64);
        let shared = Arc::new((T::new(&Arc::default()), Proven(P::new(Arc::default())), Shadow::default()));
        let threads = (1..=sharers).map(|id| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (table, policy, shadow) = &*shared;
                let mut owner = Owner::new(OwnerId(id));
                table.acquire(&mut owner, row(0), Mode::S, policy, None).unwrap();
                shadow.granted(0, id, Mode::S);
                let outcome = table.acquire(&mut owner, row(0), Mode::X, policy, None);
                if outcome.is_ok() {
                    shadow.granted(0, id, Mode::X);
                }
                shadow.forget(id);
                table.release_all(&mut owner);
                outcome
            })
        });
        let outcomes: Vec<_> = threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(outcomes.iter().any(Result::is_ok), "somebody must go on: {outcomes:?}");
        assert!(shared.0.is_empty());
    });
}
