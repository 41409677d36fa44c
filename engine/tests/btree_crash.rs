//! The tree on a disk that fails at every moment: whatever sectors survive, redo makes the same tree of it.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod tree_support;

use engine::io::{DiskImage, IoAction, Survival};
use engine::transaction::wal::CommitLog as _;
use engine_testing::random::Xorshift;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tree_support::{Fixture, MemLog, put, remove, scan};

/// The disk at one I/O, and how much log there was.
struct Moment {
    image: DiskImage,
    records: usize,
}

/// Splits, unlinks, evictions and checkpoints in a pool of 16 frames; the disk is kept at every `every`-th write or sync.
fn run(seed: u64, every: u64) -> (MemLog, Vec<Moment>) {
    let fixture = <Fixture>::new(16);
    fixture.volume.pool.checkpoint(fixture.volume.log.tail()).unwrap();
    let log = fixture.log.clone();
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (kept, seen) = (Arc::clone(&moments), log.clone());
    fixture.fs.observe(move |event, image| {
        if matches!(event.action, IoAction::Write | IoAction::Sync) && event.op.is_multiple_of(every) {
            kept.lock().unwrap().push(Moment { image: image.clone(), records: seen.records().len() });
        }
    });
    let mut numbers = Xorshift::new(seed);
    let mut live = BTreeMap::new();
    for step in 0..2_000u64 {
        let random = numbers.bits();
        let key = format!("{:05}", random % 1_500).repeat(1 + random as usize % 7).into_bytes();
        if random >> 50 & 3 == 0 {
            assert_eq!(remove(&fixture.tree, &log, &key), live.remove(&key).is_some());
        } else {
            let row = vec![step as u8; (random >> 20 & 0x1ff) as usize];
            put(&fixture.tree, &log, &key, &row);
            live.insert(key, row);
        }
        if step % 300 == 299 {
            fixture.volume.pool.checkpoint(fixture.volume.log.tail()).unwrap();
        }
    }
    assert_eq!(scan(&fixture.tree, b""), live.into_iter().collect::<Vec<_>>());
    fixture.fs.observe(|_, _| {});
    let moments = std::mem::take(&mut *moments.lock().unwrap());
    (log, moments)
}

#[test]
fn every_surviving_subset_recovers_to_the_same_tree() {
    let mut states = 0;
    for seed in [3, 88_172_645_463_325_252] {
        let (log, moments) = run(seed, 97);
        for (number, moment) in moments.iter().enumerate() {
            let logged = log.records().into_iter().take(moment.records).collect::<Vec<_>>();
            // What the log says, without the disk.
            let blank = moments[0].image.restart(Survival::Everything);
            let expected = scan(&<Fixture>::replay(blank, &logged, 64).tree, b"");
            for survival in moment.image.survivals(6, seed + number as u64) {
                let recovered = <Fixture>::replay(moment.image.restart(survival), &logged, 16);
                recovered.tree.check().unwrap();
                assert_eq!(scan(&recovered.tree, b""), expected, "at moment {number}, {survival:?}");
                states += 1;
            }
        }
    }
    assert!(states > 100, "only {states} states were tried");
}
