//! The lock table's words under every interleaving the memory model allows: the whole table, made small.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_lock_table`
//!
//! Without `--cfg loom` this file is empty; `txn_locks.rs` runs the table on plain threads.
#![cfg(loom)]

use std::sync::OnceLock;
use std::time::Duration;

use engine::concurrent::lock_table::cas_buckets::{CasBuckets, Geometry};
use engine::concurrent::lock_table::{
    Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, Released, WaitGraph,
};
use engine::sync::{Arc, UnsafeCell};
use engine::transaction::deadlock::eager_dfs::EagerDfs;
use loom::thread::JoinHandle;

/// No deadlocks here.
struct Patient;

impl BlockPolicy for Patient {
    fn on_block(&self, _waiter: &Owner, _graph: &dyn WaitGraph) -> Act {
        Act::Wait { recheck_after: None }
    }

    fn on_patience(&self, waiter: &Owner, graph: &dyn WaitGraph) -> Act {
        self.on_block(waiter, graph)
    }

    fn on_wake(&self, _waiter: &Owner) {}
}

/// One bucket, one lane, and what the locks protect: loom notices two who touch it at once, and one who touches it without
/// having learnt from the one before.
struct Scene {
    table: CasBuckets,
    guarded: [UnsafeCell<u32>; 2],
}

impl Scene {
    fn new() -> Arc<Self> {
        let table = CasBuckets::with_geometry(Geometry { buckets: 1, lanes: 1, fingerprint_bits: 20 });
        Arc::new(Self { table, guarded: [UnsafeCell::new(0), UnsafeCell::new(0)] })
    }

    fn write(&self, which: usize) {
        // SAFETY: loom refuses a second access at the same time.
        self.guarded[which].with_mut(|value| unsafe { *value += 1 });
    }

    fn read(&self, which: usize) -> u32 {
        // SAFETY: loom refuses a write at the same time.
        self.guarded[which].with(|value| unsafe { *value })
    }

    fn acquire(&self, owner: &mut Owner, id: LockId, mode: Mode) {
        self.table.acquire(owner, id, mode, &Patient, None).unwrap();
    }

    /// A transaction that writes under an exclusive lock.
    fn transaction(&self, owner: u64, id: LockId, which: usize) -> Released {
        let mut owner = Owner::new(OwnerId(owner));
        self.acquire(&mut owner, id, Mode::X);
        self.write(which);
        self.table.release_all(&mut owner)
    }
}

fn beside<R: 'static>(scene: &Arc<Scene>, work: impl FnOnce(&Scene) -> R + Send + 'static) -> JoinHandle<R> {
    let scene = Arc::clone(scene);
    loom::thread::spawn(move || work(&scene))
}

fn row(n: u32) -> LockId {
    LockId::row(1, &n.to_le_bytes())
}

/// A row that shares a word with `row(0)` but not its fingerprint: that one releases through a queue object.
fn word_mate() -> LockId {
    static MATE: OnceLock<u32> = OnceLock::new();
    row(*MATE.get_or_init(|| {
        let found = std::sync::Arc::new(OnceLock::new());
        let result = std::sync::Arc::clone(&found);
        loom::model(move || {
            let scene = Scene::new();
            let mate = (1..200).find(|n| {
                let (mut a, mut b) = (Owner::new(OwnerId(1)), Owner::new(OwnerId(2)));
                scene.acquire(&mut a, row(0), Mode::X);
                let granted = scene.table.acquire(&mut b, row(*n), Mode::X, &Patient, Some(Duration::ZERO)).is_ok();
                let inflated = scene.table.release_all(&mut b).queued == 1;
                scene.table.release_all(&mut a);
                granted && inflated
            });
            let _ = result.set(mate.unwrap());
        });
        *found.get().unwrap()
    }))
}

#[track_caller]
fn model(preemptions: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(preemptions));
    model.check(scenario);
}

#[test]
fn two_writers_exclude_each_other() {
    let fast = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let queued = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (all_fast, all_queued) = (Arc::clone(&fast), Arc::clone(&queued));
    model(3, move || {
        let scene = Scene::new();
        let other = beside(&scene, |scene| scene.transaction(2, row(0), 0));
        let mine = scene.transaction(1, row(0), 0);
        let other = other.join().unwrap();
        assert_eq!(scene.read(0), 2);
        assert!(scene.table.is_empty());
        all_fast.fetch_add(mine.fast + other.fast, std::sync::atomic::Ordering::Relaxed);
        all_queued.fetch_add(mine.queued + other.queued, std::sync::atomic::Ordering::Relaxed);
    });
    let seen = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
    assert!(seen(&fast) > 0 && seen(&queued) > 0, "one of the paths was never taken: the model shows nothing");
}

/// Two in one word, and one who wants the same as the first.
#[test]
fn three_writers_of_two_rows_in_one_word() {
    let mate = word_mate();
    model(2, move || {
        let scene = Scene::new();
        let second = beside(&scene, |scene| drop(scene.transaction(2, row(0), 0)));
        let third = beside(&scene, move |scene| drop(scene.transaction(3, mate, 1)));
        scene.transaction(1, row(0), 0);
        second.join().unwrap();
        third.join().unwrap();
        assert_eq!((scene.read(0), scene.read(1)), (2, 1));
        assert!(scene.table.is_empty());
    });
}

/// The sole sharer upgrades in its word while another wants to share, and a third to write.
#[test]
fn an_upgrade_meets_a_sharer_and_a_writer() {
    model(2, || {
        let scene = Scene::new();
        let sharer = beside(&scene, |scene| {
            let mut owner = Owner::new(OwnerId(2));
            scene.acquire(&mut owner, row(0), Mode::S);
            scene.read(0);
            scene.table.release_all(&mut owner);
        });
        let writer = beside(&scene, |scene| drop(scene.transaction(3, row(0), 0)));
        let mut owner = Owner::new(OwnerId(1));
        scene.acquire(&mut owner, row(0), Mode::S);
        let before = scene.read(0);
        scene.acquire(&mut owner, row(0), Mode::X);
        assert_eq!(scene.read(0), before, "nobody wrote between the shared lock and its upgrade");
        scene.write(0);
        scene.table.release_all(&mut owner);
        sharer.join().unwrap();
        writer.join().unwrap();
        assert_eq!(scene.read(0), 2);
        assert!(scene.table.is_empty());
    });
}

/// Who wants the whole table finds every note, or its writer finds the table closed.
#[test]
fn an_intent_and_a_whole_table_exclude_each_other() {
    model(3, || {
        let scene = Scene::new();
        let intends = beside(&scene, |scene| {
            let mut owner = Owner::new(OwnerId(2));
            scene.acquire(&mut owner, LockId::table(1), Mode::IX);
            scene.write(0);
            scene.table.release_all(&mut owner);
        });
        scene.transaction(1, LockId::table(1), 0);
        intends.join().unwrap();
        assert_eq!(scene.read(0), 2);
        assert!(scene.table.is_empty());
    });
}

/// Two who intend something and one who wants all; the intents do not exclude each other.
#[test]
fn a_whole_table_waits_for_all_intents() {
    model(2, || {
        let scene = Scene::new();
        let intends = |id, which| {
            beside(&scene, move |scene| {
                let mut owner = Owner::new(OwnerId(id));
                scene.acquire(&mut owner, LockId::table(1), Mode::IX);
                scene.write(which);
                scene.table.release_all(&mut owner);
            })
        };
        let (second, third) = (intends(2, 0), intends(3, 1));
        let mut owner = Owner::new(OwnerId(1));
        scene.acquire(&mut owner, LockId::table(1), Mode::X);
        scene.write(0);
        scene.write(1);
        scene.table.release_all(&mut owner);
        second.join().unwrap();
        third.join().unwrap();
        assert_eq!((scene.read(0), scene.read(1)), (2, 2));
        assert!(scene.table.is_empty());
    });
}

/// Two rows locked crosswise: one of the two gives way, the other goes on.
#[test]
fn a_cycle_has_one_victim() {
    model(2, || {
        let scene = Scene::new();
        let crosswise = |id: u64, first: LockId, then: LockId| {
            move |scene: &Scene| {
                let (mut owner, policy) = (Owner::new(OwnerId(id)), EagerDfs::default());
                scene.table.acquire(&mut owner, first, Mode::X, &policy, None).unwrap();
                let outcome = scene.table.acquire(&mut owner, then, Mode::X, &policy, None);
                scene.table.release_all(&mut owner);
                outcome
            }
        };
        let other = beside(&scene, crosswise(2, row(1), row(0)));
        let mine = crosswise(1, row(0), row(1))(&scene);
        let outcomes = [mine, other.join().unwrap()];
        assert_eq!(outcomes[0], Ok(()), "the elder never gives way");
        assert!(outcomes[1] == Ok(()) || outcomes[1] == Err(LockError::Deadlock));
        assert!(scene.table.is_empty());
    });
}
