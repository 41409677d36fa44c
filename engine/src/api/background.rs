//! The threads behind an open database: vacuum, checkpoints, and, if they are written in the background, pages.

use std::time::Duration;

use super::{OpenError, Options};
use crate::io::{IoAction, IoError};
use crate::sync::{Arc, Condvar, Mutex};
use crate::transaction::engine::Engine;
use crate::transaction::wal::CommitLog;
use std::thread::JoinHandle;

/// How often the length of the log is looked at.
const CHECKPOINT_POLL: Duration = Duration::from_millis(50);

/// How long page writers rest if nobody wakes them: the first, who looks after the log's growth, and the others, who are there for
/// when it cannot do everything. A database at rest should not keep a processor from sleeping.
const FIRST_PAGE_WRITER_REST: Duration = Duration::from_millis(5);
const PAGE_WRITER_REST: Duration = Duration::from_secs(1);

/// Running threads; dropping stops them and waits for them.
#[derive(Debug)]
pub(super) struct Background {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    stopped: Mutex<bool>,
    wake: Condvar,
}

impl Background {
    /// Starts the threads.
    pub(super) fn start<L: CommitLog>(engine: &Arc<Engine<L>>, options: &Options) -> Result<Self, OpenError> {
        let mut background = Self { stop: Arc::default(), threads: Vec::new() };
        let vacuum = |engine: &Engine<L>| {
            // What failed is met again by the next round, and by the transaction that touches the same page.
            let _ = engine.vacuum();
        };
        background.spawn("vacuum", engine, options.vacuum_interval, vacuum)?;
        let redo_bytes = options.checkpoint_wal_bytes;
        let checkpoint = move |engine: &Engine<L>| {
            // A failed checkpoint has poisoned the log, which tells everybody.
            let _ = engine.checkpoint_if_due(redo_bytes);
        };
        background.spawn("checkpoint", engine, CHECKPOINT_POLL, checkpoint)?;
        for number in 0..engine.flusher().background_threads() {
            let rest = if number == 0 { FIRST_PAGE_WRITER_REST } else { PAGE_WRITER_REST };
            background.spawn_page_writer(&format!("page-writer-{number}"), engine, rest, redo_bytes)?;
        }
        Ok(background)
    }

    fn spawn<L: CommitLog>(
        &mut self,
        name: &str,
        engine: &Arc<Engine<L>>,
        interval: Duration,
        mut round: impl FnMut(&Engine<L>) + Send + 'static,
    ) -> Result<(), OpenError> {
        let (engine, stop) = (Arc::clone(engine), Arc::clone(&self.stop));
        self.spawn_thread(name, move || {
            while stop.sleep(interval) {
                round(&engine);
            }
        })
    }

    /// It rests in its own way: whoever takes a frame may wake it.
    fn spawn_page_writer<L: CommitLog>(
        &mut self,
        name: &str,
        engine: &Arc<Engine<L>>,
        rest: Duration,
        redo_bytes: u64,
    ) -> Result<(), OpenError> {
        let (engine, stop) = (Arc::clone(engine), Arc::clone(&self.stop));
        self.spawn_thread(name, move || {
            while !stop.is_stopped() {
                engine.flusher().rest(rest);
                // A failed disk has poisoned the log, which tells everybody. A full one may be better the next time.
                let _ = engine.write_pages(redo_bytes);
            }
            // The next one, which may rest for long, sees it as well.
            engine.flusher().wake();
        })
    }

    fn spawn_thread(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|error| IoError::new(IoAction::Create, "thread", error))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Stop {
    fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    /// Sleeps; false if there is nothing more to do.
    fn sleep(&self, interval: Duration) -> bool {
        let mut stopped = self.stopped.lock();
        let mut timed_out = false;
        while !*stopped && !timed_out {
            (stopped, timed_out) = self.wake.wait_timeout(stopped, interval);
        }
        !*stopped
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        *self.stop.stopped.lock() = true;
        self.stop.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed why; there is nothing to add.
            let _ = thread.join();
        }
    }
}
