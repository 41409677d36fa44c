//! The contract, for both pools, and what only slabs promise. Small under Miri, which sees every stray access:
//!
//! `cargo +nightly miri test -p engine-parts --lib pool`

use std::collections::VecDeque;
use std::sync::mpsc;
use std::thread;

use super::heap::HeapPool;
use super::slab::SlabPool;
use super::{AnyPool as _, BytePool, ObjPool};
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};

const ROUNDS: usize = if cfg!(miri) { 70 } else { 10_000 };

/// Counts how often it is dropped, and knows its content.
#[derive(Debug)]
struct Node {
    content: [u64; 5],
    drops: Arc<AtomicUsize>,
}

impl Node {
    fn new(number: u64, drops: &Arc<AtomicUsize>) -> Self {
        Self { content: [number; 5], drops: Arc::clone(drops) }
    }

    fn is(&self, number: u64) -> bool {
        self.content == [number; 5]
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn dropped_once_also_by_way_of_a_pointer<P: ObjPool<Node>>() {
    let (pool, drops) = (P::new(&Arc::default()), Arc::default());
    let raw = P::into_raw(pool.put(Node::new(7, &drops)));
    let beside = pool.put(Node::new(8, &drops));
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    // SAFETY: made above, taken back once.
    let back = unsafe { P::from_raw(raw) };
    assert!(back.is(7) && beside.is(8));
    drop((back, pool));
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(beside);
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}

/// A queue that grows and shrinks: objects live for long and are freed in another order than they were made.
fn objects_are_distinct_and_keep_their_content<P: ObjPool<Node>>() {
    let (pool, drops) = (P::new(&Arc::default()), Arc::default());
    let (mut alive, mut made, mut next) = (VecDeque::new(), 0, 1_u64);
    for _ in 0..ROUNDS {
        next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if next >> 63 == 0 || alive.len() < 3 {
            alive.push_back((made, pool.put(Node::new(made, &drops))));
            made += 1;
        } else if next >> 62 & 1 == 0 {
            let (number, node) = alive.pop_front().unwrap();
            assert!(node.is(number));
        } else {
            let at = (next >> 20) as usize % alive.len();
            let (number, node) = alive.swap_remove_back(at).unwrap();
            assert!(node.is(number));
        }
    }
    assert!(alive.iter().all(|(number, node)| node.is(*number)));
    drop(alive);
    assert_eq!(drops.load(Ordering::Relaxed), made as usize);
}

/// As sessions and vacuum do: some threads make, another frees.
fn what_one_thread_makes_another_frees<P: ObjPool<Node>>()
where
    P::Boxed: Send,
{
    const MAKERS: u64 = 2;
    let (pool, drops) = (P::new(&Arc::default()), Arc::default());
    let (send, receive) = mpsc::sync_channel::<(u64, P::Boxed)>(ROUNDS / 10);
    thread::scope(|scope| {
        for maker in 0..MAKERS {
            let (send, pool, drops) = (send.clone(), &pool, &drops);
            scope.spawn(move || {
                for round in 0..ROUNDS as u64 {
                    let number = round * MAKERS + maker;
                    send.send((number, pool.put(Node::new(number, drops)))).unwrap();
                }
            });
        }
        drop(send);
        for (count, (number, node)) in receive.iter().enumerate() {
            assert!(node.is(number), "not {number}");
            if count % 1000 == 0 {
                pool.trim();
            }
        }
    });
    assert_eq!(drops.load(Ordering::Relaxed), ROUNDS * MAKERS as usize);
}

fn byte_strings_of_every_length<P: BytePool>() {
    let pool = P::new(&Arc::default());
    let lengths = [0, 1, 15, 16, 17, 100, 306, 655, 1024, 2048, 2049, 5000, 40_000, 70_000];
    let copy = |(number, len): (usize, usize)| (number, len, pool.copy(&vec![number as u8; len]));
    let copies: Vec<_> = lengths.into_iter().cycle().take(lengths.len() * 3).enumerate().map(copy).collect();
    for (number, len, bytes) in &copies {
        assert!(bytes.len() == *len && bytes.iter().all(|byte| *byte == *number as u8));
    }
}

#[test]
fn an_object_is_dropped_once() {
    dropped_once_also_by_way_of_a_pointer::<HeapPool<Node>>();
    dropped_once_also_by_way_of_a_pointer::<SlabPool<Node>>();
}

#[test]
fn objects_do_not_overlap() {
    objects_are_distinct_and_keep_their_content::<HeapPool<Node>>();
    objects_are_distinct_and_keep_their_content::<SlabPool<Node>>();
}

#[test]
fn objects_change_threads() {
    what_one_thread_makes_another_frees::<HeapPool<Node>>();
    what_one_thread_makes_another_frees::<SlabPool<Node>>();
}

#[test]
fn byte_strings_are_copies() {
    byte_strings_of_every_length::<HeapPool<[u8]>>();
    byte_strings_of_every_length::<SlabPool<[u8]>>();
}

#[test]
fn what_is_not_for_slabs_comes_from_the_heap() {
    #[repr(align(128))]
    struct Aligned([u8; 128]);
    struct Large([u64; 10_000]);
    let metrics = Arc::default();
    let aligned = SlabPool::new(&metrics).put(Aligned([3; 128]));
    let large = SlabPool::new(&metrics).put(Large([4; 10_000]));
    assert!((&raw const *aligned).addr().is_multiple_of(128));
    assert_eq!((aligned.0[127], large.0[9_999]), (3, 4));
    assert_eq!((metrics.get(Counter::PoolHeapAllocations), metrics.get(Counter::PoolSlabObjects)), (2, 0));
}

#[test]
fn the_heap_is_asked_for_every_object_and_slabs_hardly_ever() {
    let (heap, slab): (Arc<Metrics>, Arc<Metrics>) = Default::default();
    let (on_heap, on_slab) = (HeapPool::<Node>::new(&heap), SlabPool::<Node>::new(&slab));
    let drops = Arc::default();
    for number in 0..ROUNDS as u64 {
        assert!(on_heap.put(Node::new(number, &drops)).is(number) && on_slab.put(Node::new(number, &drops)).is(number));
    }
    assert_eq!(heap.get(Counter::PoolHeapAllocations), ROUNDS as u64);
    assert_eq!(slab.get(Counter::PoolSlabObjects), ROUNDS as u64);
    assert!(slab.get(Counter::PoolHeapAllocations) <= 1 && slab.get(Counter::PoolRefills) <= 1);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "freed twice")]
fn freeing_twice_is_caught() {
    let pool = SlabPool::<[u64; 4]>::new(&Arc::default());
    let raw = SlabPool::into_raw(pool.put([1_u64; 4]));
    // SAFETY: none, that is the point: the second owner is one too many.
    unsafe {
        drop(SlabPool::<[u64; 4]>::from_raw(raw));
        drop(SlabPool::<[u64; 4]>::from_raw(raw));
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "written to after it was freed")]
fn writing_to_a_freed_object_is_caught() {
    let pool = SlabPool::<[u64; 150]>::new(&Arc::default());
    let raw = SlabPool::into_raw(pool.put([1_u64; 150]));
    // SAFETY: none, that is the point: the memory is a free object's, though still mapped.
    unsafe {
        drop(SlabPool::<[u64; 150]>::from_raw(raw));
        raw.cast::<u64>().add(149).write(2);
    }
    let _next = pool.put([3; 150]);
}
