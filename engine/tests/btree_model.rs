//! The tree against `BTreeMap`, with a pool so small that pages come and go all the time; every run is also recovered from
//! its log alone.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod tree_support;

use engine::index::{MAX_ENTRY, MAX_KEY, TreeError, TupleHeader, entry_room};
use engine::io::Survival;
use engine::metrics::Counter;
use engine::transaction::wal::CommitLog;
use proptest::prelude::*;
use std::collections::BTreeMap;
use tree_support::{Fixture, get, put, remove, scan, scan_down};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    /// Remove up to this many keys from the first at or above the key on.
    RemoveRun(Vec<u8>, usize),
    Scan(Vec<u8>),
    Checkpoint,
}

/// Short keys from few letters, long ones with a long shared prefix, and integers.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => proptest::collection::vec(prop_oneof![Just(0u8), Just(b'a'), Just(b'b'), Just(0xff)], 0..7),
        3 => (0u32..3000).prop_map(|number| number.to_be_bytes().to_vec()),
        2 => (0usize..3, 0u16..300).prop_map(|(prefix, number)| {
            [vec![b'p'; [20, 200, MAX_KEY - 2][prefix]], number.to_be_bytes().to_vec()].concat()
        }),
    ]
}

fn row() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => 0usize..120, 1 => 0usize..1400].prop_map(|len| vec![len as u8; len])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (key(), row()).prop_map(|(key, row)| Step::Put(key, row)),
        8 => key().prop_map(Step::Remove),
        2 => (key(), 1usize..80).prop_map(|(key, run)| Step::RemoveRun(key, run)),
        2 => key().prop_map(Step::Scan),
        1 => Just(Step::Checkpoint),
    ]
}

fn run(fixture: &Fixture, steps: Vec<Step>) -> Model {
    let (tree, log) = (&fixture.tree, &fixture.log);
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Put(key, row) => {
                put(tree, log, &key, &row);
                model.insert(key, row);
            }
            Step::Remove(key) => assert_eq!(remove(tree, log, &key), model.remove(&key).is_some()),
            Step::RemoveRun(from, count) => {
                let run: Vec<Vec<u8>> = model.range(from..).take(count).map(|(key, _)| key.clone()).collect();
                for key in run {
                    assert!(remove(tree, log, &key));
                    model.remove(&key);
                }
            }
            Step::Scan(from) => {
                let expected: Vec<_> = model.range(from.clone()..).map(|(k, v)| (k.clone(), v.clone())).collect();
                assert_eq!(scan(tree, &from), expected);
                let expected: Vec<_> = model.range(..from.clone()).rev().map(|(k, _)| k.clone()).collect();
                assert_eq!(scan_down(tree, Some(&from)), expected);
            }
            Step::Checkpoint => fixture.volume.pool.checkpoint(fixture.volume.log.tail()).unwrap(),
        }
    }
    model
}

fn compare(fixture: &Fixture, model: &Model) {
    let report = fixture.tree.check().unwrap();
    assert_eq!(report.entries, model.len() as u64);
    let expected: Vec<_> = model.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    assert_eq!(scan(&fixture.tree, b""), expected);
    let expected: Vec<_> = model.keys().rev().cloned().collect();
    assert_eq!(scan_down(&fixture.tree, None), expected);
    for (key, row) in model.iter().step_by(7) {
        assert_eq!(get(&fixture.tree, key).as_ref(), Some(row));
    }
    // Every page is either in a tree or free: none is lost, none is both.
    let mut used = report.reached;
    fixture.catalog.tree().collect_pages(&mut used).unwrap();
    assert_eq!(used.len() + fixture.volume.space.free_pages() + 1, fixture.volume.space.end().get() as usize);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_is_a_map_and_its_log_is_the_tree(steps in proptest::collection::vec(step(), 0..900)) {
        let fixture = <Fixture>::new(16);
        let model = run(&fixture, steps);
        compare(&fixture, &model);
        // Once from what reached the disk by eviction and checkpoints, once from nothing.
        for survival in [Survival::Everything, Survival::Nothing] {
            let recovered = <Fixture>::recover(fixture.fs.image().restart(survival), &fixture.log, 24);
            compare(&recovered, &model);
        }
    }
}

/// Enough rows for three levels, in four orders, then removed in another: the tree must grow and shrink soundly.
#[test]
fn ascending_descending_shuffled_and_gone() {
    let orders: [fn(u64) -> u64; 3] = [|i| i, |i| 19_999 - i, |i| i * 7919 % 20_000];
    for order in orders {
        let fixture = <Fixture>::new(64);
        let mut model = Model::new();
        for number in (0..20_000).map(order) {
            let key = format!("customer/{:04}/{:06}", number % 13, number).into_bytes();
            let row = vec![number as u8; 60 + number as usize % 90];
            put(&fixture.tree, &fixture.log, &key, &row);
            model.insert(key, row);
        }
        compare(&fixture, &model);
        let report = fixture.tree.check().unwrap();
        assert!(report.pages.len() >= 3, "{report:?}");
        let keys: Vec<_> = model.keys().cloned().collect();
        for key in keys.iter().filter(|key| key[10] != b'3') {
            assert!(remove(&fixture.tree, &fixture.log, key));
            model.remove(key);
        }
        compare(&fixture, &model);
        let after = fixture.tree.check().unwrap();
        assert!(after.pages[0] < report.pages[0] / 2, "unlinked too few: {:?} of {:?}", after.pages, report.pages);
        assert!(fixture.volume.pool.metrics().get(Counter::TreeUnlinks) > 100);
    }
}

#[test]
fn the_largest_entries_always_find_room() {
    let fixture = <Fixture>::new(32);
    let mut model = Model::new();
    for number in 0..300u32 {
        // Keys that share all but their last bytes, so that fences are as long as keys, beside tiny ones.
        let mut key = vec![b'k'; if number % 3 == 0 { 1 } else { MAX_KEY - 4 }];
        key.extend(number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        let row = vec![number as u8; MAX_ENTRY - entry_room(key.len(), 0)];
        put(&fixture.tree, &fixture.log, &key, &row);
        model.insert(key, row);
    }
    compare(&fixture, &model);
    let too_long = fixture.tree.leaf_exclusive(&[0; MAX_KEY + 1], 0).unwrap_err();
    assert_eq!(too_long.to_string(), "a key of 513 bytes; a key may have at most 512");
    let too_long = fixture.tree.leaf_exclusive(b"k", entry_room(1, MAX_ENTRY)).unwrap_err();
    assert!(matches!(too_long, TreeError::RowTooLong { .. }), "{too_long}");
}

/// Redo of the whole log over pages that already contain all of it must change no byte.
#[test]
fn redo_is_idempotent() {
    let fixture = <Fixture>::new(256);
    let mut model = Model::new();
    for number in 0..3_000u32 {
        let key = (number.wrapping_mul(0x9e37_79b9) % 5000).to_be_bytes().to_vec();
        put(&fixture.tree, &fixture.log, &key, &key.repeat(12));
        model.insert(key.clone(), key.repeat(12));
        if number % 3 == 0 {
            let first = model.keys().next().unwrap().clone();
            remove(&fixture.tree, &fixture.log, &first);
            model.remove(&first);
        }
    }
    let pages = |fixture: &Fixture| -> Vec<Vec<u8>> {
        (1..fixture.volume.space.end().get())
            .map(|number| {
                let id = engine::buffer::PageId::new(number);
                let page = fixture.volume.pool.shared(id, engine::buffer::Visit::Scan).unwrap();
                page.bytes()[4..].to_vec()
            })
            .collect()
    };
    let original = pages(&fixture);
    let blank = <Fixture>::recover(fixture.fs.image().restart(Survival::Nothing), &fixture.log, 256);
    assert_eq!(pages(&blank), original, "redo on nothing gives the pages, byte for byte");
    for (span, payload) in fixture.log.records() {
        tree_support::redo(&blank.volume.pool, span, &payload);
    }
    assert_eq!(pages(&blank), original, "and once more changes nothing");
    compare(&blank, &model);
}

/// Wherever the log refuses a record, the tree is as it was before the operation.
#[test]
fn a_refused_log_record_changes_nothing() {
    for allowed in 0..6 {
        let fixture = <Fixture>::new(64);
        let mut model = Model::new();
        for number in 0..2_000u32 {
            let key = number.to_be_bytes().to_vec();
            put(&fixture.tree, &fixture.log, &key, &[number as u8; 200]);
            model.insert(key, vec![number as u8; 200]);
        }
        fixture.log.fail_after(Some(allowed));
        let mut refused = 0;
        for number in 0..300u32 {
            let key = [&(number * 7).to_be_bytes()[..], &[b'x'; 300]].concat();
            let row = [number as u8; 1500];
            match fixture.tree.leaf_exclusive(&key, entry_room(key.len(), row.len())) {
                Ok(mut leaf) => {
                    let Err(at) = leaf.search(&key) else { panic!("a new key was there already") };
                    leaf.insert(at, &key, TupleHeader { stamp: 7, undo: 8 }, &row, fixture.log.tail());
                    model.insert(key, row.to_vec());
                }
                Err(error) => {
                    assert!(matches!(error, TreeError::Log(_)), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 20, "the log refused only {refused} splits");
        fixture.log.fail_after(None);
        compare(&fixture, &model);
    }
}
