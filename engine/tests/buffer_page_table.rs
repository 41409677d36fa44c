//! The contract of B002's page tables, and both side by side.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::buffer::page_table::PageTable;
use engine::buffer::page_table::atomic_array::AtomicArray;
use engine::buffer::page_table::rwlock_map::RwLockMap;
use engine::buffer::{FrameId, PageId};
use engine::compose::Object;
use engine::metrics::{Counter, Metrics};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Clone, Debug)]
enum Step {
    Get(u64),
    Install(u64, u32),
    Remove(u64),
}

/// Pages of several segments of the array, both sides of its limit included.
fn pages() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 1_u64..40,
        2 => 1020_u64..1030,
        1 => Just(70_000),
        1 => (1_u64 << 30) - 1..(1 << 30) + 2,
        1 => Just(u64::MAX),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        pages().prop_map(Step::Get),
        (pages(), 0_u32..16).prop_map(|(page, frame)| Step::Install(page, frame)),
        pages().prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 0..300)
}

/// What a table answers to each step.
fn answers<T: PageTable>(steps: &[Step]) -> Vec<Result<Option<FrameId>, FrameId>> {
    let table = T::new(16, &Arc::default());
    let answer = |step: &Step| match *step {
        Step::Get(page) => Ok(table.get(PageId::new(page))),
        Step::Install(page, frame) => table.install(PageId::new(page), FrameId(frame)).map(|()| None),
        Step::Remove(page) => {
            table.remove(PageId::new(page));
            Ok(None)
        }
    };
    steps.iter().map(answer).collect()
}

/// The obvious map.
fn model(steps: &[Step]) -> Vec<Result<Option<FrameId>, FrameId>> {
    let mut map: HashMap<u64, FrameId> = HashMap::new();
    let answer = |step: &Step| match *step {
        Step::Get(page) => Ok(map.get(&page).copied()),
        Step::Install(page, frame) => match map.get(&page) {
            Some(&taken) => Err(taken),
            None => {
                map.insert(page, FrameId(frame));
                Ok(None)
            }
        },
        Step::Remove(page) => {
            map.remove(&page);
            Ok(None)
        }
    };
    steps.iter().map(answer).collect()
}

/// Of several threads that install the same page, one wins and the others learn where it is.
fn one_installer_wins<T: PageTable>() {
    let table = T::new(64, &Arc::default());
    for page in (1..200).map(PageId::new) {
        let wins = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for frame in 0..3 {
                let (table, wins) = (&table, &wins);
                scope.spawn(move || match table.install(page, FrameId(frame)) {
                    Ok(()) => drop(wins.fetch_add(1, Ordering::Relaxed)),
                    Err(winner) => assert_eq!(table.get(page), Some(winner)),
                });
            }
        });
        assert_eq!(wins.into_inner(), 1);
    }
}

/// Readers beside installers and removers: an answer is always a frame that the page was in.
fn answers_are_never_another_pages<T: PageTable>() {
    const PAGES: u64 = 64;
    let table = T::new(64, &Arc::default());
    let frame_of = |page: u64, round: u32| FrameId(page as u32 * 4 + round % 4);
    std::thread::scope(|scope| {
        for half in 0..2 {
            let table = &table;
            scope.spawn(move || {
                for round in 0..2_000 {
                    for page in (1..PAGES).filter(|page| page % 2 == half) {
                        table.install(PageId::new(page), frame_of(page, round)).unwrap();
                        table.remove(PageId::new(page));
                    }
                }
            });
            scope.spawn(move || {
                for round in 0..200_000 {
                    let page = 1 + round % (PAGES - 1);
                    if let Some(FrameId(frame)) = table.get(PageId::new(page)) {
                        assert_eq!(u64::from(frame / 4), page);
                    }
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_answer_as_a_map_does(steps in steps()) {
        let expected = model(&steps);
        prop_assert_eq!(&answers::<RwLockMap>(&steps), &expected);
        prop_assert_eq!(&answers::<AtomicArray>(&steps), &expected);
        prop_assert_eq!(&answers::<Object<AtomicArray, dyn PageTable>>(&steps), &expected);
    }
}

#[test]
fn one_installer_wins_in_both() {
    one_installer_wins::<RwLockMap>();
    one_installer_wins::<AtomicArray>();
}

#[test]
fn answers_are_never_another_pages_in_both() {
    answers_are_never_another_pages::<RwLockMap>();
    answers_are_never_another_pages::<AtomicArray>();
}

/// The wiring: the counters by which a measurement proves which variant ran.
#[test]
fn only_the_map_takes_a_lock() {
    fn locks<T: PageTable>() -> (u64, u64) {
        let metrics = Arc::new(Metrics::new());
        let table = T::new(16, &metrics);
        table.install(PageId::new(7), FrameId(1)).unwrap();
        (0..10).for_each(|_| assert_eq!(table.get(PageId::new(7)), Some(FrameId(1))));
        table.remove(PageId::new(7));
        (metrics.get(Counter::PageTableLocks), metrics.get(Counter::PageTableExchanges))
    }
    assert_eq!(locks::<RwLockMap>(), (12, 0));
    assert_eq!(locks::<AtomicArray>(), (0, 2));
}
