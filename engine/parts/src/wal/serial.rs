//! T003 off: every commit brings its own log to disk.
//!
//! Appends go into a buffer under one mutex, the file is written under another, so that a session that only
//! appends does not stand behind a sync. A committing transaction takes the file, writes what the buffer holds
//! and syncs: one `pwrite` and one `fdatasync` of its own. It does so even if another's sync has just covered its
//! record; noticing that would be the first step of group commit, which is [`grouped`](super::grouped)'s.
//! This is the log of SQLite and redb, and its cap is one commit per sync of the device.

use super::background::Background;
use super::health::Health;
use super::record::{Frame, checksum, framed_len};
use super::segments::Segments;
use super::writer::Writer;
use super::{CommitLog, CommitWait, Durability, Resume, WalError, WalOptions};
use crate::io::{DurableHorizon, IoError, Lsn, Span};
use crate::metrics::{Counter, Metrics, Wait};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// The log that syncs once per commit.
#[derive(Debug)]
pub struct SerialLog {
    /// Syncs in mode `GroupAsync`. First, so that it has ended before the state it shares is dropped.
    syncer: Option<Background>,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: WalOptions,
    metrics: Arc<Metrics>,
    health: Health,
    segments: Arc<Segments>,
    buffer: Mutex<Buffer>,
    file: Mutex<LogFile>,
    /// Copies of what the mutexes guard, for those who only look.
    tail: AtomicU64,
    durable: AtomicU64,
}

/// Appended bytes that are not yet written; they end at `end`.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    end: Lsn,
}

#[derive(Debug)]
struct LogFile {
    writer: Writer,
    /// Exchanged with the buffer's vector, so that neither is allocated again.
    taken: Vec<u8>,
}

impl CommitLog for SerialLog {
    fn open(resume: Resume, options: &WalOptions, metrics: Arc<Metrics>) -> Result<SerialLog, WalError> {
        options.check();
        let (segments, active) = Segments::open(resume, options, metrics.clone())?;
        let start = active.header.first_lsn;
        let writer = Writer::new(segments.clone(), active, options.prepare_ahead, metrics.clone())?;
        let inner = Arc::new(Inner {
            options: options.clone(),
            metrics,
            health: Health::default(),
            segments,
            buffer: Mutex::new(Buffer { bytes: Vec::new(), end: start }),
            file: Mutex::new(LogFile { writer, taken: Vec::new() }),
            tail: AtomicU64::new(start.0),
            durable: AtomicU64::new(start.0),
        });
        let syncer = match options.durability {
            Durability::Full | Durability::Off => None,
            Durability::GroupAsync => Some(inner.clone().spawn_syncer()?),
        };
        Ok(SerialLog { inner, syncer })
    }

    fn append(&self, payload: &[u8]) -> Result<Span, WalError> {
        let log = &*self.inner;
        log.options.check_payload(payload.len())?;
        log.health.check()?;
        let sum = checksum(payload);
        let size = framed_len(payload.len());
        let mut buffer = loop {
            let buffer = log.buffer.lock();
            let end = Lsn(buffer.end.0 + size);
            if end > log.segments.room_end() {
                drop(buffer);
                log.metrics.inc(Counter::WalSegmentWaits);
                log.segments.ensure_room(end)?;
            } else if buffer.bytes.len() + size as usize > log.options.buffer_bytes {
                drop(buffer);
                log.metrics.inc(Counter::WalRingFull);
                log.write_out(&mut log.lock_file())?;
            } else {
                break buffer;
            }
        };
        let start = buffer.end;
        let filled = buffer.bytes.len() + size as usize;
        let frame = Frame::seal(log.segments.epoch(), start, payload.len(), sum);
        buffer.bytes.extend_from_slice(&frame.word().to_le_bytes());
        buffer.bytes.extend_from_slice(payload);
        buffer.bytes.resize(filled, 0);
        buffer.end.0 += size;
        let span = Span { start, end: buffer.end };
        log.tail.store(span.end.0, Ordering::Release);
        drop(buffer);
        log.metrics.inc(Counter::WalRecords);
        log.metrics.add(Counter::WalBytes, size);
        Ok(span)
    }

    fn commit(&self, end: Lsn) -> Result<CommitWait, WalError> {
        let log = &*self.inner;
        assert!(end <= self.tail(), "commit of {end}, which was never appended");
        log.health.check()?;
        log.metrics.inc(Counter::WalCommits);
        match log.options.durability {
            Durability::Full if cfg!(planted = "acknowledged_early") => Ok(CommitWait::Durable),
            Durability::Full => {
                log.write_and_sync(&mut log.lock_file(), Counter::WalSyncs)?;
                Ok(CommitWait::Durable)
            }
            Durability::GroupAsync => {
                self.nudge();
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
        if let Some(syncer) = &self.syncer {
            syncer.raise();
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
        self.inner.health.poison(cause);
    }

    fn close(&self) -> Result<(), WalError> {
        match self.inner.options.durability {
            Durability::Full | Durability::GroupAsync => self.sync_to(self.tail()),
            Durability::Off => self.inner.write_out(&mut self.inner.lock_file()),
        }
    }

    fn releases_locks_early(&self) -> bool {
        false
    }

    fn durability(&self) -> Durability {
        self.inner.options.durability
    }
}

impl DurableHorizon for SerialLog {
    fn durable(&self) -> Lsn {
        self.inner.durable()
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        self.inner.ensure_durable(lsn)
    }
}

impl DurableHorizon for Inner {
    fn durable(&self) -> Lsn {
        match self.options.durability {
            Durability::Full | Durability::GroupAsync => Lsn(self.durable.load(Ordering::Acquire)),
            Durability::Off => self.tail(),
        }
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        Ok(self.sync_to(lsn)?)
    }
}

impl Inner {
    fn tail(&self) -> Lsn {
        Lsn(self.tail.load(Ordering::Acquire))
    }

    fn sync_to(&self, lsn: Lsn) -> Result<(), WalError> {
        assert!(lsn <= self.tail(), "sync to {lsn}, which was never appended");
        self.health.check()?;
        if self.durable() >= lsn {
            return Ok(());
        }
        let mut file = self.lock_file();
        if self.durable() < lsn {
            self.write_and_sync(&mut file, Counter::WalSyncsOther)?;
        }
        Ok(())
    }

    fn lock_file(&self) -> MutexGuard<'_, LogFile> {
        self.file.try_lock().unwrap_or_else(|| {
            let _timer = self.metrics.wait_timer(Wait::LogWait);
            self.file.lock()
        })
    }

    /// Writes what the buffer holds; a failure is final, since the bytes left the buffer.
    fn write_out(&self, file: &mut LogFile) -> Result<(), WalError> {
        self.health.check()?;
        file.taken.clear();
        std::mem::swap(&mut file.taken, &mut self.buffer.lock().bytes);
        let written = file.writer.take(&file.taken).and_then(|()| file.writer.write());
        written.map_err(|error| self.health.poison(error.into()))
    }

    fn write_and_sync(&self, file: &mut LogFile, purpose: Counter) -> Result<(), WalError> {
        self.write_out(file)?;
        file.writer.sync(purpose).map_err(|error| self.health.poison(error.into()))?;
        self.durable.store(file.writer.end().0, Ordering::Release);
        Ok(())
    }

    fn spawn_syncer(self: Arc<Inner>) -> Result<Background, IoError> {
        Background::spawn("wal-syncer", move |signal| {
            signal.pause_until(Instant::now() + self.options.async_interval);
            // A failure poisons the log, which reports it to whoever commits next.
            let _ = self.write_and_sync(&mut self.lock_file(), Counter::WalSyncs);
        })
    }
}
