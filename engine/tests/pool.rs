//! What slabs promise about the memory of the whole process; hence one test, in a process of its own.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use std::sync::Arc;
use std::thread;

use engine::api::{Database, Options};
use engine::io::SimFs;
use engine::memory::pool::slab::{self, SlabPool};
use engine::memory::pool::{AnyPool as _, BytePool as _, ObjPool as _};
use engine::metrics::Metrics;

const SLAB_BYTES: usize = 64 << 10;

#[test]
fn nothing_is_outstanding_at_the_end_and_memory_is_given_back() {
    threads_end();
    a_burst_is_given_back();
    a_database_is_closed();
}

/// Threads end with magazines half full, one with objects of another.
fn threads_end() {
    let pool = SlabPool::<[u64; 12]>::new(&Arc::new(Metrics::new()));
    let make = |thread: u64| {
        let objects: Vec<_> = (0..777 + thread).map(|number| pool.put([number; 12])).collect();
        objects.into_iter().step_by(3).collect::<Vec<_>>()
    };
    let left: Vec<_> = thread::scope(|scope| {
        let makers = [0, 1, 2, 3].map(|thread| {
            scope.spawn({
                let make = &make;
                move || make(thread)
            })
        });
        makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
    });
    assert_eq!(slab::outstanding(), left.len());
    thread::scope(|scope| scope.spawn(|| drop(left)).join().unwrap());
    assert_eq!(slab::outstanding(), 0);
}

/// 100 MB in use at once, freed in no order: two trims later hardly anything is left.
fn a_burst_is_given_back() {
    let rows = SlabPool::<[u8]>::new(&Arc::new(Metrics::new()));
    let trim = || SlabPool::<u64>::new(&Arc::new(Metrics::new())).trim();
    let mut burst: Vec<_> = (0..250_000).map(|number| rows.copy(&[number as u8; 320][..300 + number % 20])).collect();
    let live = 250_000 * 320;
    let peak = slab::footprint_bytes();
    assert!(peak >= live && peak < live + live / 20 + 8 * SLAB_BYTES, "{peak} bytes for {live}");
    let mut at = 1_usize;
    while !burst.is_empty() {
        at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = (at >> 33) % burst.len();
        drop(burst.swap_remove(index));
    }
    trim();
    trim();
    let left = slab::footprint_bytes();
    // The stock; and each of the 64 objects in this thread's magazines may keep a slab.
    assert!(left <= (64 + 64 + 4) * SLAB_BYTES, "{left} bytes of {peak} are kept");
    assert_eq!(slab::outstanding(), 0);
}

/// Updates, rollbacks, deletions and an old snapshot, on whatever the features choose.
fn a_database_is_closed() {
    let options = Options { pool_bytes: 4 << 20, wal_segment_bytes: 1 << 20, background: false, ..Options::default() };
    let database = Database::open(Arc::new(SimFs::new()), options).unwrap();
    let table = database.create_table("rows").unwrap();
    let mut old = database.begin().unwrap();
    for number in 0..2_000_u64 {
        let (key, mut txn) = ((number % 50).to_be_bytes(), database.begin().unwrap());
        if !txn.update(table, &key, |row| row[0] = row[0].wrapping_add(1)).unwrap() {
            txn.insert(table, &key, &[number as u8; 200]).unwrap();
        }
        match number % 10 {
            3 => txn.rollback().unwrap(),
            7 => {
                txn.delete(table, &key).unwrap();
                let ticket = txn.commit().unwrap();
                database.wait(&ticket).unwrap();
            }
            _ => {
                let ticket = txn.commit().unwrap();
                database.wait(&ticket).unwrap();
            }
        }
        if number == 100 {
            old.get(table, &key, &mut Vec::new()).unwrap();
        }
        if number % 100 == 0 {
            database.vacuum().unwrap();
        }
    }
    drop(old);
    database.close().unwrap();
    // What is retired and not yet freed outlives its database: the baseline collects as it is used.
    for _ in 0..100_000 {
        if slab::outstanding() == 0 {
            return;
        }
        crossbeam_epoch::pin().flush();
    }
    panic!("{} objects are still in use", slab::outstanding());
}
