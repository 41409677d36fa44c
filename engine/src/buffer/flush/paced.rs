//! The optimized variant: pages are written in the background, all the time, in batches.
//!
//! ```text
//!                    ┌── reserve of free frames ◀── unmap ── clean ◀── write ◀─ copy ── upcoming victims
//!   a miss takes ◀───┘            (woken when half of it is gone)               │
//!                                                                  one sync of the double-write area for them all
//!                                                                              │
//!   redo point = oldest change not yet in place        ◀── clean ◀── write ◀─ copy ── oldest changes, at the rate
//!                                                                                    that keeps redo short (`pace`)
//! ```
//!
//! **A miss never writes**, unless the reserve is empty: then the session takes the next clean victims, or writes a batch
//! itself. Nobody waits for the background threads. Victims that must be written leave the replacer's order before they are, so
//! that nobody passes over them meanwhile; one that is wanted again until it is written is put back.
//!
//! **A checkpoint writes no pages.** It syncs the data file and records the oldest change that is not in it.
//!
//! **Why no change is overlooked.** The positions kept with dirty pages may lie too low, never too high. A page that is
//! changed for the first time gets `floor`, the log's end before the last complete visit of all frames: whoever appended a
//! record before that visit's begin held the page's latch, for which the visit waited, so any change that is marked
//! later than the visit was logged later than its begin. And a position stays until the copy that contains the change is in
//! the data file (`buffer::dirty`).
//!
//! InnoDB keeps the same two lists, by use and by age, and the same adaptive rate, from a formula with knobs (`buf0flu.cc`);
//! Haubenschild, Sauer, Neumann, Leis: "Rethinking Logging, Checkpoints, and Recovery", SIGMOD 2020, write continuously.

use std::time::{Duration, Instant};

use super::Flusher;
use super::batch::Batch;
use super::pace::Ages;
use crate::buffer::error::BufferError;
use crate::buffer::frame::FrameId;
use crate::buffer::guard::ExclusivePage;
use crate::buffer::page::{Page, PageId};
use crate::buffer::residents::{Claim, Residents, Victims};
use crate::io::Lsn;
use crate::metrics::Counter;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex};

/// A page written in place takes as long as one read, and about every second victim is written: so many threads keep up with some
/// dozen sessions that read.
const THREADS: usize = 6;
/// One frame of so many is kept free.
const RESERVE_SHARE: usize = 32;
/// Dirty victims passed over in search of clean ones, before any is written. In a small pool fewer: where nearly everything is
/// dirty, the only clean page may be the one that was just read, on the way to the page that needs the frame.
const PATIENCE: usize = 64;
const PATIENCE_SHARE: usize = 16;
/// Frames that a session takes which finds the reserve empty: one for itself, and the others for those who come next.
const FOREGROUND_FRAMES: usize = 16;
/// Old pages are written in batches of at least so many, to share a sync.
const PACED_PAGES_MIN: f64 = 32.0;
/// A checkpoint is made so many times in the log that redo may have to read.
const CHECKPOINTS: u64 = 8;
/// The pages' ages are surveyed so many times in that much log, or so often, whichever comes first.
const SURVEYS: u64 = 64;
const SURVEY_INTERVAL: Duration = Duration::from_millis(100);
/// A survey may take this share of the background thread's time.
const SURVEY_SHARE: u32 = 20;

/// Background write-out; see the module.
#[derive(Debug)]
pub struct Paced {
    /// Frames to be kept free.
    reserve: usize,
    /// Dirty victims passed over in search of clean ones.
    patience: usize,
    /// The log's end, as far as we were told.
    seen: AtomicU64,
    /// See [`Flusher::floor`].
    floor: AtomicU64,
    plan: Mutex<Plan>,
    /// Memory for copies.
    spare: Mutex<Vec<Vec<Page>>>,
    wanted: Mutex<bool>,
    wake: Condvar,
}

/// Which old pages are to be written, and how fast.
#[derive(Debug, Default)]
struct Plan {
    /// When the ages were surveyed, and how long that took.
    surveyed: Option<(Instant, Duration)>,
    /// The log's end then.
    surveyed_at: Lsn,
    /// The oldest pages, in the order of the file.
    queue: Vec<(PageId, FrameId)>,
    /// How many of them were dealt with.
    done: usize,
    pages_per_byte: f64,
    /// Pages that may be written now.
    credit: f64,
    credited_at: Lsn,
}

impl Flusher for Paced {
    fn new(frames: usize) -> Self {
        Self {
            reserve: (frames / RESERVE_SHARE).max(1),
            patience: (frames / PATIENCE_SHARE).clamp(1, PATIENCE),
            seen: AtomicU64::new(0),
            floor: AtomicU64::new(0),
            plan: Mutex::default(),
            spare: Mutex::default(),
            wanted: Mutex::new(false),
            wake: Condvar::new(),
        }
    }

    fn need_frame<'p>(&self, pool: &'p Residents, incoming: PageId) -> Result<Option<ExclusivePage<'p>>, BufferError> {
        if let Some((free, left)) = pool.take_free() {
            if self.is_low(left) && left.is_multiple_of((self.reserve / 4).max(1)) {
                self.wake();
            }
            return Ok(Some(free));
        }
        pool.metrics().inc(Counter::FlushReserveMisses);
        self.wake();
        let some = FOREGROUND_FRAMES.min(self.reserve);
        let clean = pool.take_victims(incoming, some, 0, self.patience);
        let mine = self.free(pool, clean, Counter::FlushForegroundWrites)?;
        if mine.is_some() {
            return Ok(mine);
        }
        let victims = pool.take_victims(incoming, some, some, usize::MAX);
        self.free(pool, victims, Counter::FlushForegroundWrites)
    }

    fn floor(&self) -> Lsn {
        Lsn(self.floor.load(Ordering::Acquire))
    }

    fn checkpoint(&self, pool: &Residents, end: Lsn) -> Result<(), BufferError> {
        let mut todo = Vec::new();
        self.survey(pool, end, |frame, page, _| todo.push((page, frame)));
        todo.sort_unstable_by_key(|&(page, _)| page);
        while !todo.is_empty() {
            // Being written by somebody else: of which state is not known, so it will have to be looked at again.
            let mut busy = Vec::new();
            for part in todo.chunks(pool.batch_pages()) {
                let mut batch = self.batch(pool);
                busy.extend(part.iter().filter(|(_, frame)| batch.add(*frame, true) == Claim::Busy));
                self.finish(batch)?;
            }
            todo = busy;
            if !todo.is_empty() {
                crate::sync::thread::yield_now();
            }
        }
        pool.sync()
    }

    fn redo_point(&self, pool: &Residents, end: Lsn) -> Result<Lsn, BufferError> {
        let mut oldest = end;
        self.survey(pool, end, |_, _, since| oldest = oldest.min(since));
        // What was found clean is in the data file; now durably.
        pool.sync()?;
        Ok(if cfg!(planted = "redo_point_past_a_dirty_page") { end } else { oldest })
    }

    fn checkpoint_interval(&self, redo_bytes: u64) -> u64 {
        redo_bytes / CHECKPOINTS
    }

    fn background_threads(&self) -> usize {
        THREADS
    }

    fn tick(&self, pool: &Residents, end: Lsn, redo_bytes: u64) -> Result<(), BufferError> {
        self.seen.fetch_max(end.0, Ordering::AcqRel);
        if self.is_low(pool.free_count()) {
            self.refill(pool)?;
        }
        // Old pages are one thread's work.
        let Some(mut plan) = self.plan.try_lock() else { return Ok(()) };
        if plan.is_outdated(end, redo_bytes) {
            self.make_plan(pool, end, redo_bytes, &mut plan);
        }
        plan.credit(end);
        self.write_oldest(pool, &mut plan)
    }

    fn rest(&self, at_most: Duration) {
        let mut wanted = self.wanted.lock();
        if !*wanted {
            wanted = self.wake.wait_timeout(wanted, at_most).0;
        }
        *wanted = false;
    }

    fn wake(&self) {
        let mut wanted = self.wanted.lock();
        if !*wanted {
            *wanted = true;
            self.wake.notify_one();
        }
    }
}

impl Paced {
    /// Whether so few free frames are left that some are to be freed: not before, since frames freed together share a sync.
    fn is_low(&self, left: usize) -> bool {
        left <= self.reserve / 2
    }

    /// Frees frames until the reserve is full again, or everything that could leave is in use.
    fn refill(&self, pool: &Residents) -> Result<(), BufferError> {
        loop {
            let missing = self.reserve.saturating_sub(pool.free_count());
            if missing == 0 {
                return Ok(());
            }
            if missing > pool.batch_pages() {
                // Enough for another thread.
                self.wake();
            }
            let count = missing.min(pool.batch_pages());
            let victims = pool.take_victims(PageId::NONE, count, count, usize::MAX);
            let one = self.free(pool, victims, Counter::FlushBackgroundWrites)?;
            let Some(one) = one else { return Ok(()) };
            pool.release_free(one);
        }
    }

    /// Frees the frames of victims, writing the pages that must be, which `counter` counts. Returns one of the frames for the caller, who
    /// may hold latches; the others go to the reserve, those of clean pages before anything is written.
    fn free<'p>(
        &self,
        pool: &'p Residents,
        victims: Victims<'p>,
        counter: Counter,
    ) -> Result<Option<ExclusivePage<'p>>, BufferError> {
        let Victims { clean, mut dirty } = victims;
        let mut one = None;
        let mut keep = |frame| match one {
            None => one = Some(frame),
            Some(_) => pool.release_free(frame),
        };
        clean.into_iter().filter_map(|victim| pool.unmap(victim)).for_each(&mut keep);
        if dirty.is_empty() {
            return Ok(one);
        }
        dirty.sort_unstable_by_key(|&frame| pool.page_in(frame));
        let mut batch = self.batch(pool);
        for &frame in &dirty {
            batch.add(frame, false);
        }
        let written = self.finish(batch);
        if written.is_err() && cfg!(planted = "unwritten_victim_forgotten") {
            dirty.clear();
        }
        dirty.into_iter().filter_map(|frame| pool.take_written(frame)).for_each(keep);
        match written {
            Ok(written) => {
                pool.metrics().add(counter, written as u64);
                Ok(one)
            }
            Err(error) => {
                one.into_iter().for_each(|frame| pool.release_free(frame));
                Err(error)
            }
        }
    }

    fn make_plan(&self, pool: &Residents, end: Lsn, redo_bytes: u64, plan: &mut Plan) {
        let began = Instant::now();
        // The rest is the interval between checkpoints.
        let mut ages = Ages::new(end, redo_bytes - redo_bytes / CHECKPOINTS);
        let mut pages = Vec::new();
        self.survey(pool, end, |frame, page, since| {
            ages.add(since);
            pages.push((since, page, frame));
        });
        plan.pages_per_byte = ages.pages_per_byte();
        let log_to_come = end.0.saturating_sub(plan.surveyed_at.0).max(redo_bytes / SURVEYS);
        let count = (plan.credit + plan.pages_per_byte * log_to_come as f64).ceil() as usize + PACED_PAGES_MIN as usize;
        if count < pages.len() {
            pages.select_nth_unstable_by_key(count, |&(since, ..)| since);
            pages.truncate(count);
        }
        pages.sort_unstable_by_key(|&(_, page, _)| page);
        plan.queue.clear();
        plan.queue.extend(pages.into_iter().map(|(_, page, frame)| (page, frame)));
        plan.done = 0;
        plan.surveyed = Some((began, began.elapsed()));
        plan.surveyed_at = end;
    }

    /// Writes a batch of old pages if it is time.
    fn write_oldest(&self, pool: &Residents, plan: &mut Plan) -> Result<(), BufferError> {
        let left = plan.queue.len() - plan.done;
        if plan.credit < PACED_PAGES_MIN || left == 0 {
            return Ok(());
        }
        let count = (plan.credit as usize).min(left).min(pool.batch_pages());
        let mut batch = self.batch(pool);
        for &(_, frame) in &plan.queue[plan.done..plan.done + count] {
            // Somebody changes it in this moment: it will be old in the next survey, too.
            batch.add(frame, false);
        }
        plan.done += count;
        plan.credit -= count as f64;
        let written = self.finish(batch)?;
        pool.metrics().add(Counter::FlushBackgroundWrites, written as u64);
        if plan.credit >= PACED_PAGES_MIN {
            self.wake();
        }
        Ok(())
    }

    /// Visits all dirty frames; afterwards no change made then begins below `end`.
    fn survey(&self, pool: &Residents, end: Lsn, visit: impl FnMut(FrameId, PageId, Lsn)) {
        pool.visit_dirty(visit);
        self.floor.fetch_max(end.0, Ordering::AcqRel);
        self.seen.fetch_max(end.0, Ordering::AcqRel);
    }

    fn batch<'p>(&self, pool: &'p Residents) -> Batch<'p> {
        let memory = self.spare.lock().pop().unwrap_or_default();
        Batch::new(pool, memory, Lsn(self.seen.load(Ordering::Acquire)))
    }

    fn finish(&self, batch: Batch<'_>) -> Result<usize, BufferError> {
        let (count, memory) = batch.write()?;
        self.spare.lock().push(memory);
        Ok(count)
    }
}

impl Plan {
    fn is_outdated(&self, end: Lsn, redo_bytes: u64) -> bool {
        let Some((when, took)) = self.surveyed else { return true };
        let (log, time) = (end.0.saturating_sub(self.surveyed_at.0), when.elapsed());
        let is_worth_it = log > 0 && time >= took * SURVEY_SHARE;
        is_worth_it && (time >= SURVEY_INTERVAL || log >= redo_bytes / SURVEYS)
    }

    /// The log has grown: more pages may be written. What was not used up in a while is no debt.
    fn credit(&mut self, end: Lsn) {
        let log = end.0.saturating_sub(self.credited_at.0);
        let left = (self.queue.len() - self.done) as f64;
        self.credit = (self.credit + self.pages_per_byte * log as f64).min(left.max(PACED_PAGES_MIN));
        self.credited_at = end;
    }
}
