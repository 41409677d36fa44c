//! Both lock tables side by side, one thread, random schedules: what one grants the other grants. And tables so small that
//! names collide all the time: what they grant a table without collisions grants, too. Both deadlock policies on the same
//! graphs: they find the same cycles and, if nobody has done more than another, name the same victims.

use std::time::Duration;

use engine::concurrent::lock_table::cas_buckets::{CasBuckets, Geometry};
use engine::concurrent::lock_table::mutex_map::MutexMap;
use engine::concurrent::lock_table::{Act, BlockPolicy, LockId, LockTable, Mode, Owner, OwnerId, WaitGraph};
use engine::transaction::deadlock::eager_dfs::EagerDfs;
use engine::transaction::deadlock::lazy_edges::LazyEdges;
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

/// Whom transaction n + 1 waits for, if anybody.
#[derive(Debug, Clone)]
struct Waits(Vec<Option<u64>>);

impl WaitGraph for Waits {
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId)) {
        self.blocker(waiter).into_iter().for_each(visit);
    }

    fn blocker(&self, waiter: OwnerId) -> Option<OwnerId> {
        self.0[waiter.0 as usize - 1].map(OwnerId)
    }
}

impl Waits {
    fn owners(&self) -> Vec<Owner> {
        (1..=self.0.len() as u64).map(|id| Owner::new(OwnerId(id))).collect()
    }
}

fn waits_on(act: Act) -> bool {
    matches!(act, Act::Wait { .. })
}

/// Graphs of up to seven transactions that wait for at most one other each, as for rows locked exclusively.
fn waits() -> impl Strategy<Value = Waits> {
    (2..8_u64).prop_flat_map(|n| {
        let blocker =
            move |me: u64| prop::option::weighted(0.8, (1..n).prop_map(move |to| if to >= me { to + 1 } else { to }));
        (1..=n).map(blocker).collect::<Vec<_>>().prop_map(Waits)
    })
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

    #[test]
    fn both_policies_name_the_same_victims(graph in waits()) {
        let (eager, lazy) = (EagerDfs::default(), LazyEdges::default());
        for owner in graph.owners() {
            prop_assert!(waits_on(lazy.on_block(&owner, &graph)));
        }
        for owner in graph.owners() {
            match eager.on_block(&owner, &graph) {
                Act::Abort(victim) => prop_assert_eq!(lazy.on_patience(&owner, &graph), Act::Abort(victim)),
                Act::Wait { .. } => prop_assert!(waits_on(lazy.on_patience(&owner, &graph))),
            }
        }
    }

    /// What the words say may be past: between the block and the look some of the waits have ended, or gone elsewhere.
    #[test]
    fn nobody_gives_way_for_what_is_past(before in waits(), now in waits()) {
        let now = Waits((0..before.0.len()).map(|n| now.0.get(n).copied().flatten()).collect());
        let lazy = LazyEdges::default();
        for owner in before.owners() {
            lazy.on_block(&owner, &before);
        }
        for owner in before.owners() {
            if let Act::Abort(victim) = lazy.on_patience(&owner, &now) {
                let mut at = victim;
                let around = (0..now.0.len()).any(|_| match now.0.get(at.0 as usize - 1).copied().flatten() {
                    Some(next) => {
                        at = OwnerId(next);
                        at == victim
                    }
                    None => false,
                });
                prop_assert!(around, "{:?} waits for nobody who waits for it", victim);
            }
        }
    }
}
