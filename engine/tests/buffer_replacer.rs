//! The contract of B001's replacers, each against a model of its paper, and both on the same traces.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::buffer::replacer::car::{Car, Sizes, Tuning};
use engine::buffer::replacer::lru::Lru;
use engine::buffer::replacer::{Replacer, Take};
use engine::buffer::{FrameId, PageId, Visit};
use engine::compose::Object;
use engine::metrics::{Counter, Metrics};
use engine_testing::random::Xorshift;
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

const FRAMES: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Hit(u32),
    Admit(u32),
    /// Evict up to so many, with these frames busy.
    Evict(u8, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let frame = 0..FRAMES as u32;
    let step = prop_oneof![
        4 => frame.clone().prop_map(Step::Hit),
        3 => frame.prop_map(Step::Admit),
        2 => (any::<u8>(), 1..4_usize).prop_map(|(busy, wanted)| Step::Evict(busy, wanted)),
    ];
    proptest::collection::vec(step, 0..120)
}

/// What every replacer owes: a frame is offered only while it is in, and a taken one is out.
fn contract<R: Replacer>(steps: &[Step], mut on_evict: impl FnMut(usize, Vec<u32>)) {
    let replacer = R::new(FRAMES, &Arc::default());
    let mut present = [false; FRAMES];
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Hit(frame) => replacer.hit(FrameId(frame), Visit::Leaf),
            Step::Admit(frame) if !present[frame as usize] => {
                replacer.admit(FrameId(frame), PageId::new(number as u64 + 1), Visit::Leaf);
                present[frame as usize] = true;
            }
            Step::Admit(_) => {}
            Step::Evict(busy, wanted) => {
                let is_busy = |frame: FrameId| busy >> frame.0 & 1 == 1;
                let mut taken = Vec::new();
                replacer.evict(PageId::new(999), &mut |frame| {
                    assert!(present[frame.index()], "frame {frame:?} was offered but holds no page");
                    if is_busy(frame) {
                        return Take::Busy;
                    }
                    present[frame.index()] = false;
                    taken.push(frame.0);
                    if taken.len() == wanted { Take::Last } else { Take::Taken }
                });
                let left = (0..FRAMES as u32).filter(|&f| present[f as usize] && !is_busy(FrameId(f))).count();
                assert!(taken.len() == wanted || left == 0, "{taken:?} of {wanted} were taken, {left} more could be");
                on_evict(number, taken);
            }
        }
    }
}

/// The one frame that is given up for `page`.
fn evicted_for<R: Replacer>(replacer: &R, page: u64) -> FrameId {
    let mut taken = None;
    replacer.evict(PageId::new(page), &mut |frame| {
        assert_eq!(taken.replace(frame), None, "offered more than was wanted");
        Take::Last
    });
    taken.unwrap()
}

fn use_one(order: &mut Vec<u32>, frame: u32) {
    if let Some(at) = order.iter().position(|&f| f == frame) {
        order.remove(at);
        order.push(frame);
    }
}

/// The obvious LRU: a vector, the newest last.
fn model(steps: &[Step]) -> Vec<(usize, Vec<u32>)> {
    let mut order: Vec<u32> = Vec::new();
    let mut evicted = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Hit(frame) => use_one(&mut order, frame),
            Step::Admit(frame) if !order.contains(&frame) => order.push(frame),
            Step::Admit(_) => {}
            Step::Evict(busy, wanted) => {
                let free = order.iter().filter(|&&frame| busy >> frame & 1 == 0);
                let taken: Vec<u32> = free.take(wanted).copied().collect();
                order.retain(|frame| !taken.contains(frame));
                evicted.push((number, taken));
            }
        }
    }
    evicted
}

/// CAR as its paper writes it, over lists that a child could follow.
#[derive(Default)]
struct Paper {
    capacity: usize,
    t1: VecDeque<(u64, bool)>,
    t2: VecDeque<(u64, bool)>,
    b1: VecDeque<u64>,
    b2: VecDeque<u64>,
    target: usize,
}

impl Paper {
    fn new(capacity: usize) -> Self {
        Paper { capacity, ..Paper::default() }
    }

    /// Asks for a page; whether it was there.
    fn reference(&mut self, page: u64) -> bool {
        if let Some(entry) = self.t1.iter_mut().chain(&mut self.t2).find(|entry| entry.0 == page) {
            entry.1 = true;
            return true;
        }
        if self.t1.len() + self.t2.len() == self.capacity {
            self.replace();
        }
        let (in_b1, in_b2) = (self.b1.contains(&page), self.b2.contains(&page));
        let (b1, b2) = (self.b1.len(), self.b2.len());
        if in_b1 {
            self.target = (self.target + (b2 / b1).max(1)).min(self.capacity);
        } else if in_b2 {
            self.target = self.target.saturating_sub((b1 / b2).max(1));
        }
        self.b1.retain(|&ghost| ghost != page);
        self.b2.retain(|&ghost| ghost != page);
        if in_b1 || in_b2 {
            self.t2.push_back((page, false))
        } else {
            self.t1.push_back((page, false))
        }
        while self.t1.len() + self.b1.len() > self.capacity && self.b1.pop_front().is_some() {}
        while self.t1.len() + self.t2.len() + self.b1.len() + self.b2.len() > 2 * self.capacity {
            self.b2.pop_front();
        }
        false
    }

    fn replace(&mut self) {
        loop {
            let from_t1 = self.t1.len() >= self.target.max(1);
            let (clock, ghosts) = if from_t1 { (&mut self.t1, &mut self.b1) } else { (&mut self.t2, &mut self.b2) };
            let (page, referenced) = clock.pop_front().unwrap();
            if !referenced {
                return ghosts.push_back(page);
            }
            self.t2.push_back((page, false));
        }
    }

    fn sizes(&self) -> Sizes {
        let (once, again) = (self.t1.len(), self.t2.len());
        Sizes { once, again, ghosts_once: self.b1.len(), ghosts_again: self.b2.len(), target: self.target }
    }
}

/// A cache of pages without bytes, run by a replacer.
struct Cache<R> {
    replacer: R,
    frames: HashMap<u64, FrameId>,
    pages: Vec<u64>,
    free: Vec<FrameId>,
    metrics: Arc<Metrics>,
}

impl<R: Replacer> Cache<R> {
    fn new(frames: usize, make: impl FnOnce(&Arc<Metrics>) -> R) -> Self {
        let metrics = Arc::new(Metrics::new());
        let free = (0..frames as u32).rev().map(FrameId).collect();
        Cache { replacer: make(&metrics), frames: HashMap::new(), pages: vec![0; frames], free, metrics }
    }

    fn reference(&mut self, page: u64, visit: Visit) -> bool {
        if let Some(&frame) = self.frames.get(&page) {
            self.replacer.hit(frame, visit);
            return true;
        }
        let frame = self.free.pop().unwrap_or_else(|| {
            let frame = evicted_for(&self.replacer, page);
            self.frames.remove(&self.pages[frame.index()]);
            frame
        });
        self.pages[frame.index()] = page;
        self.frames.insert(page, frame);
        self.replacer.admit(frame, PageId::new(page), visit);
        false
    }
}

fn both(frames: usize) -> (Cache<Lru>, Cache<Car>) {
    (Cache::new(frames, |metrics| Lru::new(frames, metrics)), Cache::new(frames, |metrics| Car::new(frames, metrics)))
}

/// Numbers below `n`, the small ones often: the smaller of two draws.
fn skewed(random: &mut Xorshift, n: u64) -> u64 {
    random.below(n).min(random.below(n))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lru_evicts_what_the_model_evicts(steps in steps()) {
        let mut evicted = Vec::new();
        contract::<Lru>(&steps, |number, frame| evicted.push((number, frame)));
        prop_assert_eq!(evicted, model(&steps));
    }

    #[test]
    fn car_keeps_the_contract(steps in steps()) {
        contract::<Car>(&steps, |_, _| ());
    }

    #[test]
    fn an_object_evicts_what_the_replacer_evicts(steps in steps()) {
        fn evicted<R: Replacer>(steps: &[Step]) -> Vec<(usize, Vec<u32>)> {
            let mut evicted = Vec::new();
            contract::<R>(steps, |number, frame| evicted.push((number, frame)));
            evicted
        }
        prop_assert_eq!(evicted::<Object<Lru, dyn Replacer>>(&steps), evicted::<Lru>(&steps));
        prop_assert_eq!(evicted::<Object<Car, dyn Replacer>>(&steps), evicted::<Car>(&steps));
    }

    /// Without the refinements for trees, trace by trace: the same hits, the same list sizes, the same target.
    #[test]
    fn car_does_what_the_paper_does(pages in proptest::collection::vec(1_u64..30, 0..400), frames in 2_usize..12) {
        let mut paper = Paper::new(frames);
        let mut car = Cache::new(frames, |metrics| Car::with_tuning(frames, Tuning::PAPER, metrics));
        for page in pages {
            prop_assert_eq!(car.reference(page, Visit::Leaf), paper.reference(page));
            let sizes = car.replacer.sizes();
            prop_assert_eq!(sizes, paper.sizes());
            prop_assert!(sizes.once + sizes.again <= frames && sizes.once + sizes.ghosts_once <= frames);
            prop_assert!(sizes.once + sizes.again + sizes.ghosts_once + sizes.ghosts_again <= 2 * frames);
        }
    }
}

/// One scan of ten times the pool: what it costs afterwards, in points of hit rate.
#[test]
fn a_scan_washes_lru_out_and_not_car() {
    const FRAMES: usize = 512;
    fn rate<R: Replacer>(cache: &mut Cache<R>, random: &mut Xorshift, visits: u32) -> f64 {
        let hits = (0..visits).filter(|_| cache.reference(1 + skewed(random, 1500), Visit::Leaf)).count();
        hits as f64 / f64::from(visits)
    }
    fn cost<R: Replacer>(mut cache: Cache<R>) -> (f64, u64) {
        let mut random = Xorshift::new(7);
        rate(&mut cache, &mut random, 20_000);
        let before = rate(&mut cache, &mut random, 5_000);
        let swept = (10_000..10_000 + 10 * FRAMES as u64).filter(|&page| cache.reference(page, Visit::Scan)).count();
        assert_eq!(swept, 0, "every page of the scan is new");
        let after = rate(&mut cache, &mut random, 500);
        (100.0 * (before - after), cache.metrics.get(Counter::ReplacerGhostHits))
    }
    let (lru, car) = both(FRAMES);
    let ((lru, lru_ghosts), (car, car_ghosts)) = (cost(lru), cost(car));
    assert!(lru > 10.0, "LRU lost only {lru:.1} points: the scan shows nothing");
    assert!(car <= 5.0, "CAR lost {car:.1} points");
    // The wiring: the counter by which a measurement proves which variant ran.
    assert!(lru_ghosts == 0 && car_ghosts > 0);
}

/// The same skewed trace with a scan running beside it all the time.
#[test]
fn car_misses_less_than_lru_beside_scans() {
    const FRAMES: usize = 256;
    fn misses<R: Replacer>(mut cache: Cache<R>) -> usize {
        let mut random = Xorshift::new(3);
        let visit = |step: u64| {
            if step.is_multiple_of(2) {
                return !cache.reference(1 + skewed(&mut random, 1000), Visit::Leaf);
            }
            cache.reference(10_000 + step / 2 % 4000, Visit::Scan);
            false
        };
        (0..60_000).map(visit).filter(|missed| *missed).count()
    }
    let (lru, car) = both(FRAMES);
    let (lru, car) = (misses(lru), misses(car));
    assert!(car * 10 < lru * 9, "LRU missed {lru} times, CAR {car} times");
}

/// Pages that were used more often outlast those that were used once, where uses are counted.
#[test]
fn a_page_used_often_outlasts_one_used_once() {
    const FRAMES: usize = 64;
    /// Hits on 32 pages that are used three times as often as 96 others.
    fn hits(tuning: Tuning) -> usize {
        let mut random = Xorshift::new(11);
        let mut cache = Cache::new(FRAMES, |metrics| Car::with_tuning(FRAMES, tuning, metrics));
        let mut next = || if random.below(2) == 0 { random.below(32) } else { 32 + random.below(96) };
        (0..50_000).filter(|_| cache.reference(1 + next(), Visit::Leaf)).count()
    }
    let tuned = Tuning::of_pool(FRAMES);
    let (counted, bit) = (hits(tuned), hits(Tuning { uses_max: 1, ..tuned }));
    assert!(counted * 100 > bit * 103, "{counted} hits with counts, {bit} with a bit");
}

/// A transaction that comes back to a row of its own has not asked for the page again.
#[test]
fn a_return_is_no_second_reference() {
    let promoted = |visit: Visit| {
        let mut cache = Cache::new(4, |metrics| Car::new(4, metrics));
        // Far enough apart not to be taken for one operation by their distance alone.
        (1..=4).for_each(|page| assert!(!cache.reference(page, Visit::Leaf)));
        (1..=2).for_each(|page| assert!(cache.reference(page, visit)));
        (5..=8).for_each(|page| assert!(!cache.reference(page, Visit::Leaf)));
        cache.metrics.get(Counter::ReplacerPromotions)
    };
    assert_eq!((promoted(Visit::Leaf), promoted(Visit::Return)), (2, 0));
}

/// A page that is touched twice by the operation that brought it in has not been asked for twice.
#[test]
fn a_correlated_visit_is_no_second_reference() {
    let promoted = |window: u32| {
        let tuning = Tuning { window, ..Tuning::PAPER };
        let mut cache = Cache::new(4, |metrics| Car::with_tuning(4, tuning, metrics));
        for page in 1..20 {
            cache.reference(page, Visit::Leaf);
            cache.reference(page, Visit::Leaf);
        }
        cache.metrics.get(Counter::ReplacerPromotions)
    };
    assert!(promoted(0) > 0);
    assert_eq!(promoted(1), 0);
}

/// That a scan comes by a page again that has left says nothing about what transactions will want.
#[test]
fn a_ghost_met_by_a_scan_teaches_nothing() {
    let learnt = |visit: Visit| {
        let mut cache = Cache::new(8, |metrics| Car::with_tuning(8, Tuning::PAPER, metrics));
        for page in (1..=8).chain(1..=4).chain(9..=11) {
            cache.reference(page, Visit::Leaf);
        }
        let Sizes { ghosts_once, target, .. } = cache.replacer.sizes();
        assert!(ghosts_once == 3 && !cache.frames.contains_key(&5), "{ghosts_once} ghosts");
        cache.reference(5, visit);
        (cache.replacer.sizes().target - target, cache.metrics.get(Counter::ReplacerGhostHits))
    };
    assert_eq!(learnt(Visit::Leaf), (1, 1));
    assert_eq!(learnt(Visit::Scan), (0, 0));
}

/// Where frequent pages deserve nearly everything, pages that are new keep some room, and no ghost moves the target far.
#[test]
fn tuned_new_pages_keep_room_and_the_target_moves_in_small_steps() {
    const FRAMES: usize = 512;
    /// Shortest T1 once the pool is full, and longest step of the target.
    fn extremes(tuning: Tuning) -> (usize, usize) {
        let mut random = Xorshift::new(5);
        let mut cache = Cache::new(FRAMES, |metrics| Car::with_tuning(FRAMES, tuning, metrics));
        let (mut once_min, mut step_max, mut before) = (FRAMES, 0, cache.replacer.sizes().target);
        for step in 0..60_000_u32 {
            let page = skewed(&mut random, 4000).min(skewed(&mut random, 4000));
            cache.reference(1 + page, Visit::Leaf);
            let Sizes { once, target, .. } = cache.replacer.sizes();
            step_max = step_max.max(target.abs_diff(before));
            before = target;
            if step > 5_000 {
                once_min = once_min.min(once);
            }
        }
        (once_min, step_max)
    }
    let tuned = Tuning::of_pool(FRAMES);
    let (once, step) = extremes(tuned);
    assert!(once + 1 >= tuned.floor && step <= tuned.step_max, "T1 had {once} pages, the target moved by {step}");
    let (once, step) = extremes(Tuning::PAPER);
    assert!(
        once + 1 < tuned.floor && step > tuned.step_max,
        "the paper's: {once} pages, by {step}: this shows nothing"
    );
}

/// Whoever passes over frames that it cannot have leaves them where they were.
#[test]
fn a_busy_frame_does_not_stay_longer() {
    let mut cache = Cache::new(4, |metrics| Car::new(4, metrics));
    (1..=4).for_each(|page| assert!(!cache.reference(page, Visit::Leaf)));
    let mut offered = Vec::new();
    let mut all_busy = |frame: FrameId| {
        offered.push(frame.0);
        if offered.len() < 3 { Take::Busy } else { Take::Enough }
    };
    cache.replacer.evict(PageId::new(9), &mut all_busy);
    assert_eq!(offered, [0, 1, 2]);
    let taken: Vec<_> = (0..4).map(|_| evicted_for(&cache.replacer, 9)).collect();
    assert_eq!(taken, [0, 1, 2, 3].map(FrameId));
}
