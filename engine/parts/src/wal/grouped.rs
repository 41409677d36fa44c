//! T003 on: group commit. One write and one sync serve every transaction that committed meanwhile.
//!
//! **Problem.** A sync costs 50-150 µs however little it covers, so one per commit caps a system of any speed at
//! some thousand commits per second. **Idea.** While one sync runs, the next batch gathers; the batch grows with the
//! load by itself, so no artificial delay is needed.
//!
//! ```text
//!   sessions   append ... append, commit     append, commit        append, commit
//!                 |  reserve, copy, publish     |                     |
//!   ring       ===+=============================+=====================+===>
//!                     drained into one pwrite      next batch gathers
//!   leader     [ pwrite, fdatasync ][ wake in LSN order ][ pwrite, fdatasync ] ...
//! ```
//!
//! **Leader.** Whoever holds the [`Writer`] writes. A session that has nothing else to do calls `wait`: if nobody is
//! writing it does so itself, without any thread switch, so that a single session is as fast as with
//! [`serial`](super::serial); else it sleeps, and the leader wakes it when its record is durable, or to lead the
//! next batch. A worker with other sessions to run calls `nudge`, and the flusher thread leads.
//!
//! **Why it is correct.** `durable` only ever moves to the end of what a completed sync covered, and the
//! writer's mutex orders the syncs. Locks may be released when the commit record is appended, because a transaction
//! that saw the result has a higher LSN, and positions become durable in order; a read-only transaction has no
//! record, so it must wait for the position of what it saw. No wake-up is lost: a waiter enters the list, then
//! tries the writer once more; a leader gives the writer back, then looks at the list.
//!
//! **Costs.** A lone commit on an idle system gains nothing; with more workers than cores a batch waits for its
//! leader to be scheduled.
//!
//! References: Johnson et al., Aether (VLDB 2010); PostgreSQL commit 9b38d46d; RocksDB `db/write_thread.cc`.

use super::background::{Background, Signal};
use super::health::Health;
use super::record::{Frame, checksum, framed_len};
use super::ring::{Drain, Refused, Ring};
use super::segments::Segments;
use super::wait_list::WaitList;
use super::writer::Writer;
use super::{CommitLog, CommitWait, Durability, Resume, WalError, WalOptions};
use crate::io::{DurableHorizon, IoError, Lsn, Span};
use crate::metrics::{Counter, Metrics, Wait};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, CachePadded, Mutex, MutexGuard, thread};
use std::time::{Duration, Instant};

/// The log whose syncs are shared.
#[derive(Debug)]
pub struct GroupedLog {
    // First, so that the thread has ended before the state it shares is dropped.
    flusher: Background,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: WalOptions,
    metrics: Arc<Metrics>,
    health: Health,
    segments: Arc<Segments>,
    ring: Ring,
    leader: Mutex<Leader>,
    waiters: WaitList,
    /// Everything below is on disk.
    durable: CachePadded<AtomicU64>,
    /// End of the last commit record that somebody wants durable.
    wanted: CachePadded<AtomicU64>,
}

/// What the leader of a batch holds.
#[derive(Debug)]
struct Leader {
    writer: Writer,
    drain: Drain,
}

/// What a batch is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Room in the ring: no sync is needed.
    Space,
    /// Commits, or a page or checkpoint that must not precede its log.
    Durability,
}

impl CommitLog for GroupedLog {
    fn open(resume: Resume, options: &WalOptions, metrics: Arc<Metrics>) -> Result<GroupedLog, WalError> {
        options.check();
        let (segments, active) = Segments::open(resume, options, metrics.clone())?;
        let start = active.header.first_lsn;
        let writer = Writer::new(segments.clone(), active, options.prepare_ahead, metrics.clone())?;
        let (ring, drain) = Ring::new(options.buffer_bytes, start);
        let inner = Arc::new(Inner {
            options: options.clone(),
            metrics,
            health: Health::default(),
            segments,
            ring,
            leader: Mutex::new(Leader { writer, drain }),
            waiters: WaitList::new(),
            durable: CachePadded(AtomicU64::new(start.0)),
            wanted: CachePadded(AtomicU64::new(start.0)),
        });
        let for_flusher = inner.clone();
        let flusher = Background::spawn("wal-flusher", move |signal| for_flusher.flush_in_background(signal))?;
        Ok(GroupedLog { inner, flusher })
    }

    #[inline]
    fn append(&self, payload: &[u8]) -> Result<Span, WalError> {
        let log = &*self.inner;
        let len = payload.len();
        log.options.check_payload(len)?;
        log.health.check()?;
        let sum = checksum(payload);
        let start = loop {
            match log.ring.reserve(len, log.segments.room_end()) {
                Ok(start) => break start,
                Err(refused) => log.make_room(refused)?,
            }
        };
        log.ring.publish(start, Frame::seal(log.segments.epoch(), start, len, sum), payload);
        if log.ring_fills() {
            self.flusher.raise();
        }
        let size = framed_len(len);
        log.metrics.inc(Counter::WalRecords);
        log.metrics.add(Counter::WalBytes, size);
        Ok(Span { start, end: Lsn(start.0 + size) })
    }

    fn commit(&self, end: Lsn) -> Result<CommitWait, WalError> {
        let log = &*self.inner;
        assert!(end <= self.tail(), "commit of {end}, which was never appended");
        log.health.check()?;
        log.metrics.inc(Counter::WalCommits);
        match log.options.durability {
            Durability::Full => {
                log.want(end);
                Ok(CommitWait::Until(end))
            }
            Durability::GroupAsync => {
                log.want(end);
                self.flusher.raise();
                Ok(CommitWait::Unsynced)
            }
            Durability::Off => Ok(CommitWait::Unsynced),
        }
    }

    fn horizon(&self) -> Arc<dyn DurableHorizon> {
        Arc::clone(&self.inner) as _
    }

    #[inline]
    fn tail(&self) -> Lsn {
        self.inner.tail()
    }

    fn wait(&self, lsn: Lsn) -> Result<(), WalError> {
        match self.inner.options.durability {
            Durability::Full if cfg!(planted = "acknowledged_early") => Ok(()),
            Durability::Full => self.sync_to(lsn),
            Durability::GroupAsync | Durability::Off => self.inner.health.check(),
        }
    }

    fn nudge(&self) {
        if self.inner.is_wanted() {
            self.flusher.raise();
        }
    }

    fn sync_to(&self, lsn: Lsn) -> Result<(), WalError> {
        self.inner.sync_to(lsn)
    }

    fn recycle_below(&self, lsn: Lsn) -> Result<(), WalError> {
        self.inner.health.check()?;
        self.inner.segments.recycle_below(lsn)
    }

    fn poison(&self, cause: IoError) {
        self.inner.fail(cause);
    }

    fn close(&self) -> Result<(), WalError> {
        match self.inner.options.durability {
            Durability::Full | Durability::GroupAsync => self.sync_to(self.tail()),
            Durability::Off => self.inner.write_out(),
        }
    }

    fn releases_locks_early(&self) -> bool {
        true
    }

    fn durability(&self) -> Durability {
        self.inner.options.durability
    }
}

impl DurableHorizon for GroupedLog {
    #[inline]
    fn durable(&self) -> Lsn {
        DurableHorizon::durable(&*self.inner)
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        self.inner.ensure_durable(lsn)
    }
}

impl DurableHorizon for Inner {
    #[inline]
    fn durable(&self) -> Lsn {
        match self.options.durability {
            Durability::Full | Durability::GroupAsync => self.synced(),
            Durability::Off => self.tail(),
        }
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        Ok(self.sync_to(lsn)?)
    }
}

impl Inner {
    fn synced(&self) -> Lsn {
        Lsn(self.durable.load(Ordering::Acquire))
    }

    fn tail(&self) -> Lsn {
        self.ring.reserved()
    }

    fn sync_to(&self, lsn: Lsn) -> Result<(), WalError> {
        assert!(lsn <= self.tail(), "sync to {lsn}, which was never appended");
        match self.options.durability {
            Durability::Full | Durability::GroupAsync => self.await_durable(lsn),
            Durability::Off => self.health.check(),
        }
    }

    fn want(&self, end: Lsn) {
        self.wanted.fetch_max(end.0, Ordering::AcqRel);
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire) > self.synced().0
    }

    /// Half the ring is in use: time to write, before an append has to.
    fn ring_fills(&self) -> bool {
        self.ring.in_use() > self.ring.capacity() / 2
    }

    fn await_durable(&self, lsn: Lsn) -> Result<(), WalError> {
        let mut stalled = Stalled::default();
        while self.synced() < lsn {
            self.health.check()?;
            if let Some(leader) = self.leader.try_lock() {
                stalled.after(self.lead(leader, Purpose::Durability)?);
                continue;
            }
            let key = self.waiters.enter(lsn);
            // Whoever led when the list was entered may have looked at it before: try once more, then sleep.
            if let Some(leader) = self.leader.try_lock() {
                self.waiters.leave(key);
                stalled.after(self.lead(leader, Purpose::Durability)?);
                continue;
            }
            let _timer = self.metrics.wait_timer(Wait::LogWait);
            thread::park();
            self.waiters.leave(key);
        }
        self.health.check()
    }

    /// Writes one batch, gives leadership back and wakes whom it served. Returns whether the batch held anything.
    fn lead(&self, mut leader: MutexGuard<'_, Leader>, purpose: Purpose) -> Result<bool, WalError> {
        let before = leader.writer.end();
        let written = self.health.check().and_then(|()| self.write_batch(&mut leader, purpose));
        let progress = leader.writer.end() > before;
        drop(leader);
        match written {
            Ok(()) => {
                self.waiters.wake_up_to(self.synced());
                Ok(progress)
            }
            Err(error) => Err(self.fail(error.into())),
        }
    }

    fn write_batch(&self, leader: &mut Leader, purpose: Purpose) -> Result<(), WalError> {
        let Leader { writer, drain } = leader;
        let for_commits = self.is_wanted();
        let room = writer.room()?;
        let drained = self.ring.drain(drain, room);
        writer.filled(drained);
        if drained > 0 {
            writer.write()?;
        }
        if purpose == Purpose::Durability && writer.end() > self.synced() {
            writer.sync(if for_commits { Counter::WalSyncs } else { Counter::WalSyncsOther })?;
            self.durable.store(writer.end().0, Ordering::Release);
        }
        Ok(())
    }

    /// Waits until an append that was refused can be tried again.
    #[cold]
    fn make_room(&self, refused: Refused) -> Result<(), WalError> {
        match refused {
            Refused::BeyondLimit(end) => {
                self.metrics.inc(Counter::WalSegmentWaits);
                self.segments.ensure_room(end)
            }
            Refused::Full => {
                self.metrics.inc(Counter::WalRingFull);
                let leader = self.leader.lock();
                // The batch that was being written meanwhile may have made room enough.
                if self.ring_fills() && !self.lead(leader, Purpose::Space)? {
                    thread::yield_now();
                }
                self.health.check()
            }
        }
    }

    /// The flusher's job: make durable what was committed when it was woken. Not what is committed meanwhile:
    /// a flusher that always finds more to do writes small batches back to back, and takes from the workers the
    /// processor they would have filled a larger batch with.
    fn flush_in_background(&self, signal: &Signal) {
        if self.options.durability == Durability::GroupAsync && !self.ring_fills() {
            signal.pause_until(Instant::now() + self.options.async_interval);
        }
        let target = Lsn(self.wanted.load(Ordering::Acquire));
        let mut stalled = Stalled::default();
        while !self.health.failed() && !signal.stopping() && (self.synced() < target || self.ring_fills()) {
            let leader = self.leader.lock();
            let purpose = if self.synced() < target {
                Purpose::Durability
            } else if self.ring_fills() {
                Purpose::Space
            } else {
                return; // the batch that was being written meanwhile was enough
            };
            self.metrics.inc(Counter::WalFlusherBatches);
            match self.lead(leader, purpose) {
                Ok(progress) => stalled.after(progress),
                // The log is poisoned, which reports it to whoever waits or commits.
                Err(_) => return,
            }
        }
    }

    /// Writes everything without syncing.
    fn write_out(&self) -> Result<(), WalError> {
        let end = self.ring.reserved();
        let mut stalled = Stalled::default();
        loop {
            let leader = self.leader.lock();
            if leader.writer.end() >= end {
                return self.health.check();
            }
            stalled.after(self.lead(leader, Purpose::Space)?);
        }
    }

    fn fail(&self, cause: IoError) -> WalError {
        let error = self.health.poison(cause);
        self.waiters.wake_all();
        error
    }
}

/// Patience with a session that was interrupted between reserving and publishing: its place is the next to be
/// written, so there is nothing to do but let it run.
#[derive(Debug, Default)]
struct Stalled(u32);

impl Stalled {
    const YIELDS: u32 = 16;

    fn after(&mut self, progress: bool) {
        self.0 = if progress { 0 } else { self.0 + 1 };
        match self.0 {
            0 => {}
            1..=Self::YIELDS => thread::yield_now(),
            _ => std::thread::sleep(Duration::from_micros(50)),
        }
    }
}
