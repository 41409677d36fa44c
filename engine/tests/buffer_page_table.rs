//! The contract of B002's page tables.

use engine::buffer::page_table::PageTable;
use engine::buffer::page_table::rwlock_map::RwLockMap;
use engine::buffer::{FrameId, PageId};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Clone, Debug)]
enum Step {
    Get(u64),
    Install(u64, u32),
    Remove(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1u64..40).prop_map(Step::Get),
        (1u64..40, 0u32..16).prop_map(|(page, frame)| Step::Install(page, frame)),
        (1u64..40).prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 0..300)
}

fn is_a_map<T: PageTable>(steps: Vec<Step>) {
    let table = T::new(16);
    let mut model: HashMap<u64, FrameId> = HashMap::new();
    for step in steps {
        match step {
            Step::Get(page) => assert_eq!(table.get(PageId::new(page)), model.get(&page).copied()),
            Step::Install(page, frame) => {
                let expected = model.get(&page).map_or(Ok(()), |&frame| Err(frame));
                assert_eq!(table.install(PageId::new(page), FrameId(frame)), expected);
                model.entry(page).or_insert(FrameId(frame));
            }
            Step::Remove(page) => {
                table.remove(PageId::new(page));
                model.remove(&page);
            }
        }
    }
}

/// Of several threads that install the same page, one wins and the others learn where it is.
fn one_installer_wins<T: PageTable>() {
    let table = T::new(64);
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

proptest! {
    #[test]
    fn the_locked_map_is_a_map(steps in steps()) {
        is_a_map::<RwLockMap>(steps);
    }
}

#[test]
fn the_locked_map_lets_one_installer_win() {
    one_installer_wins::<RwLockMap>();
}
