//! Announcing, retiring and moving the epoch on, under every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_reclaim`
//!
//! Without `--cfg loom` this file is empty; the domain's own tests run the same on plain threads.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use std::ptr::NonNull;

use engine::concurrent::reclaim::epochs::Epochs;
use engine::concurrent::reclaim::{Reader, Reclaim, Retired};
use engine::metrics::Metrics;
use engine::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use engine::sync::{Arc, thread};

/// Says when it is freed, but stays: so a reader that comes too late finds out, whatever the allocator does.
#[derive(Debug)]
struct Node {
    freed: AtomicBool,
    count: Arc<AtomicUsize>,
}

impl Retired for Node {
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: nodes stay for good.
        let node = unsafe { this.as_ref() };
        assert!(!node.freed.swap(true, Ordering::Relaxed), "freed twice");
        node.count.fetch_add(1, Ordering::Relaxed);
    }
}

struct Shared {
    domain: Epochs<Node>,
    newest: AtomicPtr<Node>,
    count: Arc<AtomicUsize>,
}

impl Shared {
    fn node(count: &Arc<AtomicUsize>) -> *mut Node {
        Box::leak(Box::new(Node { freed: AtomicBool::new(false), count: Arc::clone(count) }))
    }

    fn new() -> Arc<Self> {
        let count = Arc::new(AtomicUsize::new(0));
        let newest = AtomicPtr::new(Self::node(&count));
        Arc::new(Self { domain: Epochs::new(&Arc::new(Metrics::new())), newest, count })
    }

    /// Looks at the newest node, twice, as a reader does that is slow.
    fn read(&self, reader: &mut Reader) {
        let guard = self.domain.enter(reader);
        // SAFETY: nodes stay for good.
        let node = unsafe { &*self.newest.load(Ordering::Acquire) };
        assert!(!node.freed.load(Ordering::Relaxed), "freed before it was found");
        assert!(!node.freed.load(Ordering::Relaxed), "freed while somebody reads");
        drop(guard);
        self.domain.rest(reader);
    }

    fn replace(&self) {
        let old = self.newest.swap(Self::node(&self.count), Ordering::AcqRel);
        // SAFETY: just made unreachable, by this thread alone.
        unsafe { self.domain.retire(NonNull::new(old).unwrap(), 8) };
        self.domain.collect();
    }
}

/// One reads, the other replaces what is read and moves the epoch on three times and more.
#[test]
fn a_reader_keeps_what_it_found() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(|| {
        let shared = Shared::new();
        let reader = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut reader = Reader::default();
                shared.read(&mut reader);
                shared.read(&mut reader);
            })
        };
        for _ in 0..2 {
            shared.replace();
        }
        reader.join().unwrap();
        shared.domain.quiesce();
        assert_eq!((shared.domain.limbo_bytes(), shared.count.load(Ordering::Relaxed)), (0, 2));
    });
}
