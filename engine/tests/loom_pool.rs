//! The exchange of magazines under every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_pool`
//!
//! Without `--cfg loom` this file is empty; the pool's own tests run the same on plain threads.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use std::ptr::NonNull;

use engine::memory::pool::slab::{Cache, Class, Depot, MAX_BYTES};
use engine::metrics::Metrics;
use engine::sync::{Arc, Mutex, thread};

/// Objects as large as a slab: a magazine has one round, so that every second call goes to the depot.
fn class() -> Class {
    Class::of(MAX_BYTES, 1).unwrap()
}

/// A thread takes an object, writes to it and leaves it for the other, who frees it; both go on taking and giving, past
/// their magazines. An object that two had at one time would show in its content; one that nobody has, in the count.
#[test]
fn an_object_has_one_owner_and_none_is_lost() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (depot, handed) = (Arc::new(Depot::default()), Arc::new(Mutex::new(None)));
        let maker = {
            let (depot, handed) = (Arc::clone(&depot), Arc::clone(&handed));
            thread::spawn(move || {
                let mut cache = Cache::new(depot);
                let first = take(&mut cache, 1);
                *handed.lock() = Some(Handed(first));
                let second = take(&mut cache, 2);
                give(&mut cache, second, 2);
                let third = take(&mut cache, 3);
                give(&mut cache, third, 3);
            })
        };
        let mut cache = Cache::new(Arc::clone(&depot));
        let mine = take(&mut cache, 4);
        if let Some(Handed(first)) = handed.lock().take() {
            give(&mut cache, first, 1);
        }
        give(&mut cache, mine, 4);
        maker.join().unwrap();
        if let Some(Handed(first)) = handed.lock().take() {
            give(&mut cache, first, 1);
        }
        assert_eq!(depot.lent(), cache.len());
        drop(cache);
        assert_eq!(depot.lent(), 0);
        depot.trim();
    });
}

struct Handed(NonNull<u8>);

// SAFETY: the object's owner goes with it.
unsafe impl Send for Handed {}

fn take(cache: &mut Cache, number: u8) -> NonNull<u8> {
    let object = cache.take(class(), &Metrics::new());
    // SAFETY: ours alone, or the test fails.
    unsafe { object.write(number) };
    object
}

fn give(cache: &mut Cache, object: NonNull<u8>, number: u8) {
    // SAFETY: ours alone, or the test fails.
    assert_eq!(unsafe { object.read() }, number, "somebody else wrote to the object");
    // SAFETY: taken from a cache of this depot with this class.
    unsafe { cache.give(class(), object) };
}
