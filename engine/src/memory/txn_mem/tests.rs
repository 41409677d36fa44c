//! The contract, for both memories, and both against a plain list.

use proptest::prelude::*;

use super::arena::ArenaMem;
use super::heap::HeapMem;
use super::{Mark, MemRef, TxnMem};
use crate::sync::Arc;

#[derive(Debug, Clone)]
enum Step {
    Keep(Vec<u8>),
    Pop,
    Mark,
    /// Back to one of the marks; those set after it are gone.
    Release(prop::sample::Index),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Keep),
        2 => (0_usize..600).prop_map(|len| Step::Keep(vec![len as u8; 100 * len])),
        2 => Just(Step::Pop),
        2 => Just(Step::Mark),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        1 => Just(Step::Reset),
    ]
}

/// Runs the steps and returns everything that was to be seen.
fn seen<M: TxnMem<(u32, MemRef)>>(steps: &[Step]) -> Vec<Vec<(u32, Vec<u8>)>> {
    let (mut mem, mut model) = (M::new(&Arc::default()), Vec::<(u32, Vec<u8>)>::new());
    let (mut marks, mut seen): (Vec<(Mark, usize)>, _) = (Vec::new(), Vec::new());
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Keep(bytes) => {
                let at = mem.bytes(bytes);
                mem.push((number as u32, at));
                model.push((number as u32, bytes.clone()));
            }
            Step::Pop => {
                // As a rollback does: what is popped was pushed since the last mark.
                if marks.last().is_none_or(|(_, len)| model.len() > *len) {
                    let popped = mem.pop().map(|(number, at)| (number, mem.get(at).to_vec()));
                    assert_eq!(popped, model.pop());
                }
            }
            Step::Mark => marks.push((mem.mark(), model.len())),
            Step::Release(index) if !marks.is_empty() => {
                marks.truncate(index.index(marks.len()) + 1);
                let (mark, len) = marks[marks.len() - 1];
                mem.release(mark);
                model.truncate(len);
            }
            Step::Release(_) => {}
            Step::Reset => {
                mem.reset();
                model.clear();
                marks.clear();
            }
        }
        let kept: Vec<_> = mem.items().iter().map(|(number, at)| (*number, mem.get(*at).to_vec())).collect();
        assert_eq!(kept, model);
        seen.push(kept);
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 64 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn both_keep_what_a_list_keeps(steps in proptest::collection::vec(step(), 0..60)) {
        prop_assert_eq!(seen::<HeapMem<(u32, MemRef)>>(&steps), seen::<ArenaMem<(u32, MemRef)>>(&steps));
    }
}

fn allocations<M: TxnMem<MemRef>>() -> u64 {
    let mut mem = M::new(&Arc::default());
    for round in 0..2 {
        for number in 0..30_u64 {
            let at = mem.bytes(&number.to_be_bytes());
            mem.push(at);
        }
        mem.reset();
        if round == 0 {
            mem.take_allocations();
        }
    }
    mem.take_allocations()
}

#[test]
fn the_heap_is_asked_for_every_byte_string_and_the_arena_for_none() {
    // Thirty byte strings, and two lists that grow to thirty: 4, 8, 16, 32.
    assert_eq!((allocations::<HeapMem<MemRef>>(), allocations::<ArenaMem<MemRef>>()), (30 + 2 * 4, 0));
}

/// The room that lists of `small` and `large` bytes have after the end of their transaction, and what the memory counts.
fn retired<M: TxnMem<MemRef>>(small: usize, large: usize) -> (usize, usize, u64) {
    let mut mem = M::new(&Arc::default());
    let (mut one, mut other, mut unused) = (vec![1_u8; small], vec![2_u8; large], Vec::<u64>::new());
    mem.retire(&mut one);
    mem.retire(&mut other);
    mem.retire(&mut unused);
    assert!(one.is_empty() && other.is_empty());
    (one.capacity(), other.capacity(), mem.take_allocations())
}

#[test]
fn lists_are_freed_by_the_heap_and_handed_on_by_the_arena() {
    assert_eq!(retired::<HeapMem<MemRef>>(1000, 1_000_000), (0, 0, 2));
    assert_eq!(retired::<ArenaMem<MemRef>>(1000, 1_000_000), (1000, super::KEPT_BYTES, 0), "but no large ones");
}

#[test]
#[should_panic(expected = "from before a reset")]
fn the_arena_refuses_what_was_released() {
    let mut mem = <ArenaMem<()> as TxnMem<()>>::new(&Arc::default());
    let mark = mem.mark();
    let gone = mem.bytes(b"gone");
    mem.release(mark);
    mem.get(gone);
}
