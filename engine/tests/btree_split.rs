//! Both ways to divide a page: the contract of a plan, whole trees against a map, and what the optimized one is for.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod tree_support;

use engine::buffer::{Page, PageId, TreeId};
use engine::compose::Object;
use engine::index::split::adaptive::Adaptive;
use engine::index::split::half::Half;
use engine::index::split::{SplitPlan, SplitPolicy};
use engine::io::Survival;
use engine::metrics::Counter;
use engine::storage::slotted::{Kind, SlottedPage};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tree_support::{Fixture, put, scan};

const ROW: usize = 60;

/// What a plan must satisfy whatever the policy.
fn obeys(node: &SlottedPage, key: &[u8], plan: &SplitPlan) {
    let SplitPlan { keep, separator, .. } = plan;
    assert!((1..node.len()).contains(keep), "keeps {keep} of {}", node.len());
    assert!(node.covers(separator) && separator.as_slice() > node.lower_fence(), "{separator:?} is no inner bound");
    match node.kind() {
        Kind::Leaf => {
            assert!(node.key(keep - 1) < *separator && *separator <= node.key(*keep), "{separator:?} divides wrongly");
            let stays = key < separator.as_slice();
            let at = node.search(key).unwrap_or_else(|at| at);
            assert!(if stays { at <= *keep } else { at >= *keep }, "the new key is on the wrong side");
        }
        Kind::Inner => assert_eq!(*separator, node.key(*keep)),
    }
}

/// A full page of one kind with the keys in the order given, and a key that found no room.
fn full(kind: Kind, keys: &[Vec<u8>], value: usize, last: bool) -> Option<(Box<Page>, Vec<u8>)> {
    let mut page = Box::new(Page::zeroed());
    let node = SlottedPage::of_mut(&mut page);
    let upper: Option<&[u8]> = if last { None } else { Some(&[0xff; 8]) };
    node.format(PageId::new(9), TreeId(3), u8::from(kind == Kind::Inner), b"", upper);
    if kind == Kind::Inner {
        node.insert_child(0, b"", PageId::new(100));
    }
    for (number, key) in keys.iter().enumerate() {
        let Err(at) = node.search(key) else { continue };
        let bytes = if kind == Kind::Leaf { value } else { 0 };
        if !node.has_room(key.len(), bytes) {
            return Some((page, key.clone()));
        }
        match kind {
            Kind::Leaf => node.insert_value(at, key, &[&vec![7; value]]),
            Kind::Inner => node.insert_child(at, key, PageId::new(200 + number as u64)),
        }
    }
    None
}

/// Orders of arrival: scattered, upwards, downwards, and several runs side by side.
fn arrivals() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let scattered = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 1500);
    let runs = (0_u8..4, 1_u32..7, 0_u32..1000).prop_map(|(order, lanes, offset)| {
        (0..1500_u32)
            .map(|i| match order {
                0 => i,
                1 => 100_000 - i,
                2 => (i % lanes) * 10_000 + i / lanes,
                _ => (i % lanes) * 10_000 + 9_000 - i / lanes,
            })
            .map(|number| (number + offset).to_be_bytes().to_vec())
            .collect()
    });
    let runs_with_noise = (1_u32..90, any::<u32>()).prop_map(|(every, seed)| {
        let noise = |i: u32| i.wrapping_mul(2_654_435_761).wrapping_add(seed);
        (0..1500_u32).map(|i| if i % every == 0 { noise(i) } else { 1_000_000 + i }.to_be_bytes().to_vec()).collect()
    });
    prop_oneof![scattered, runs, runs_with_noise]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_divides(keys in arrivals(), value in 0_usize..900, leaf: bool, last: bool) {
        let kind = if leaf { Kind::Leaf } else { Kind::Inner };
        let keys: Vec<_> = keys.into_iter().filter(|key| key.as_slice() < [0xff; 8].as_slice()).collect();
        if let Some((page, key)) = full(kind, &keys, value, last) {
            let node = SlottedPage::of(&page);
            obeys(node, &key, &Half.choose(node, &key));
            obeys(node, &key, &Adaptive::default().choose(node, &key));
        }
    }

    #[test]
    fn a_tree_is_a_map_whatever_the_order(keys in arrivals(), row in 0_usize..200) {
        is_a_map::<Half>(&keys, row);
        is_a_map::<Adaptive>(&keys, row);
        is_a_map::<Object<Adaptive, dyn SplitPolicy>>(&keys, row);
    }
}

fn is_a_map<P: SplitPolicy>(keys: &[Vec<u8>], row: usize) {
    let fixture = Fixture::<P>::new(64);
    let mut model = BTreeMap::new();
    for (number, key) in keys.iter().enumerate() {
        // Every fifth row grows when its key comes again.
        let row = vec![number as u8; row + 40 * usize::from(number % 5 == 0 && model.contains_key(key))];
        put(&fixture.tree, &fixture.log, key, &row);
        model.insert(key.clone(), row);
    }
    let expected: Vec<_> = model.into_iter().collect();
    assert_eq!(scan(&fixture.tree, b""), expected);
    fixture.tree.check().unwrap();
    let lost = fixture.fs.image().restart(Survival::Nothing);
    let recovered = Fixture::<P>::recover(lost, &fixture.log, 64);
    assert_eq!(scan(&recovered.tree, b""), expected);
    recovered.tree.check().unwrap();
}

/// Leaves, their mean fill, and the splits per thousand insertions.
struct Shape {
    leaves: u64,
    fill: f64,
    splits: f64,
}

/// The key that comes as number so and so.
type Arrival = fn(u64) -> u64;

fn shape<P: SplitPolicy>(keys: impl Iterator<Item = u64>) -> Shape {
    let fixture = Fixture::<P>::new(1 << 12);
    let mut count = 0_u64;
    for key in keys {
        put(&fixture.tree, &fixture.log, &key.to_be_bytes(), &[1; ROW]);
        count += 1;
    }
    let report = fixture.tree.check().unwrap();
    let splits = fixture.volume.pool.metrics().get(Counter::TreeSplits);
    Shape { leaves: report.pages[0], fill: report.leaf_fill, splits: splits as f64 * 1000.0 / count as f64 }
}

/// Every number once, in no order (the finalizer of SplitMix64).
fn scattered(i: u64) -> u64 {
    let i = (i ^ (i >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let i = (i ^ (i >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    i ^ (i >> 31)
}

#[test]
fn runs_leave_full_pages_behind() {
    const N: u64 = 60_000;
    let ascending: Arrival = |i| i;
    let descending: Arrival = |i| N - i;
    // Twenty districts, ten lines an order.
    let order_lines: Arrival = |i| (scattered(i / 10) % 20) * 1_000_000 + i;
    for (order, key) in [("ascending", ascending), ("descending", descending), ("order lines", order_lines)] {
        let (half, adaptive) = (shape::<Half>((0..N).map(key)), shape::<Adaptive>((0..N).map(key)));
        assert!(adaptive.fill > 0.85, "{order}: pages are {:.2} full", adaptive.fill);
        assert!(adaptive.leaves * 100 <= half.leaves * 62, "{order}: {} for {} leaves", adaptive.leaves, half.leaves);
        assert!(adaptive.splits < half.splits * 0.65, "{order}: {} for {} splits", adaptive.splits, half.splits);
    }
}

#[test]
fn an_object_splits_as_its_policy_does() {
    const N: u64 = 8_000;
    let (policy, object) = (shape::<Adaptive>(0..N), shape::<Object<Adaptive, dyn SplitPolicy>>(0..N));
    assert_eq!((object.leaves, object.splits), (policy.leaves, policy.splits));
}

#[test]
fn scattered_insertions_are_not_mistaken_for_runs() {
    const N: u64 = 60_000;
    // Pages that a run has filled split once more when others come between: they must not end emptier than halves do.
    let after_a_run = |i: u64| if i < N / 2 { i << 40 } else { scattered(i) >> 8 };
    for (keys, fill) in [(scattered as Arrival, 0.97), (after_a_run, 0.92)] {
        let (half, adaptive) = (shape::<Half>((0..N).map(keys)), shape::<Adaptive>((0..N).map(keys)));
        assert!(adaptive.fill > half.fill * fill, "{:.3} for {:.3}", adaptive.fill, half.fill);
        assert!(adaptive.splits < half.splits * 1.10, "{} for {} splits", adaptive.splits, half.splits);
    }
}

#[test]
fn an_ascending_run_skips_the_descent_and_a_scattered_one_does_not_try() {
    let hits = |key: Arrival| {
        let fixture = Fixture::<Adaptive>::new(1 << 12);
        for i in 0..20_000 {
            put(&fixture.tree, &fixture.log, &key(i).to_be_bytes(), &[1; ROW]);
        }
        fixture.volume.pool.metrics().get(Counter::TreeFastPaths)
    };
    assert!(hits(|i| i) > 19_000);
    assert!(hits(scattered) < 1000);
}
