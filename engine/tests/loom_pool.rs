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

/// One thread takes three objects, writes to them and leaves them to the other, who frees what it finds: with the third, a
/// full magazine goes to the depot, which the first may load again. An object that two had at one time would show in its
/// content; one that nobody has, in the count.
#[test]
fn an_object_has_one_owner_and_none_is_lost() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(|| {
        let (depot, handed) = (Arc::new(Depot::default()), Arc::new(Mutex::new(Vec::new())));
        let maker = {
            let (depot, handed) = (Arc::clone(&depot), Arc::clone(&handed));
            thread::spawn(move || {
                let mut cache = Cache::new(depot);
                let made = [1, 2, 3].map(|number| Handed(take(&mut cache, number), number));
                handed.lock().extend(made);
                let again = [4, 5].map(|number| (take(&mut cache, number), number));
                again.map(|(object, number)| give(&mut cache, object, number));
            })
        };
        let mut cache = Cache::new(Arc::clone(&depot));
        let mine = take(&mut cache, 6);
        free_all(&mut cache, &handed);
        give(&mut cache, mine, 6);
        maker.join().unwrap();
        free_all(&mut cache, &handed);
        assert_eq!(depot.lent(), cache.len());
        drop(cache);
        assert_eq!(depot.lent(), 0);
        depot.trim();
    });
}

/// An object, and what is written in it.
struct Handed(NonNull<u8>, u8);

// SAFETY: the object's owner goes with it.
unsafe impl Send for Handed {}

fn free_all(cache: &mut Cache, handed: &Mutex<Vec<Handed>>) {
    let found = std::mem::take(&mut *handed.lock());
    for Handed(object, number) in found {
        give(cache, object, number);
    }
}

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
