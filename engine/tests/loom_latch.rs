//! The hybrid latch under every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_latch`
//!
//! Without `--cfg loom` this file is empty; the latch's own tests run the same on plain threads.
#![cfg(loom)]

use engine::concurrent::latch::HybridLatch;
use engine::sync::Arc;
use engine::sync::atomic::{AtomicU64, Ordering};

/// Two words that are equal whenever nobody writes.
struct Pair {
    latch: HybridLatch,
    words: [AtomicU64; 2],
}

impl Pair {
    fn new() -> Arc<Self> {
        Arc::new(Self { latch: HybridLatch::new(), words: [AtomicU64::new(0), AtomicU64::new(0)] })
    }

    fn read(&self) -> (u64, u64) {
        (self.words[0].load(Ordering::Relaxed), self.words[1].load(Ordering::Relaxed))
    }

    fn add_one(&self) {
        let (a, b) = self.read();
        self.words[0].store(a + 1, Ordering::Relaxed);
        self.words[1].store(b + 1, Ordering::Relaxed);
    }

    fn write(&self) {
        self.latch.exclusive();
        self.add_one();
        // SAFETY: held exclusively since two lines above.
        unsafe { self.latch.unlock_exclusive() };
    }
}

fn beside(pair: &Arc<Pair>, work: impl FnOnce(&Pair) + Send + 'static) -> loom::thread::JoinHandle<()> {
    let pair = Arc::clone(pair);
    loom::thread::spawn(move || work(&pair))
}

/// The writer stores without loading first: loom remembers one access per word, and a load of the writer's would keep it from
/// trying the schedules in which the reader comes between the two stores.
#[test]
fn an_optimistic_reader_validates_only_whole_writes() {
    let torn = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let torn_seen = Arc::clone(&torn);
    loom::model(move || {
        let pair = Pair::new();
        let writer = beside(&pair, |pair| {
            pair.latch.exclusive();
            pair.words[0].store(1, Ordering::Relaxed);
            pair.words[1].store(1, Ordering::Relaxed);
            // SAFETY: held exclusively since the top of the closure.
            unsafe { pair.latch.unlock_exclusive() };
        });
        let version = pair.latch.optimistic();
        let (a, b) = pair.read();
        let valid = pair.latch.validate(version);
        assert!(!valid || a == b, "validated {a} and {b}");
        torn_seen.fetch_add(u64::from(a != b), std::sync::atomic::Ordering::Relaxed);
        writer.join().unwrap();
    });
    assert!(torn.load(std::sync::atomic::Ordering::Relaxed) > 0, "no schedule tore the read: the model shows nothing");
}

#[test]
fn shared_and_exclusive_holders_exclude_each_other() {
    loom::model(|| {
        let pair = Pair::new();
        let writer = beside(&pair, Pair::write);
        pair.latch.shared();
        let (a, b) = pair.read();
        assert_eq!(a, b);
        // SAFETY: held shared since three lines above.
        unsafe { pair.latch.unlock_shared() };
        writer.join().unwrap();
    });
}

#[test]
fn two_writers_lose_no_write() {
    loom::model(|| {
        let pair = Pair::new();
        let writer = beside(&pair, Pair::write);
        pair.write();
        writer.join().unwrap();
        assert_eq!(pair.read(), (2, 2));
    });
}

/// An optimistic read becomes a write only if nobody wrote in between: two such increments never overwrite each other.
#[test]
fn an_upgrade_fails_after_another_write() {
    loom::model(|| {
        let pair = Pair::new();
        let writer = beside(&pair, Pair::write);
        let version = pair.latch.optimistic();
        let seen = pair.words[0].load(Ordering::Relaxed);
        if pair.latch.exclusive_if(version) {
            assert_eq!(pair.read(), (seen, seen));
            pair.add_one();
            // SAFETY: held exclusively since the condition.
            unsafe { pair.latch.exclusive_to_shared() };
            assert_eq!(pair.read(), (seen + 1, seen + 1), "no writer between exclusive and shared");
            // SAFETY: held shared since the line above.
            unsafe { pair.latch.unlock_shared() };
        }
        writer.join().unwrap();
        let (a, b) = pair.read();
        assert!(a == b && (1..=2).contains(&a));
    });
}
