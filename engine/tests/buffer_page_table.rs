//! The contract of B002's page tables, and both side by side.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::buffer::page_table::atomic_array::AtomicArray;
use engine::buffer::page_table::rwlock_map::RwLockMap;
use engine::buffer::page_table::{PageTable, Pins};
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

/// The pins of some frames.
struct Counts(Vec<AtomicU32>);

impl Counts {
    fn new(frames: usize) -> Self {
        Self((0..frames).map(|_| AtomicU32::new(0)).collect())
    }

    fn unpin(&self, frame: FrameId) {
        self.0[frame.index()].fetch_sub(1, Ordering::Release);
    }
}

impl Pins for Counts {
    fn pin(&self, frame: FrameId) {
        self.0[frame.index()].fetch_add(1, Ordering::Relaxed);
    }

    fn is_pinned(&self, frame: FrameId) -> bool {
        self.0[frame.index()].load(Ordering::Acquire) != 0
    }
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
    let (table, pins) = (T::new(16, &Arc::default()), Counts::new(16));
    let answer = |step: &Step| match *step {
        Step::Get(page) => Ok(table.get(PageId::new(page), &pins)),
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
    let (table, pins) = (T::new(64, &Arc::default()), Counts::new(64));
    for page in (1..200).map(PageId::new) {
        let wins = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for frame in 0..3 {
                let (table, pins, wins) = (&table, &pins, &wins);
                scope.spawn(move || match table.install(page, FrameId(frame)) {
                    Ok(()) => drop(wins.fetch_add(1, Ordering::Relaxed)),
                    Err(winner) => assert_eq!(table.get(page, pins), Some(winner)),
                });
            }
        });
        assert_eq!(wins.into_inner(), 1);
    }
}

/// Readers beside installers and removers: an answer is always a frame that the page was in.
fn answers_are_never_another_pages<T: PageTable>() {
    const PAGES: u64 = 64;
    let (table, pins) = (T::new(64, &Arc::default()), Counts::new(4 * PAGES as usize));
    let frame_of = |page: u64, round: u32| FrameId(page as u32 * 4 + round % 4);
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (table, pins) = (&table, &pins);
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
                    if let Some(FrameId(frame)) = table.get(PageId::new(page), pins) {
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

/// Whoever has found a page in the map has it until he takes his pin back; the array lets it go, and its readers find that out.
#[test]
fn only_the_map_keeps_a_page_that_was_found() {
    fn keeps<T: PageTable>() -> bool {
        let (table, pins) = (T::new(16, &Arc::default()), Counts::new(16));
        let (page, frame) = (PageId::new(7), FrameId(1));
        table.install(page, frame).unwrap();
        assert_eq!(table.get(page, &pins), Some(frame));
        assert_eq!(pins.is_pinned(frame), table.pins());
        let went = table.retire(page, frame, &pins);
        assert_eq!(table.get(page, &pins).is_some(), !went);
        if table.pins() {
            (0..2).for_each(|_| pins.unpin(frame));
            assert!(table.retire(page, frame, &pins), "nobody has it any more");
            assert_eq!(table.get(page, &pins), None);
        }
        !went
    }
    assert!(keeps::<RwLockMap>() && keeps::<Object<RwLockMap, dyn PageTable>>());
    assert!(!keeps::<AtomicArray>() && !keeps::<Object<AtomicArray, dyn PageTable>>());
}

/// Readers beside somebody who moves a page from frame to frame: as long as it is pinned it stays where it was found.
#[test]
fn a_pinned_page_stays() {
    const PAGE: PageId = PageId::new(7);
    let (table, pins) = (RwLockMap::new(2, &Arc::default()), Counts::new(2));
    // Which frame has the page; 9: none.
    let place = AtomicU32::new(0);
    let (stop, seen) = (AtomicU32::new(0), AtomicU32::new(0));
    table.install(PAGE, FrameId(0)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut moves = 0;
            while moves < 2_000 || seen.load(Ordering::Relaxed) < 2_000 {
                let frame = place.load(Ordering::Relaxed);
                if table.retire(PAGE, FrameId(frame), &pins) {
                    place.store(9, Ordering::Relaxed);
                    place.store(1 - frame, Ordering::Relaxed);
                    table.install(PAGE, FrameId(1 - frame)).unwrap();
                    moves += 1;
                }
            }
            stop.store(1, Ordering::Relaxed);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while stop.load(Ordering::Relaxed) == 0 {
                    let Some(frame) = table.get(PAGE, &pins) else { continue };
                    for _ in 0..20 {
                        assert_eq!(place.load(Ordering::Relaxed), frame.0);
                    }
                    seen.fetch_add(1, Ordering::Relaxed);
                    pins.unpin(frame);
                }
            });
        }
    });
}

/// The wiring: the counters by which a measurement proves which variant ran.
#[test]
fn only_the_map_takes_a_lock() {
    fn locks<T: PageTable>() -> (u64, u64) {
        let metrics = Arc::new(Metrics::new());
        let (table, pins) = (T::new(16, &metrics), Counts::new(16));
        table.install(PageId::new(7), FrameId(1)).unwrap();
        (0..10).for_each(|_| assert_eq!(table.get(PageId::new(7), &pins), Some(FrameId(1))));
        table.remove(PageId::new(7));
        (metrics.get(Counter::PageTableLocks), metrics.get(Counter::PageTableExchanges))
    }
    assert_eq!(locks::<RwLockMap>(), (12, 0));
    assert_eq!(locks::<AtomicArray>(), (0, 2));
}
