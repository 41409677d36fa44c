//! The contract of B001's replacers, and exact LRU against a model.

use engine::buffer::replacer::lru::Lru;
use engine::buffer::replacer::{Replacer, Take};
use engine::buffer::{FrameId, PageId, Visit};
use proptest::prelude::*;

const FRAMES: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Hit(u32),
    Descent([u32; 3]),
    Admit(u32),
    /// Evict with these frames busy.
    Evict(u8),
    Forget(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let frame = 0..FRAMES as u32;
    let step = prop_oneof![
        3 => frame.clone().prop_map(Step::Hit),
        1 => [frame.clone(), frame.clone(), frame.clone()].prop_map(Step::Descent),
        3 => frame.clone().prop_map(Step::Admit),
        2 => any::<u8>().prop_map(Step::Evict),
        1 => frame.prop_map(Step::Forget),
    ];
    proptest::collection::vec(step, 0..120)
}

/// What every replacer owes: a frame is offered only while it is in, and a taken one is out.
fn contract<R: Replacer>(steps: &[Step], mut on_evict: impl FnMut(usize, Option<u32>)) {
    let replacer = R::new(FRAMES);
    let mut present = [false; FRAMES];
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Hit(frame) => replacer.hit(&[FrameId(frame)], Visit::Leaf),
            Step::Descent(frames) => replacer.hit(&frames.map(FrameId), Visit::Leaf),
            Step::Admit(frame) if !present[frame as usize] => {
                replacer.admit(FrameId(frame), PageId::new(number as u64 + 1), Visit::Leaf);
                present[frame as usize] = true;
            }
            Step::Admit(_) => {}
            Step::Evict(busy) => {
                let is_busy = |frame: FrameId| busy >> frame.0 & 1 == 1;
                let took = replacer.evict(PageId::new(999), |frame| {
                    assert!(present[frame.index()], "frame {frame:?} was offered but holds no page");
                    if is_busy(frame) { Take::Busy } else { Take::Taken }
                });
                match took {
                    Some(frame) => {
                        assert!(!is_busy(frame));
                        present[frame.index()] = false;
                    }
                    None => assert!((0..FRAMES as u32).all(|f| !present[f as usize] || is_busy(FrameId(f)))),
                }
                on_evict(number, took.map(|frame| frame.0));
            }
            Step::Forget(frame) => {
                replacer.forget(FrameId(frame));
                present[frame as usize] = false;
            }
        }
    }
}

fn use_one(order: &mut Vec<u32>, frame: u32) {
    if let Some(at) = order.iter().position(|&f| f == frame) {
        order.remove(at);
        order.push(frame);
    }
}

/// The obvious LRU: a vector, the newest last.
fn model(steps: &[Step]) -> Vec<(usize, Option<u32>)> {
    let mut order: Vec<u32> = Vec::new();
    let mut evicted = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Hit(frame) => use_one(&mut order, frame),
            Step::Descent(frames) => frames.into_iter().for_each(|frame| use_one(&mut order, frame)),
            Step::Admit(frame) if !order.contains(&frame) => order.push(frame),
            Step::Admit(_) => {}
            Step::Evict(busy) => {
                let at = order.iter().position(|&frame| busy >> frame & 1 == 0);
                evicted.push((number, at.map(|at| order.remove(at))));
            }
            Step::Forget(frame) => order.retain(|&f| f != frame),
        }
    }
    evicted
}

proptest! {
    #[test]
    fn lru_evicts_what_the_model_evicts(steps in steps()) {
        let mut evicted = Vec::new();
        contract::<Lru>(&steps, |number, frame| evicted.push((number, frame)));
        prop_assert_eq!(evicted, model(&steps));
    }
}
