//! Crash enumeration: every moment of a run, several ways to lose what was not synced.
//!
//! ```text
//! workload on SimFs:   write  write  sync  write  rename  sync …        each I/O is a crash point
//!                        │      └─▶ image ─▶ subset of unsynced sectors survives ─▶ open (recovery) ─▶ check the promise
//!                        │                                        │
//!                        └─▶ image ─▶ …                           └─▶ crash points of the recovery itself ─▶ open ─▶ check
//! ```
//! The workload tells [`Progress`] before it asks for a commit and after it has it; what a crash point promises is what was
//! told until then. States that are equal byte for byte are opened once per promise, and counted once.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use engine_files::{DiskImage, IoEvent, SimFs};

/// How far a workload has come, in commits.
#[derive(Debug, Default)]
pub struct Progress {
    begun: AtomicU64,
    acked: AtomicU64,
}

/// What must hold after a crash: commits up to `acked` are there, none beyond `begun` is, and none in between without
/// those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Promise {
    /// Commits that were acknowledged.
    pub acked: u64,
    /// Commits that were asked for.
    pub begun: u64,
}

/// How much to try.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Survivals tried per crash point.
    pub survivals: usize,
    /// Every so many states, its recovery is enumerated too. 0 = never.
    pub second_every: u64,
    /// Survivals tried per crash point of such a recovery.
    pub second_survivals: usize,
    /// Threads that open and check.
    pub checkers: usize,
    /// Chooses among the survivals.
    pub seed: u64,
}

/// What was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Crash points of the workload.
    pub points: u64,
    /// Different disk states opened.
    pub states: u64,
    /// Of these, states that a crash during recovery left.
    pub second_states: u64,
}

impl Progress {
    /// Commit number `n` (from 1, in order) is about to be asked for.
    pub fn begin(&self, n: u64) {
        self.begun.store(n, Ordering::SeqCst);
    }

    /// Commit number `n`, and all before it, have been acknowledged.
    pub fn ack(&self, n: u64) {
        self.acked.fetch_max(n, Ordering::SeqCst);
    }

    /// What a crash at this moment must keep.
    pub fn promise(&self) -> Promise {
        // In this order, a commit acknowledged between the loads counts as begun.
        let acked = self.acked.load(Ordering::SeqCst);
        Promise { acked, begun: self.begun.load(Ordering::SeqCst) }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self { survivals: 12, second_every: 97, second_survivals: 4, checkers: 2, seed: 1 }
    }
}

/// Runs `workload` on `fs` and, for every crash state, `open` and then `check`. Both panic if something is wrong.
///
/// # Panics
/// If anything panicked: with the crash point, the survival, and the panic's message.
pub fn enumerate<D>(
    plan: Plan,
    fs: &SimFs,
    progress: &Arc<Progress>,
    workload: impl FnOnce(),
    open: impl Fn(SimFs) -> D + Sync,
    check: impl Fn(D, Promise) + Sync,
) -> Report {
    let lab = Lab { plan, open, check, tried: Mutex::default(), report: Mutex::default(), failure: Mutex::default() };
    let (send, receive) = sync_channel(32);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        for _ in 0..plan.checkers.max(1) {
            scope.spawn(|| lab.check_all(&receive));
        }
        let _watching = watch(fs, progress, send);
        workload();
    });
    if let Some(failure) = lab.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        panic!("{failure}");
    }
    lab.report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A moment at which the power may fail.
struct Point {
    event: IoEvent,
    image: DiskImage,
    promise: Promise,
}

/// While it lives, `points` receives every crash point; its drop, also by a panic, ends the checkers.
struct Watching<'a>(&'a SimFs);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.observe(|_, _| {});
    }
}

fn watch<'a>(fs: &'a SimFs, progress: &Arc<Progress>, points: SyncSender<Point>) -> Watching<'a> {
    let progress = Arc::clone(progress);
    fs.observe(move |event, image| {
        let point = Point { event: event.clone(), image: image.clone(), promise: progress.promise() };
        // The checkers are gone only after a failure, which is reported in the end.
        let _ = points.send(point);
    });
    Watching(fs)
}

struct Lab<O, C> {
    plan: Plan,
    open: O,
    check: C,
    tried: Mutex<Tried>,
    report: Mutex<Report>,
    failure: Mutex<Option<String>>,
}

#[derive(Default)]
struct Tried {
    states: HashSet<u64>,
    promises: HashSet<(u64, Promise)>,
}

impl<D, O: Fn(SimFs) -> D + Sync, C: Fn(D, Promise) + Sync> Lab<O, C> {
    fn check_all(&self, points: &Mutex<Receiver<Point>>) {
        loop {
            let point = points.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(point) = point else { return };
            if self.failed() {
                // Go on receiving, or the workload blocks.
                continue;
            }
            self.report.lock().unwrap_or_else(PoisonError::into_inner).points += 1;
            for survival in point.image.survivals(self.plan.survivals, self.plan.seed ^ point.event.op) {
                let fs = point.image.restart(survival);
                let Some(number) = self.is_new(&fs, point.promise, false) else { continue };
                let place = || format!("crash during {:?}, {survival:?} survived", point.event);
                let twice = self.plan.second_every > 0 && number % self.plan.second_every == 0;
                self.attempt(&place, || {
                    if twice { self.crash_again(&fs, &point, &place) } else { self.once(fs, point.promise) }
                });
            }
        }
    }

    fn once(&self, fs: SimFs, promise: Promise) {
        (self.check)((self.open)(fs), promise);
    }

    /// Opens a state while watching, then every state in which that opening may be cut short.
    fn crash_again(&self, fs: &SimFs, first: &Point, place: &dyn Fn() -> String) {
        let cuts: Arc<Mutex<Vec<(IoEvent, DiskImage)>>> = Arc::default();
        let seen = Arc::clone(&cuts);
        fs.observe(move |event, image| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((event.clone(), image.clone()));
        });
        let opened = (self.open)(fs.clone());
        fs.observe(|_, _| {});
        (self.check)(opened, first.promise);
        let cuts = std::mem::take(&mut *cuts.lock().unwrap_or_else(PoisonError::into_inner));
        for (event, image) in cuts {
            for survival in image.survivals(self.plan.second_survivals, self.plan.seed ^ event.op) {
                let fs = image.restart(survival);
                if self.is_new(&fs, first.promise, true).is_some() {
                    let place =
                        || format!("{}; then crash during {event:?} of the recovery, {survival:?} survived", place());
                    self.attempt(&place, || self.once(fs, first.promise));
                }
            }
        }
    }

    /// The state's number if it is worth trying: new, or known under a weaker promise.
    fn is_new(&self, fs: &SimFs, promise: Promise, second: bool) -> Option<u64> {
        let hash = fs.state_hash();
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if !tried.promises.insert((hash, promise)) {
            return None;
        }
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.states.insert(hash) {
            report.states += 1;
            report.second_states += u64::from(second);
        }
        Some(report.states)
    }

    fn attempt(&self, place: &dyn Fn() -> String, work: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message");
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| format!("{}: {said}", place()));
        }
    }

    fn failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
