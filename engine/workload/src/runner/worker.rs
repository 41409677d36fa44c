//! One worker: its sessions take turns; whoever waits for durability does not hold the others up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use probe::protocol::Budget;

use super::stats::Stats;
use super::workload::{Drawn, Workload};
use crate::store::{Store, StoreError};

/// So many sessions must be left to run for another thread to be woken meanwhile.
const WORTH_A_THREAD: usize = 8;

/// What is left to do, shared by all workers of a slice.
#[derive(Debug)]
pub(super) struct Work {
    budget: Left,
    failed: AtomicBool,
}

#[derive(Debug)]
enum Left {
    Ops(AtomicU64),
    Until(Instant),
}

impl Work {
    pub(super) fn new(budget: Budget) -> Self {
        let budget = match budget {
            Budget::Ops(ops) => Left::Ops(AtomicU64::new(ops)),
            Budget::Time(time) => Left::Until(Instant::now() + time),
        };
        Work { budget, failed: AtomicBool::new(false) }
    }

    /// One more transaction, if there is one left.
    fn take(&self, now: Instant) -> bool {
        let left = match &self.budget {
            Left::Ops(ops) => {
                ops.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            }
            Left::Until(end) => now < *end,
        };
        left && !self.failed.load(Ordering::Relaxed)
    }

    /// A transaction taken did not become a commit, by its own decision: somebody may do another, so that a slice of
    /// n operations is n commits.
    fn give_back(&self) {
        match &self.budget {
            Left::Ops(ops) => {
                ops.fetch_add(1, Ordering::Relaxed);
            }
            Left::Until(_) => {}
        }
    }

    /// Nobody begins another transaction.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// A session's seat at its worker.
pub(super) struct Seat<W: Workload> {
    pub(super) session: W::Session,
    kind: usize,
    began: Instant,
    /// Drawn and not yet through: a conflict was in the way.
    again: bool,
}

impl<W: Workload> Seat<W> {
    pub(super) fn new(session: W::Session) -> Self {
        Seat { session, kind: 0, began: Instant::now(), again: false }
    }
}

/// A commit that is not durable yet.
struct Waiting<T> {
    seat: usize,
    ticket: T,
}

/// One slice of one worker.
pub(super) struct Turn<'a, S: Store, W: Workload> {
    pub(super) store: &'a S,
    pub(super) workload: &'a W,
    pub(super) seats: &'a mut [Seat<W>],
    pub(super) buffers: &'a mut W::Buffers,
    pub(super) acknowledged: &'a AtomicU64,
}

impl<S: Store, W: Workload> Turn<'_, S, W> {
    /// Works until nothing is left and everything is acknowledged.
    pub(super) fn run(&mut self, work: &Work) -> Result<Stats, StoreError> {
        let started = Instant::now();
        let mut stats = Stats::new(W::KINDS);
        let mut runnable: VecDeque<usize> = (0..self.seats.len()).collect();
        let mut waiting: VecDeque<Waiting<S::Ticket>> = VecDeque::with_capacity(self.seats.len());
        // So many of them, the oldest, the store was already asked to make durable.
        let mut asked = 0_usize;
        let mut now = started;
        loop {
            while let Some(oldest) = waiting.front() {
                if !self.store.is_durable(&oldest.ticket)? {
                    break;
                }
                runnable.push_back(oldest.seat);
                self.acknowledge(oldest.seat, now, &mut stats);
                waiting.pop_front();
                asked = asked.saturating_sub(1);
            }
            if let Some(seat) = runnable.pop_front() {
                if !self.seats[seat].again {
                    if !work.take(now) {
                        continue; // this session rests until the next slice
                    }
                    self.seats[seat].kind = self.workload.draw(&mut self.seats[seat].session);
                    self.seats[seat].began = now;
                }
                match self.attempt(seat, work, &mut stats)? {
                    Some(ticket) if self.store.is_durable(&ticket)? => {
                        now = Instant::now();
                        runnable.push_back(seat);
                        self.acknowledge(seat, now, &mut stats);
                        continue;
                    }
                    Some(ticket) => {
                        waiting.push_back(Waiting { seat, ticket });
                        // Not earlier: every sync costs CPU that this worker's other sessions could use. Not later:
                        // the sync is over before the rest of them has run. And not again for the same ones: what
                        // committed during a sync would get a small one of its own right after it. And not for the
                        // sake of a few: before another thread is awake they have run, and their worker syncs itself.
                        if waiting.len() - asked >= runnable.len() && runnable.len() >= WORTH_A_THREAD {
                            self.store.nudge();
                            asked = waiting.len();
                        }
                    }
                    None => runnable.push_back(seat),
                }
            } else if let Some(oldest) = waiting.front() {
                self.store.wait(&oldest.ticket)?;
            } else {
                break;
            }
            now = Instant::now();
        }
        stats.elapsed = now.duration_since(started);
        Ok(stats)
    }

    /// Runs the seat's transaction once. `None`: it is not waiting for anything, run the seat again.
    fn attempt(&mut self, seat: usize, work: &Work, stats: &mut Stats) -> Result<Option<S::Ticket>, StoreError> {
        let Seat { session, kind, again, .. } = &mut self.seats[seat];
        let drawn = Drawn { workload: self.workload, session, buffers: self.buffers };
        let outcome = self.store.transact(self.workload.reads_only(session), drawn);
        *again = matches!(outcome, Err(StoreError::Conflict));
        match outcome {
            Ok(Some(ticket)) => Ok(Some(ticket)),
            Ok(None) => {
                stats.kinds[*kind].rolled_back += 1;
                work.give_back();
                Ok(None)
            }
            Err(StoreError::Conflict) => {
                stats.kinds[*kind].retries += 1;
                // Whoever was in the way may need this core to get out of it.
                std::thread::yield_now();
                Ok(None)
            }
            Err(StoreError::Fatal(message)) => Err(StoreError::Fatal(message)),
        }
    }

    fn acknowledge(&mut self, seat: usize, now: Instant, stats: &mut Stats) {
        let Seat { session, kind, began, .. } = &mut self.seats[seat];
        self.workload.acknowledge(session);
        stats.kinds[*kind].latency_ns.saturating_record(nanos(now.duration_since(*began)));
        // Only this worker writes the counter; readers watch it.
        self.acknowledged.store(self.acknowledged.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
