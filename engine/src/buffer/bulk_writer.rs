//! Pages of a load on their way into the data file, beside those who make them.
//!
//! ```text
//!   part ──batch──╮
//!   part ──batch──┼──▶ waiting ──▶ a thread: write, write, write, …
//!   part ──batch──╯                  │
//!     ▲                              │
//!     ╰────── memory, used again ────╯
//! ```
//!
//! A part that waited for the disk itself would leave its processor to nobody; and of several that write at once each would wait
//! for all, since a device takes one transfer after the other.
//!
//! Nothing is synced on the way. On a disk that is slow at it, that was tried: it serves nobody meanwhile, and the one sync
//! in the end takes as long as many small ones.

use std::collections::VecDeque;
use std::thread::JoinHandle;

use super::error::BufferError;
use super::memory::PageMemory;
use super::page::{PAGE_SIZE, Page};
use super::store::PageStore;
use crate::io::{HUGE_PAGE, IoAction, IoError};
use crate::sync::{Arc, Condvar, Mutex};

/// Pages written in one go: a huge page of memory, where they are one piece for the device instead of one for every 4 KiB.
pub const BATCH_PAGES: usize = HUGE_PAGE / PAGE_SIZE;

/// Batches that may wait to be written. More would only be colder when they are.
const MOST_WAITING: usize = 4;

/// Writes batches of pages that nothing leads to yet, in the background. Dropped, it writes what it was given and ends.
#[derive(Debug)]
pub struct BulkWriter {
    shared: Arc<Shared>,
}

/// Memory for pages that will be written together, and those of them that are there.
#[derive(Debug)]
pub struct Batch {
    memory: PageMemory,
    pages: usize,
}

#[derive(Debug)]
struct Shared {
    store: Arc<PageStore>,
    queue: Mutex<Queue>,
    /// There is something to write, or nothing will come any more.
    given: Condvar,
    /// There is room to wait, or everything is written.
    taken: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Batch>,
    /// Whether one is being written.
    busy: bool,
    /// Memory of batches that are written.
    free: Vec<PageMemory>,
    /// After it nothing more is written.
    failure: Option<BufferError>,
    closed: bool,
    /// Runs from the first batch on.
    thread: Option<JoinHandle<()>>,
}

impl BulkWriter {
    pub(super) fn new(store: Arc<PageStore>) -> Self {
        let shared = Shared { store, queue: Mutex::default(), given: Condvar::new(), taken: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Memory for the next [`BATCH_PAGES`] pages.
    ///
    /// # Errors
    /// If the kernel has none.
    pub fn batch(&self) -> Result<Batch, BufferError> {
        let used = self.shared.queue.lock().free.pop();
        let memory = used.map_or_else(|| PageMemory::new(BATCH_PAGES), Ok)?;
        Ok(Batch { memory, pages: 0 })
    }

    /// Has sealed pages written, soon. Waits if much is to be written before.
    ///
    /// # Errors
    /// An earlier batch could not be written, or there is no thread to be had.
    pub fn write(&self, batch: Batch) -> Result<(), BufferError> {
        let mut queue = self.shared.queue.lock();
        while queue.waiting.len() >= MOST_WAITING && queue.failure.is_none() {
            queue = self.shared.taken.wait(queue);
        }
        queue.check()?;
        if queue.thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let spawned = std::thread::Builder::new().name("bulk-writer".to_owned()).spawn(move || shared.run());
            match spawned {
                Ok(thread) => queue.thread = Some(thread),
                Err(error) => queue.failure = Some(IoError::new(IoAction::Create, "thread bulk-writer", error).into()),
            }
            queue.check()?;
        }
        queue.waiting.push_back(batch);
        self.shared.given.notify_one();
        Ok(())
    }

    /// Waits until all that was given is written. It is durable after the next sync of the pool.
    ///
    /// # Errors
    /// Some of it could not be written.
    pub fn settle(&self) -> Result<(), BufferError> {
        let mut queue = self.shared.queue.lock();
        while queue.busy || !queue.waiting.is_empty() {
            queue = self.shared.taken.wait(queue);
        }
        queue.check()
    }
}

impl Queue {
    fn check(&self) -> Result<(), BufferError> {
        self.failure.clone().map_or(Ok(()), Err)
    }
}

impl Shared {
    fn run(&self) {
        let mut queue = self.queue.lock();
        loop {
            let Some(batch) = queue.waiting.pop_front() else {
                if queue.closed {
                    return;
                }
                queue = self.given.wait(queue);
                continue;
            };
            if queue.failure.is_none() {
                queue.busy = true;
                drop(queue);
                let written = self.store.write_unreached(batch.pages());
                queue = self.queue.lock();
                queue.busy = false;
                queue.failure = written.err();
                queue.free.push(batch.memory);
            }
            self.taken.notify_all();
        }
    }
}

impl Drop for BulkWriter {
    fn drop(&mut self) {
        let mut queue = self.shared.queue.lock();
        queue.closed = true;
        let thread = queue.thread.take();
        drop(queue);
        self.shared.given.notify_one();
        // A thread that panicked has printed why; there is nothing to add.
        let _ = thread.map(JoinHandle::join);
    }
}

impl Batch {
    /// The pages that are there.
    pub fn pages(&self) -> &[Page] {
        &self.memory[..self.pages]
    }

    /// The same, to be changed.
    pub fn pages_mut(&mut self) -> &mut [Page] {
        &mut self.memory[..self.pages]
    }

    /// Whether there is no room for another.
    pub fn is_full(&self) -> bool {
        self.pages == self.memory.len()
    }

    /// Adds a page, which holds anything.
    ///
    /// # Panics
    /// If the batch is full.
    pub fn push(&mut self) -> &mut Page {
        let page = &mut self.memory[self.pages];
        self.pages += 1;
        page
    }
}
