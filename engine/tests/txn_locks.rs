//! The contract of a lock table with its deadlock policy, on every variant there is.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use engine::compose::Object;
use engine::concurrent::lock_table::cas_buckets::CasBuckets;
use engine::concurrent::lock_table::mutex_map::MutexMap;
use engine::concurrent::lock_table::{BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId};
use engine::transaction::deadlock::DeadlockPolicy;
use engine::transaction::deadlock::eager_dfs::EagerDfs;
use engine::transaction::deadlock::lazy_edges::LazyEdges;
use engine_testing::random::Xorshift;

macro_rules! lock_contract {
    ($($variant:ident: $table:ty, $policy:ty;)+) => {
        lock_contract!(@cases [
            holders_are_compatible asking_again_and_upgrading nobody_overtakes an_upgrade_overtakes
            a_table_wanted_whole_is_open_again_afterwards a_queue_is_served_before_whoever_comes_later
            the_youngest_of_a_cycle_gives_way two_upgrades_are_a_deadlock a_wait_ends_with_the_callers_patience
            a_storm_keeps_the_matrix_and_ends
        ] $($variant: $table, $policy;)+);
    };
    (@cases $cases:tt $($variant:ident: $table:ty, $policy:ty;)+) => {
        $(mod $variant { lock_contract!(@variant $cases $table, $policy); })+
    };
    (@variant [$($case:ident)+] $table:ty, $policy:ty) => {
        use super::*;
        $(#[test] fn $case() { super::$case::<$table, $policy>(); })+
    };
}

lock_contract! {
    mutex_map_eager_dfs: MutexMap, EagerDfs;
    cas_buckets_eager_dfs: CasBuckets, EagerDfs;
    mutex_map_lazy_edges: MutexMap, LazyEdges;
    cas_buckets_lazy_edges: CasBuckets, LazyEdges;
    objects: Object<CasBuckets, dyn LockTable>, Object<LazyEdges, dyn DeadlockPolicy>;
}

fn owner(id: u64) -> Owner {
    Owner::new(OwnerId(id))
}

fn row(n: u8) -> LockId {
    LockId::row(1, &[n])
}

/// A short patience shows whether a lock would have been granted at once.
const NOW: Option<Duration> = Some(Duration::from_millis(1));

fn holders_are_compatible<T: LockTable, P: DeadlockPolicy>() {
    let policy = P::new(Arc::default());
    for id in [row(1), LockId::table(7)] {
        for first in Mode::ALL {
            for second in Mode::ALL {
                let table = T::new(&Arc::default());
                let (mut a, mut b) = (owner(1), owner(2));
                table.acquire(&mut a, id, first, &policy, None).expect("nobody else");
                let granted = table.acquire(&mut b, id, second, &policy, NOW).is_ok();
                assert_eq!(granted, first.compatible(second), "{first:?} then {second:?} on {id:?}");
                table.release_all(&mut a);
                table.release_all(&mut b);
                assert!(table.is_empty());
            }
        }
    }
}

/// Once nobody wants a whole table any more, intents on it are as cheap as before.
fn a_table_wanted_whole_is_open_again_afterwards<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (T::new(&Arc::default()), P::new(Arc::default()));
    let mut before = owner(1);
    table.acquire(&mut before, LockId::table(7), Mode::IX, &policy, None).expect("nobody else");
    let cheap = table.release_all(&mut before);
    let (mut all, mut some) = (owner(2), owner(3));
    table.acquire(&mut some, LockId::table(7), Mode::IX, &policy, None).expect("nobody else");
    let refused = table.acquire(&mut all, LockId::table(7), Mode::S, &policy, NOW);
    assert!(matches!(refused, Err(LockError::Timeout(_))), "{refused:?}");
    table.release_all(&mut some);
    table.acquire(&mut all, LockId::table(7), Mode::S, &policy, NOW).expect("alone");
    table.release_all(&mut all);
    let mut after = owner(4);
    table.acquire(&mut after, LockId::table(7), Mode::IX, &policy, None).expect("nobody else");
    assert_eq!(table.release_all(&mut after), cheap);
    assert!(table.is_empty());
}

/// The bound on starvation: whoever stands in the queue is passed by nobody, however often others ask.
fn a_queue_is_served_before_whoever_comes_later<T: LockTable, P: DeadlockPolicy>() {
    const QUEUE: u64 = 8;
    let (table, policy, done) = (&T::new(&Arc::default()), &P::new(Arc::default()), &AtomicU64::new(0));
    let (send, receive) = mpsc::channel();
    let mut first = owner(1);
    table.acquire(&mut first, row(1), Mode::X, policy, None).expect("nobody else");
    thread::scope(|scope| {
        for n in 0..QUEUE {
            let send = send.clone();
            scope.spawn(move || {
                take_turn(table, policy, &send, owner(2 + n), row(1), Mode::X);
                done.fetch_add(1, Ordering::SeqCst);
            });
            until_waiting(table, 1 + n as usize);
        }
        for late in 0..2 {
            let send = send.clone();
            scope.spawn(move || {
                for n in 0.. {
                    let served = done.load(Ordering::SeqCst);
                    take_turn(table, policy, &send, owner(100 + 2 * n + late), row(1), Mode::X);
                    if served == QUEUE {
                        break;
                    }
                }
            });
        }
        // Both late ones stand behind the queue.
        until_waiting(table, QUEUE as usize + 2);
        table.release_all(&mut first);
    });
    let order: Vec<u64> = receive.try_iter().map(|(id, granted)| granted.map(|()| id).expect("granted")).collect();
    assert_eq!(order[..QUEUE as usize], [2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(order.len() > QUEUE as usize && table.is_empty());
}

fn asking_again_and_upgrading<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (T::new(&Arc::default()), P::new(Arc::default()));
    let (mut a, mut b) = (owner(1), owner(2));
    for mode in [Mode::IX, Mode::IX, Mode::IS, Mode::S] {
        table.acquire(&mut a, LockId::table(7), mode, &policy, None).expect("own lock");
    }
    assert_eq!(a.held(), 1);
    // IX and S join to SIX, which tolerates IS only.
    table.acquire(&mut b, LockId::table(7), Mode::IS, &policy, NOW).expect("compatible");
    let refused = table.acquire(&mut b, LockId::table(7), Mode::S, &policy, NOW);
    assert!(matches!(refused, Err(LockError::Timeout(_))), "{refused:?}");
    table.release_all(&mut a);
    table.acquire(&mut b, LockId::table(7), Mode::S, &policy, NOW).expect("alone now");
    table.release_all(&mut b);
    assert!(table.is_empty());
}

/// Acquires, reports, and gives the next in the queue its turn. Runs on a thread of its own.
fn take_turn<T: LockTable, P: BlockPolicy + Sync>(
    table: &T,
    policy: &P,
    report: &mpsc::Sender<(u64, Result<(), LockError>)>,
    mut who: Owner,
    id: LockId,
    mode: Mode,
) {
    let granted = table.acquire(&mut who, id, mode, policy, None);
    report.send((who.id().0, granted)).expect("the test listens");
    table.release_all(&mut who);
}

fn until_waiting<T: LockTable>(table: &T, wanted: usize) {
    for _ in 0..5000 {
        let mut waiters = BTreeSet::new();
        table.edges(&mut |waiter, _| _ = waiters.insert(waiter));
        if waiters.len() == wanted {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{wanted} waiters never came");
}

fn nobody_overtakes<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (&T::new(&Arc::default()), &P::new(Arc::default()));
    let (send, receive) = mpsc::channel();
    let mut first = owner(1);
    table.acquire(&mut first, row(1), Mode::S, policy, None).expect("nobody else");
    thread::scope(|scope| {
        // S would be compatible with the holder, but it came after the X.
        for (n, (id, mode)) in [(2, Mode::X), (3, Mode::S), (4, Mode::X), (5, Mode::S)].into_iter().enumerate() {
            let send = send.clone();
            scope.spawn(move || take_turn(table, policy, &send, owner(id), row(1), mode));
            until_waiting(table, n + 1);
        }
        table.release_all(&mut first);
    });
    let order: Vec<u64> = receive.try_iter().map(|(id, granted)| granted.map(|()| id).expect("granted")).collect();
    assert_eq!(order, [2, 3, 4, 5]);
    assert!(table.is_empty());
}

fn an_upgrade_overtakes<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (&T::new(&Arc::default()), &P::new(Arc::default()));
    let (mut a, mut b) = (owner(1), owner(2));
    table.acquire(&mut a, row(1), Mode::S, policy, None).expect("free");
    table.acquire(&mut b, row(1), Mode::S, policy, None).expect("shared");
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let stranger = send.clone();
        scope.spawn(move || take_turn(table, policy, &stranger, owner(3), row(1), Mode::X));
        until_waiting(table, 1);
        scope.spawn(move || take_turn(table, policy, &send, a, row(1), Mode::X));
        until_waiting(table, 2);
        table.release_all(&mut b);
    });
    let order: Vec<u64> = receive.try_iter().map(|(id, _)| id).collect();
    assert_eq!(order, [1, 3]);
    assert!(table.is_empty());
}

fn the_youngest_of_a_cycle_gives_way<T: LockTable, P: DeadlockPolicy>() {
    // 1 → 2 → 3 → 1, closed by each of them in turn: the victim is 3 whoever closes it.
    for closer in 1..=3u64 {
        let (table, policy) = (&T::new(&Arc::default()), &P::new(Arc::default()));
        let mut owners: HashMap<u64, Owner> = (1..=3).map(|id| (id, owner(id))).collect();
        for (id, who) in &mut owners {
            table.acquire(who, row(*id as u8), Mode::X, policy, None).expect("own row");
        }
        let (send, receive) = mpsc::channel();
        thread::scope(|scope| {
            let mut order: Vec<u64> = (1..=3).filter(|id| *id != closer).collect();
            order.push(closer);
            for (n, id) in order.into_iter().enumerate() {
                let send = send.clone();
                let who = owners.remove(&id).expect("once each");
                let next = row((id % 3 + 1) as u8);
                scope.spawn(move || take_turn(table, policy, &send, who, next, Mode::X));
                if n < 2 {
                    until_waiting(table, n + 1);
                }
            }
        });
        let outcome: HashMap<u64, _> = receive.try_iter().collect();
        assert_eq!(outcome[&3], Err(LockError::Deadlock), "closed by {closer}");
        assert_eq!((outcome[&1], outcome[&2]), (Ok(()), Ok(())), "closed by {closer}");
        assert!(table.is_empty());
    }
}

fn two_upgrades_are_a_deadlock<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (&T::new(&Arc::default()), &P::new(Arc::default()));
    let (mut a, mut b) = (owner(1), owner(2));
    table.acquire(&mut a, row(1), Mode::S, policy, None).expect("free");
    table.acquire(&mut b, row(1), Mode::S, policy, None).expect("shared");
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || take_turn(table, policy, &send, a, row(1), Mode::X));
        until_waiting(table, 1);
        assert_eq!(table.acquire(&mut b, row(1), Mode::X, policy, None), Err(LockError::Deadlock));
        table.release_all(&mut b);
    });
    assert_eq!(receive.try_iter().collect::<Vec<_>>(), [(1, Ok(()))]);
    assert!(table.is_empty());
}

fn a_wait_ends_with_the_callers_patience<T: LockTable, P: DeadlockPolicy>() {
    let (table, policy) = (T::new(&Arc::default()), P::new(Arc::default()));
    let (mut a, mut b, mut c) = (owner(1), owner(2), owner(3));
    table.acquire(&mut a, row(1), Mode::S, &policy, None).expect("free");
    let patience = Duration::from_millis(20);
    assert_eq!(table.acquire(&mut b, row(1), Mode::X, &policy, Some(patience)), Err(LockError::Timeout(patience)));
    // Its request is gone: it blocks nobody.
    table.acquire(&mut c, row(1), Mode::S, &policy, NOW).expect("compatible");
    table.release_all(&mut a);
    table.release_all(&mut c);
    assert!(table.is_empty());
}

/// Random transactions of several threads, with a shadow table that asserts the matrix at every grant.
fn a_storm_keeps_the_matrix_and_ends<T: LockTable, P: DeadlockPolicy>() {
    const ROWS: u64 = 6;
    let (table, policy) = (&T::new(&Arc::default()), &P::new(Arc::default()));
    let shadow: &Mutex<HashMap<u8, Vec<(u64, Mode)>>> = &Mutex::default();
    let (ids, deadlocks) = (&AtomicU64::new(1), &AtomicU64::new(0));
    thread::scope(|scope| {
        for seed in 0..4u64 {
            scope.spawn(move || {
                let mut random = Xorshift::new(seed);
                for _ in 0..4000 {
                    let mut who = owner(ids.fetch_add(1, Ordering::Relaxed));
                    for _ in 0..1 + random.below(4) {
                        let (n, mode) = (random.below(ROWS) as u8, Mode::ALL[random.below(5) as usize]);
                        match table.acquire(&mut who, row(n), mode, policy, None) {
                            Ok(()) => note_grant(shadow, n, who.id().0, mode),
                            Err(LockError::Deadlock) => {
                                deadlocks.fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                            Err(LockError::Timeout(_)) => unreachable!("no patience given"),
                        }
                        if random.below(8) == 0 {
                            thread::yield_now();
                        }
                    }
                    let forget = |holders: &mut Vec<(u64, Mode)>| holders.retain(|(id, _)| *id != who.id().0);
                    shadow.lock().expect("no panic").values_mut().for_each(forget);
                    table.release_all(&mut who);
                }
            });
        }
    });
    assert!(table.is_empty());
    assert!(deadlocks.load(Ordering::Relaxed) > 0, "the storm was too mild to prove anything");
}

fn note_grant(shadow: &Mutex<HashMap<u8, Vec<(u64, Mode)>>>, row: u8, who: u64, mode: Mode) {
    let mut shadow = shadow.lock().expect("no panic");
    let holders = shadow.entry(row).or_default();
    match holders.iter_mut().find(|(id, _)| *id == who) {
        Some((_, held)) => *held = held.join(mode),
        None => holders.push((who, mode)),
    }
    for (i, (_, a)) in holders.iter().enumerate() {
        assert!(holders[..i].iter().all(|(_, b)| a.compatible(*b)), "{holders:?}");
    }
}
