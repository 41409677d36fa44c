//! The contract, for both domains.

use std::ptr::NonNull;

use super::crossbeam::Crossbeam;
use super::epochs::{Epochs, STEP_BYTES};
use super::{Reclaim, Retired};
use crate::metrics::{Counter, Metrics};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Arc, thread};

const ROUNDS: usize = if cfg!(miri) { 200 } else { 20_000 };
const ALIVE: u64 = 0x600d_600d;
const DEAD: u64 = 0xdddd_dddd;

#[derive(Debug)]
struct Node {
    state: u64,
    freed: Arc<AtomicUsize>,
}

impl Retired for Node {
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: made by `node`, freed once.
        let mut node = unsafe { Box::from_raw(this.as_ptr()) };
        assert_eq!(std::mem::replace(&mut node.state, DEAD), ALIVE, "freed twice");
        node.freed.fetch_add(1, Ordering::SeqCst);
    }
}

fn node(freed: &Arc<AtomicUsize>) -> NonNull<Node> {
    NonNull::from(Box::leak(Box::new(Node { state: ALIVE, freed: Arc::clone(freed) })))
}

fn until_empty<R: Reclaim<Node>>(domain: &R) {
    while domain.limbo_bytes() > 0 {
        domain.quiesce();
    }
}

fn freed_only_after_the_last_guard<R: Reclaim<Node>>() {
    let (metrics, freed) = (Arc::<Metrics>::default(), Arc::<AtomicUsize>::default());
    let (domain, mut reader) = (R::new(&metrics), R::Reader::default());
    for _ in 0..2 {
        let before = freed.load(Ordering::SeqCst);
        let guard = domain.enter(&mut reader);
        for _ in 0..10 {
            // SAFETY: nobody has a pointer to the node.
            unsafe { domain.retire(node(&freed), STEP_BYTES) };
        }
        domain.collect();
        domain.quiesce();
        assert_eq!(domain.limbo_bytes(), 10 * STEP_BYTES as u64);
        assert_eq!(freed.load(Ordering::SeqCst), before);
        drop(guard);
        domain.rest(&mut reader);
        until_empty(&domain);
        assert_eq!(freed.load(Ordering::SeqCst), before + 10);
    }
    let all = 20 * STEP_BYTES as u64;
    assert_eq!((metrics.get(Counter::ReclaimRetiredBytes), metrics.get(Counter::ReclaimFreedBytes)), (all, all));
    assert_eq!(metrics.get(Counter::ReclaimPeakBytes), all / 2);
}

/// Readers follow a pointer that others exchange: they never see a node that was freed, and every node is freed once.
fn readers_see_what_is_alive<R: Reclaim<Node>>() {
    let (metrics, freed) = (Arc::default(), Arc::default());
    let (domain, shared) = (R::new(&metrics), AtomicPtr::new(node(&freed).as_ptr()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut reader = R::Reader::default();
                for round in 0..ROUNDS {
                    let guard = domain.enter(&mut reader);
                    // SAFETY: reachable since the guard was made.
                    let state = unsafe { (*shared.load(Ordering::Acquire)).state };
                    assert_eq!(state, ALIVE);
                    drop(guard);
                    if round % 3 == 0 {
                        domain.rest(&mut reader);
                    }
                }
            });
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let old = shared.swap(node(&freed).as_ptr(), Ordering::AcqRel);
                    // SAFETY: just made unreachable, by this thread alone.
                    unsafe { domain.retire(NonNull::new_unchecked(old), 1000) };
                    if round % 100 == 0 {
                        domain.collect();
                    }
                }
            });
        }
    });
    until_empty(&domain);
    assert_eq!(freed.load(Ordering::SeqCst), 2 * ROUNDS);
    // SAFETY: the last one, never retired.
    drop(unsafe { Box::from_raw(shared.into_inner()) });
}

#[test]
fn nothing_is_freed_under_a_guard() {
    freed_only_after_the_last_guard::<Crossbeam<Node>>();
    freed_only_after_the_last_guard::<Epochs<Node>>();
}

#[test]
fn every_node_is_freed_once_and_not_too_early() {
    readers_see_what_is_alive::<Crossbeam<Node>>();
    readers_see_what_is_alive::<Epochs<Node>>();
}

#[test]
fn a_burst_does_not_fill_limbo() {
    let (metrics, freed) = (Arc::<Metrics>::default(), Arc::<AtomicUsize>::default());
    let domain = Epochs::new(&metrics);
    for _ in 0..10_000 {
        // SAFETY: nobody has a pointer to the node.
        unsafe { domain.retire(node(&freed), 400) };
        assert!(domain.limbo_bytes() <= 4 * STEP_BYTES as u64);
    }
    domain.collect();
    assert_eq!((domain.limbo_bytes(), freed.load(Ordering::SeqCst)), (0, 10_000));
}

#[test]
fn a_dropped_domain_leaves_nothing() {
    let (freed, domain) = (Arc::default(), Epochs::new(&Arc::default()));
    let mut reader = super::Reader::default();
    let _ = domain.enter(&mut reader);
    for _ in 0..3 {
        // SAFETY: nobody has a pointer to the node.
        unsafe { domain.retire(node(&freed), STEP_BYTES) };
    }
    assert_eq!(freed.load(Ordering::SeqCst), 0, "the reader has not rested");
    drop(domain);
    assert_eq!(freed.load(Ordering::SeqCst), 3);
    drop(reader);
}

#[test]
fn seats_are_taken_over_and_more_are_added() {
    let domain = Epochs::<Node>::new(&Arc::default());
    for _ in 0..3 {
        let mut readers: Vec<_> = (0..200).map(|_| super::Reader::default()).collect();
        for reader in &mut readers {
            let _ = domain.enter(reader);
        }
        let freed = Arc::default();
        // SAFETY: nobody has a pointer to the node.
        unsafe { domain.retire(node(&freed), 8) };
        readers.truncate(1);
        domain.collect();
        assert_eq!(freed.load(Ordering::SeqCst), 0);
        drop(readers);
        domain.collect();
        assert_eq!(freed.load(Ordering::SeqCst), 1);
    }
}
