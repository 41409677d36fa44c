//! What the tree costs in memory, with its answers checked.
//!
//! `cargo test -p engine --profile lab --test btree_speed -- --ignored --nocapture`, on a quiet machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers may fail loudly, and a measurement speaks"
)]

mod tree_support;

use engine::buffer::{Page, PageId, TreeId};
use engine::index::{TupleHeader, entry_room};
use engine::io::Lsn;
use engine::storage::slotted::SlottedPage;
use engine_testing::random::Xorshift;
use std::hint::black_box;
use std::time::Instant;
use tree_support::Fixture;

const ROW: [u8; 80] = [7; 80];

/// As a TPC-C key: warehouse, district, number.
fn key(number: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&((number % 4) as u32).to_be_bytes());
    key[4..8].copy_from_slice(&((number / 4 % 10) as u32).to_be_bytes());
    key[8..].copy_from_slice(&((number / 40) as u32).to_be_bytes());
    key
}

fn report(what: &str, count: u64, start: Instant) {
    println!("{what:40} {:7.1} ns", start.elapsed().as_nanos() as f64 / count as f64);
}

/// Descends for `count` random keys of `rows`, checking what is found.
fn look_up(fixture: &Fixture, rows: u64, count: u64, seed: u64) {
    let mut random = Xorshift::new(seed);
    for _ in 0..count {
        let key = key(random.below(rows));
        let leaf = fixture.tree.leaf_shared(&key).unwrap();
        let at = leaf.search(&key).unwrap();
        assert_eq!(leaf.row(at)[..8], key[4..]);
    }
}

fn load(rows: u64) -> Fixture {
    let fixture = <Fixture>::new(1 << 16);
    let start = Instant::now();
    for number in 0..rows {
        // Visits every number once, in an order that hits another leaf each time.
        let key = key(number * 1_000_003 % rows);
        let mut row = ROW;
        row[..8].copy_from_slice(&key[4..]);
        let mut leaf = fixture.tree.leaf_exclusive(&key, entry_room(key.len(), row.len())).unwrap();
        let Err(at) = leaf.search(&key) else { panic!("{key:?} was there already") };
        leaf.insert(at, &key, TupleHeader::default(), &row, Lsn(u64::MAX >> 1));
    }
    report("insert, random", rows, start);
    fixture
}

fn one_page() {
    let mut page = Page::zeroed();
    for (name, level, count) in [("leaf", 0, 60), ("inner", 1, 300)] {
        let node = SlottedPage::of_mut(&mut page);
        node.format(PageId::new(1), TreeId(1), level, &key(0), Some(&key(40 * count)));
        for number in 0..count {
            let at = node.len();
            match level {
                0 => node.insert_value(at, &key(number * 40), &[&ROW]),
                _ => node.insert_child(at, &key(number * 40), PageId::new(number)),
            }
        }
        let start = Instant::now();
        let mut random = Xorshift::new(1);
        for _ in 0..4_000_000u64 {
            let number = random.below(count);
            assert_eq!(black_box(&*node).search(&key(number * 40)), Ok(number as usize));
        }
        report(&format!("search in one {name} of {count}"), 4_000_000, start);
    }
}

#[test]
#[ignore = "a measurement"]
fn how_long_it_takes() {
    one_page();
    let rows = 1_000_000;
    let fixture = load(rows);
    let report_tree = fixture.tree.check().unwrap();
    println!("pages by level {:?}, fill {:.2}", report_tree.pages, report_tree.leaf_fill);
    assert_eq!((report_tree.entries, report_tree.pages.len()), (rows, 3));

    let start = Instant::now();
    look_up(&fixture, rows, 2_000_000, 88172645463325252);
    report("descend and search, random", 2_000_000, start);
    let start = Instant::now();
    look_up(&fixture, 40_000, 2_000_000, 88172645463325252);
    report("descend and search, 40,000 hot rows", 2_000_000, start);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for seed in [88172645463325252, 1181783497276652981] {
            let fixture = &fixture;
            scope.spawn(move || look_up(fixture, rows, 2_000_000, seed));
        }
    });
    report("the same, random, 2 threads, each", 2_000_000, start);

    let start = Instant::now();
    let mut random = Xorshift::new(1);
    for round in 0..1_000_000u64 {
        let key = key(random.below(rows));
        let mut leaf = fixture.tree.leaf_exclusive(&key, 0).unwrap();
        let at = leaf.search(&key).unwrap();
        leaf.patch(at, 8, &round.to_le_bytes(), Lsn(u64::MAX >> 1));
    }
    report("descend and patch, random", 1_000_000, start);

    let start = Instant::now();
    let mut scan = fixture.tree.scan_leaves(b"");
    let (mut met, mut sum) = (0, 0u64);
    while let Some(leaf) = scan.next_leaf().unwrap() {
        met += leaf.len() as u64;
        sum += (0..leaf.len()).map(|at| u64::from(leaf.row(at)[79])).sum::<u64>();
    }
    assert_eq!((met, sum), (rows, 7 * rows));
    report("scan, per row", rows, start);
}
