//! Both lock tables side by side, one thread, random schedules: what one grants the other grants. And tables so small that
//! names collide all the time: what they grant a table without collisions grants, too.

use std::time::Duration;

use engine::concurrent::lock_table::cas_buckets::{CasBuckets, Geometry};
use engine::concurrent::lock_table::mutex_map::MutexMap;
use engine::concurrent::lock_table::{LockId, LockTable, Mode, Owner, OwnerId};
use engine::transaction::deadlock::eager_dfs::EagerDfs;
use proptest::prelude::*;

const OWNERS: usize = 5;

#[derive(Debug, Clone)]
enum Step {
    Acquire { owner: usize, id: LockId, mode: Mode },
    ReleaseAll { owner: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Rows and tables in all modes: the engine asks for a few of these only.
    let id = prop_oneof![4 => (0..2_u64, 0..12_u8).prop_map(|(table, key)| LockId::row(table, &[key])),
                         1 => (0..40_u64).prop_map(LockId::table)];
    let mode = prop::sample::select(Mode::ALL.to_vec());
    let step = prop_oneof![
        8 => (0..OWNERS, id, mode).prop_map(|(owner, id, mode)| Step::Acquire { owner, id, mode }),
        1 => (0..OWNERS).prop_map(|owner| Step::ReleaseAll { owner }),
    ];
    prop::collection::vec(step, 1..150)
}

fn owners() -> Vec<Owner> {
    // Neighbours of a multiple of 2⁴⁰: where an id wraps in a word.
    (0..OWNERS as u64).map(|n| Owner::new(OwnerId((1 << 40) - 2 + n))).collect()
}

fn granted<T: LockTable>(table: &T, owner: &mut Owner, id: LockId, mode: Mode) -> bool {
    table.acquire(owner, id, mode, &EagerDfs::default(), Some(Duration::ZERO)).is_ok()
}

/// Runs `steps` on both. With `exact` the tables agree; without, `small` may refuse what `map` would grant.
fn check(steps: Vec<Step>, geometry: Geometry, exact: bool) -> Result<(), TestCaseError> {
    let (small, map) = (CasBuckets::with_geometry(geometry), MutexMap::default());
    let (mut ours, mut theirs) = (owners(), owners());
    for step in steps {
        match step {
            Step::Acquire { owner, id, mode } => {
                let grant = granted(&small, &mut ours[owner], id, mode);
                // What was refused is not asked of the other either, or the two would drift apart.
                if exact || grant {
                    prop_assert_eq!(granted(&map, &mut theirs[owner], id, mode), grant, "{:?} {:?}", id, mode);
                }
            }
            Step::ReleaseAll { owner } => {
                let (held, released) = (ours[owner].held() as u64, small.release_all(&mut ours[owner]));
                prop_assert_eq!(released.fast + released.queued, held);
                let other = map.release_all(&mut theirs[owner]);
                prop_assert_eq!(other.fast, 0);
                prop_assert!(!exact || other.queued == held);
            }
        }
    }
    for (ours, theirs) in ours.iter_mut().zip(&mut theirs) {
        small.release_all(ours);
        map.release_all(theirs);
    }
    prop_assert!(small.is_empty());
    prop_assert!(map.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_grant_the_same(steps in steps()) {
        check(steps, Geometry::default(), true)?;
    }

    /// All rows in eight words: inflated by each other, but told apart.
    #[test]
    fn words_shared_by_many_rows_refuse_nothing_more(steps in steps()) {
        check(steps, Geometry { buckets: 1, lanes: 1, ..Geometry::default() }, true)?;
    }

    /// Two bits of fingerprint: rows and tables that cannot be told apart conflict, and never grant what they must not. Nobody
    /// waits for itself: an owner alone gets all it asks for.
    #[test]
    fn a_collision_is_never_a_false_grant(steps in steps()) {
        let geometry = Geometry { buckets: 1, lanes: 1, fingerprint_bits: 2 };
        let alone = steps.iter().filter_map(|step| match step {
            Step::Acquire { id, mode, .. } => Some((*id, *mode)),
            Step::ReleaseAll { .. } => None,
        });
        let (table, mut owner) = (CasBuckets::with_geometry(geometry), Owner::new(OwnerId(1)));
        for (id, mode) in alone {
            prop_assert!(granted(&table, &mut owner, id, mode), "waits for itself: {:?} {:?}", id, mode);
        }
        table.release_all(&mut owner);
        prop_assert!(table.is_empty());
        check(steps, geometry, false)?;
    }
}
