//! The tree under four threads and a small pool.

mod tree_support;

use engine::io::Survival;
use engine::transaction::wal::CommitLog as _;
use engine_testing::random::Xorshift;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use tree_support::{Fixture, get, put, put_stamped, remove, scan};

const THREADS: u64 = 4;

/// Keys of different threads alternate, so that all work on the same pages.
fn key(thread: u64, number: u64) -> Vec<u8> {
    format!("{number:06}/{thread}").into_bytes()
}

/// Every thread owns a quarter of the keys and knows what they must hold, whatever the others do to the pages.
#[test]
fn four_threads_insert_search_remove_and_scan() {
    for frames in [32, 2048] {
        let fixture = <Fixture>::new(frames);
        let done = AtomicBool::new(false);
        let mut models: Vec<BTreeMap<Vec<u8>, Vec<u8>>> = Vec::new();
        std::thread::scope(|scope| {
            let (tree, log, done) = (&fixture.tree, &fixture.log, &done);
            let writers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut model = BTreeMap::new();
                        let mut numbers = Xorshift::new(thread);
                        for _ in 0..6_000 {
                            let random = numbers.bits();
                            let key = key(thread, random % 3_000);
                            match random >> 40 & 7 {
                                0..4 => {
                                    let row = vec![random as u8; (random >> 20 & 0xff) as usize];
                                    put(tree, log, &key, &row);
                                    model.insert(key, row);
                                }
                                4..6 => assert_eq!(remove(tree, log, &key), model.remove(&key).is_some()),
                                _ => assert_eq!(get(tree, &key).as_ref(), model.get(&key)),
                            }
                        }
                        model
                    })
                })
                .collect();
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let rows = scan(tree, b"001000");
                    assert!(rows.is_sorted_by(|a, b| a.0 < b.0), "a scan went back");
                }
            });
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    fixture.volume.pool.checkpoint(fixture.volume.log.tail()).unwrap();
                }
            });
            models = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            done.store(true, Ordering::Relaxed);
        });
        let expected: BTreeMap<_, _> = models.into_iter().flatten().collect();
        assert_eq!(fixture.tree.check().unwrap().entries, expected.len() as u64);
        assert_eq!(scan(&fixture.tree, b""), expected.clone().into_iter().collect::<Vec<_>>());
        let recovered = <Fixture>::recover(fixture.fs.image().restart(Survival::Everything), &fixture.log, 64);
        assert_eq!(scan(&recovered.tree, b""), expected.into_iter().collect::<Vec<_>>());
    }
}

/// Rows that change all the time, in place and by moving about the page, on pages that come and go: what is read without a latch is
/// one version of the row, with the header that it had.
#[test]
fn a_row_is_read_whole() {
    const ROWS: u64 = 24;
    let row = |round: u64| vec![round as u8; 600 + (round % 3 * 300) as usize];
    for frames in [32, 2048] {
        let fixture = <Fixture>::new(frames);
        let tree = &fixture.tree;
        (0..ROWS).for_each(|number| put_stamped(tree, &fixture.log, &key(0, number), 0, &row(0)));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for reader in 0..2 {
                let done = &done;
                scope.spawn(move || {
                    let (mut numbers, mut found, mut met) = (Xorshift::new(reader), Vec::new(), 0);
                    while !done.load(Ordering::Relaxed) {
                        let key = key(0, numbers.bits() % ROWS);
                        let header =
                            tree.read(&key, &mut found, |header| header).unwrap().expect("it is never removed");
                        assert_eq!(found, row(header.stamp), "of round {}", header.stamp);
                        met += 1;
                    }
                    assert!(met > 0, "the writers were faster than a single read");
                });
            }
            for round in 1..3_000 {
                (0..ROWS).for_each(|number| put_stamped(tree, &fixture.log, &key(0, number), round, &row(round)));
            }
            done.store(true, Ordering::Relaxed);
        });
        tree.check().unwrap();
    }
}

/// A key that is there all the time is met by every scan, while leaves around it split and vanish.
#[test]
fn a_scan_meets_every_lasting_key_once() {
    let fixture = <Fixture>::new(128);
    let lasting: Vec<Vec<u8>> = (0..500).map(|number| key(9, number * 4)).collect();
    for key in &lasting {
        put(&fixture.tree, &fixture.log, key, &[1; 40]);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (tree, log, done) = (&fixture.tree, &fixture.log, &done);
        let churn = scope.spawn(move || {
            for round in 0..12u64 {
                for number in 0..2_000 {
                    put(tree, log, &key(round % 3, number), &[2; 90]);
                }
                for number in 0..2_000 {
                    remove(tree, log, &key(round % 3, number));
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let met = scan(tree, b"").into_iter().map(|(key, _)| key).filter(|key| key.ends_with(b"/9"));
                assert_eq!(met.collect::<Vec<_>>(), lasting);
            }
        });
        churn.join().unwrap();
    });
    fixture.tree.check().unwrap();
}
