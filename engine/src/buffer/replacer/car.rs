//! The optimized variant: ARC in its clock form, CAR (Bansal and Modha, FAST 2004).
//!
//! ```text
//!        new pages                     a second reference
//!   ──▶ ( T1: seen once, recently ) ──────────────────────▶ ( T2: seen again )
//!             │ evicted                                            │ evicted
//!             ▼                                                    ▼
//!       [ B1: ghosts of T1 ]  ── asked for: T1 was too small ──┐ [ B2: ghosts of T2 ]
//!                                                              ▼
//!                        target size of T1:  B1 hit: up,  B2 hit: down;  the page comes back into T2
//! ```
//!
//! T1 and T2 are clocks: a hit only counts the frame's uses, without a lock and without a write once they are as many as
//! count. The hand, which moves under the mutex when a frame is needed, takes a use away and promotes. A scan passes through
//! T1 and leaves T2 alone.
//!
//! Three refinements, because a tree is on top:
//!
//! * **Uses are counted** up to a few, where the paper has one bit, as PostgreSQL's clock sweep does (`BM_MAX_USAGE_COUNT`):
//!   leaves hold rows that many ask for beside rows that few ask for, so that most pages of T2 are used once in a turn of the hand,
//!   and a bit does not tell them apart. Beyond three, what frequency gains on steady keys recency loses on TPC-C.
//! * **Correlated references.** One operation may visit a leaf several times (find it, lock it, change it). A visit before
//!   the next pages come in is therefore no second reference. No longer than that: transactions come back to a page soon.
//!   Where a transaction is known to come back ([`Visit::Return`]), nothing is counted at any time.
//! * **Scans do not train.** A visit of a scan counts nothing, and a ghost that a scan meets moves neither the target nor the
//!   page into T2: that the scan comes by again says nothing about what transactions will want.
//!
//! And two because of how the target moves ([`Tuning`]):
//!
//! * **Small steps.** The paper's step is the ratio of the ghost lists' lengths. Where T2 earns its room, B1 is nearly as long
//!   as the pool and B2 nearly empty, so one ghost of T2 takes away what a hundred of T1 have won, and the target stays at
//!   zero. Bounded, both sides are heard.
//! * **A floor.** T1 keeps a sixteenth of the frames. Rows that were just inserted (orders, say) are wanted once or twice
//!   more and then never again: without room in T1 they are read back from the disk, and pass for frequent pages.
//!
//! Ghosts are page numbers, 8 bytes each. Always: |T1| + |T2| <= c, |T1| + |B1| <= c, and all four together <= 2c.

use super::ghosts::Ghosts;
use super::ring::Rings;
use super::{Replacer, Take};
use crate::buffer::frame::FrameId;
use crate::buffer::page::PageId;
use crate::buffer::residents::Visit;
use crate::metrics::{Counter, Metrics};
use crate::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use crate::sync::{Arc, Mutex};

/// Which clock a frame is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// T1.
    Once,
    /// T2.
    Again,
}

/// ARC in its clock form; see the module.
#[derive(Debug)]
pub struct Car {
    marks: Box<[Mark]>,
    /// Pages admitted so far: the time in which a correlation window is measured.
    admissions: AtomicU32,
    tuning: Tuning,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
}

/// What is left open by the paper, or decided differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Hits are second references only after so many admissions.
    pub window: u32,
    /// Uses of a frame that are counted: the turns of the hand that it outlasts unused.
    pub uses_max: u8,
    /// The most by which one ghost moves the target.
    pub step_max: usize,
    /// T1 gives nothing up below this length while T2 can.
    pub floor: usize,
}

impl Tuning {
    /// As the paper has it.
    pub const PAPER: Tuning = Tuning { window: 0, uses_max: 1, step_max: usize::MAX, floor: 1 };

    /// For a pool below a tree.
    pub fn of_pool(frames: usize) -> Self {
        Tuning { window: 2, uses_max: 3, step_max: 4, floor: (frames / 16).max(1) }
    }
}

/// What hits read and write of a frame.
#[derive(Debug, Default)]
struct Mark {
    uses: AtomicU8,
    admitted_at: AtomicU32,
}

#[derive(Debug)]
struct State {
    rings: Rings,
    pages: Box<[PageId]>,
    ghosts_once: Ghosts,
    ghosts_again: Ghosts,
    /// Target size of T1.
    target: usize,
}

/// Sizes of the four lists and the target, for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// |T1|
    pub once: usize,
    /// |T2|
    pub again: usize,
    /// |B1|
    pub ghosts_once: usize,
    /// |B2|
    pub ghosts_again: usize,
    /// The target size of T1.
    pub target: usize,
}

impl Replacer for Car {
    fn new(frames: usize, metrics: &Arc<Metrics>) -> Self {
        Self::with_tuning(frames, Tuning::of_pool(frames), metrics)
    }

    #[inline]
    fn hit(&self, frame: FrameId, visit: Visit) {
        let mark = &self.marks[frame.index()];
        match visit {
            Visit::Inner => mark.count(self.tuning.uses_max),
            Visit::Leaf if !self.is_correlated(mark) => mark.count(self.tuning.uses_max),
            Visit::Leaf | Visit::Return | Visit::Scan => {}
        }
    }

    fn admit(&self, frame: FrameId, page: PageId, visit: Visit) {
        let mark = &self.marks[frame.index()];
        mark.uses.store(0, Ordering::Relaxed);
        mark.admitted_at.store(self.admissions.fetch_add(1, Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let mut state = self.state.lock();
        let trains = !matches!(visit, Visit::Scan) || cfg!(planted = "scan_trains_the_replacer");
        let (was_once, was_again) = (state.ghosts_once.len(), state.ghosts_again.len());
        let mut clock = Clock::Once;
        if state.ghosts_once.remove(page) {
            if trains {
                state.target = (state.target + self.step(was_again, was_once)).min(self.marks.len());
                clock = Clock::Again;
            }
        } else if state.ghosts_again.remove(page) && trains {
            state.target = state.target.saturating_sub(self.step(was_once, was_again));
            clock = Clock::Again;
        }
        if clock == Clock::Again {
            self.metrics.inc(Counter::ReplacerGhostHits);
        }
        state.rings.push(frame.0, clock);
        state.pages[frame.index()] = page;
        state.trim(self.marks.len());
    }

    /// What `take` could not have stays where it is: that a page must be written first is no reason to keep it longer.
    fn evict(&self, _incoming: PageId, take: &mut dyn FnMut(FrameId) -> Take) {
        let mut state = self.state.lock();
        let mut passed = Vec::new();
        self.choose(&mut state, take, &mut passed);
        while let Some((frame, clock)) = passed.pop() {
            state.rings.push_first(frame, clock);
        }
    }
}

impl Car {
    /// One that is tuned in some way.
    pub fn with_tuning(frames: usize, tuning: Tuning, metrics: &Arc<Metrics>) -> Self {
        let state = State {
            rings: Rings::new(frames),
            pages: vec![PageId::NONE; frames].into_boxed_slice(),
            ghosts_once: Ghosts::default(),
            ghosts_again: Ghosts::default(),
            target: 0,
        };
        Self {
            marks: (0..frames).map(|_| Mark::default()).collect(),
            admissions: AtomicU32::new(0),
            tuning,
            state: Mutex::new(state),
            metrics: Arc::clone(metrics),
        }
    }

    /// How large the lists are at this moment.
    pub fn sizes(&self) -> Sizes {
        let state = self.state.lock();
        Sizes {
            once: state.rings.len(Clock::Once),
            again: state.rings.len(Clock::Again),
            ghosts_once: state.ghosts_once.len(),
            ghosts_again: state.ghosts_again.len(),
            target: state.target,
        }
    }

    /// How far a ghost moves the target: further if there are few of its kind.
    fn step(&self, others: usize, of_its_kind: usize) -> usize {
        (others / of_its_kind).clamp(1, self.tuning.step_max)
    }

    /// Offers frames until no more are wanted. Those that are busy are taken out of their clocks, into `passed`.
    fn choose(&self, state: &mut State, take: &mut dyn FnMut(FrameId) -> Take, passed: &mut Vec<(u32, Clock)>) {
        let frames = state.rings.len(Clock::Once) + state.rings.len(Clock::Again);
        // So many rounds take all uses away and offer every frame. Whoever is left then is wanted at this very moment, and uses
        // keep being added: take what can be taken.
        let rounds = usize::from(self.tuning.uses_max) + 1;
        for step in 0..(rounds + 1) * frames {
            let once = state.rings.len(Clock::Once);
            let clock = if once >= state.target.max(self.tuning.floor) { Clock::Once } else { Clock::Again };
            let Some(frame) = state.rings.hand(clock).or_else(|| state.rings.hand(clock.other())) else { return };
            let clock = state.rings.clock_of(frame);
            if step <= rounds * frames && self.marks[frame as usize].take_use() {
                state.rings.remove(frame);
                state.rings.push(frame, Clock::Again);
                if clock == Clock::Once {
                    self.metrics.inc(Counter::ReplacerPromotions);
                }
                continue;
            }
            match take(FrameId(frame)) {
                Take::Taken => state.bury(frame, clock),
                Take::Last => return state.bury(frame, clock),
                Take::Busy => {
                    state.rings.remove(frame);
                    passed.push((frame, clock));
                }
                Take::Enough => return,
            }
        }
    }

    #[inline]
    fn is_correlated(&self, mark: &Mark) -> bool {
        let now = self.admissions.load(Ordering::Relaxed);
        now.wrapping_sub(mark.admitted_at.load(Ordering::Relaxed)) < self.tuning.window
    }
}

impl Clock {
    fn other(self) -> Self {
        match self {
            Clock::Once => Clock::Again,
            Clock::Again => Clock::Once,
        }
    }
}

impl Mark {
    /// One more use, up to `max`. Two at the same time may count as one, which costs nothing but accuracy.
    #[inline]
    fn count(&self, max: u8) {
        let uses = self.uses.load(Ordering::Relaxed);
        // A write would take the line away from every other core that hits the page.
        if uses < max {
            self.uses.store(uses + 1, Ordering::Relaxed);
        }
    }

    /// Takes one away and says whether there was one. A hit in between is lost, as above.
    fn take_use(&self) -> bool {
        let uses = self.uses.load(Ordering::Relaxed);
        if uses > 0 {
            self.uses.store(uses - 1, Ordering::Relaxed);
        }
        uses > 0
    }
}

impl State {
    /// The frame leaves; what was in it is remembered.
    fn bury(&mut self, frame: u32, clock: Clock) {
        self.rings.remove(frame);
        let page = self.pages[frame as usize];
        match clock {
            Clock::Once => self.ghosts_once.push(page),
            Clock::Again => self.ghosts_again.push(page),
        }
    }

    fn trim(&mut self, frames: usize) {
        let (once, again) = (self.rings.len(Clock::Once), self.rings.len(Clock::Again));
        while once + self.ghosts_once.len() > frames && self.ghosts_once.pop_oldest() {}
        while once + again + self.ghosts_once.len() + self.ghosts_again.len() > 2 * frames
            && self.ghosts_again.pop_oldest()
        {}
    }
}
