//! The runner: loads, drives the workers slice by slice, checks.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use probe::driver::Waited;
use probe::protocol::{Budget, Check, Finding, Progress};

use super::beside::Slices;
use super::series::Recorder;
use super::stats::Stats;
use super::worker::{Seat, Turn, Work};
use super::workload::{Workload, state_digest};
use crate::store::{Store, StoreError};

/// How often a load reports progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// How a workload is driven.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOptions {
    /// Concurrent sessions.
    pub sessions: u16,
    /// Threads that run them; also the loader's.
    pub workers: usize,
}

/// A loaded workload, whatever it is and whatever it runs on.
pub trait Bench: Send {
    /// Writes the data and makes it durable, then starts the workers. Returns the rows written.
    fn load(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<u64, StoreError>;

    /// Does `budget` and returns when all of it is acknowledged.
    fn slice(&mut self, budget: Budget) -> Result<Stats, StoreError>;

    /// Counters that may be watched from another thread during a slice.
    fn live(&self) -> Live;

    /// The workload's conditions, the store's own structures, and a hash of the state.
    fn check(&mut self) -> Result<Check, StoreError>;

    /// Ever growing event counts of the store.
    fn counters(&self) -> BTreeMap<String, u64>;

    /// Waiting in the store so far by cause, ever growing.
    fn waits(&self) -> BTreeMap<String, Waited>;

    /// Active improvements of the store.
    fn features(&self) -> Vec<String>;

    /// Stops the workers and closes the store.
    fn finish(self: Box<Self>) -> Result<(), StoreError>;
}

/// Commits acknowledged so far, readable while they happen.
#[derive(Debug, Clone)]
pub struct Live(Arc<[Acknowledged]>);

/// One worker's count, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Acknowledged(AtomicU64);

impl Live {
    /// Commits acknowledged since the load.
    pub fn commits(&self) -> u64 {
        self.0.iter().map(|count| count.0.load(Ordering::Relaxed)).sum()
    }
}

/// Drives a workload on a store.
pub struct Runner<S: Store, W: Workload> {
    store: Arc<S>,
    workload: Arc<W>,
    live: Live,
    workers: Workers<W>,
    beside: Option<Beside>,
}

type Seats<W> = Arc<Mutex<Vec<Seat<W>>>>;
type Outcome = Result<Stats, StoreError>;

/// A worker thread, its sessions, and the two ends of the conversation with it.
struct Worker<W: Workload> {
    seats: Seats<W>,
    orders: Option<Sender<Arc<Work>>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Store, W: Workload> Runner<S, W> {
    /// A runner over an empty store. Threads are started now, so that a profiler sees them from the start.
    pub fn new(store: S, workload: W, options: RunnerOptions) -> std::io::Result<Self> {
        let (store, workload) = (Arc::new(store), Arc::new(workload));
        let count = options.workers.clamp(1, usize::from(options.sessions.max(1)));
        let live = Live((0..count).map(|_| Acknowledged::default()).collect());
        let mut seats: Vec<Vec<Seat<W>>> = (0..count).map(|_| Vec::new()).collect();
        for number in 0..options.sessions.max(1) {
            seats[usize::from(number) % count].push(Seat::new(workload.session(number)));
        }
        let mut workers = Vec::with_capacity(count);
        for (index, seats) in seats.into_iter().enumerate() {
            workers.push(start(index, seats, &store, &workload, &live)?);
        }
        let beside = workload.has_beside().then(|| Beside::start(&store, &workload)).transpose()?;
        Ok(Runner { store, workload, live, workers: Workers(workers), beside })
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }
}

impl<S: Store, W: Workload> Bench for Runner<S, W> {
    fn load(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<u64, StoreError> {
        let (rows, written, total) = (AtomicU64::new(0), AtomicBool::new(false), self.workload.rows_estimate());
        let mut report = |what: &str| {
            let done = rows.load(Ordering::Relaxed);
            progress(Progress { what: what.to_owned(), done, total: total.max(done) });
        };
        thread::scope(|scope| {
            let (finished, wait) = mpsc::channel();
            let (store, workload) = (&self.store, &self.workload);
            let threads = store.loaders(self.workers.0.len());
            let (rows, written) = (&rows, &written);
            scope.spawn(move || {
                let load = || {
                    workload.load(&**store, threads, rows)?;
                    written.store(true, Ordering::Relaxed);
                    store.end_load()
                };
                let _ = finished.send(guard("loading", load));
            });
            loop {
                match wait.recv_timeout(PROGRESS_INTERVAL) {
                    Ok(outcome) => return outcome,
                    Err(RecvTimeoutError::Timeout) if written.load(Ordering::Relaxed) => report("making rows durable"),
                    Err(RecvTimeoutError::Timeout) => report("loading rows"),
                    Err(RecvTimeoutError::Disconnected) => return Err(gone("the loading thread")),
                }
            }
        })?;
        Ok(rows.load(Ordering::Relaxed))
    }

    fn slice(&mut self, budget: Budget) -> Result<Stats, StoreError> {
        if let Some(beside) = &self.beside {
            beside.slices.start();
        }
        let work = Arc::new(Work::new(budget));
        for worker in &self.workers.0 {
            let orders = worker.orders.as_ref().ok_or_else(|| gone("the runner"))?;
            orders.send(Arc::clone(&work)).map_err(|_| gone("a worker thread"))?;
        }
        // All outcomes are collected before the first error is returned: no worker is left running.
        let mut recorder = Recorder::start(self.live.commits(), self.store.checkpoints());
        let mut outcome = |worker: &Worker<W>| loop {
            match worker.outcomes.recv_timeout(recorder.rest()) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) => recorder.note(self.live.commits(), self.store.checkpoints()),
                Err(RecvTimeoutError::Disconnected) => return Err(gone("a worker thread")),
            }
        };
        let outcomes: Vec<Outcome> = self.workers.0.iter().map(&mut outcome).collect();
        if let Some(beside) = &self.beside {
            beside.stop()?;
        }
        let mut total = Stats::new(W::KINDS);
        for outcome in outcomes {
            let stats = outcome?;
            total.add(&stats);
            total.elapsed = total.elapsed.max(stats.elapsed);
        }
        total.series = recorder.end();
        Ok(total)
    }

    fn live(&self) -> Live {
        self.live.clone()
    }

    fn check(&mut self) -> Result<Check, StoreError> {
        let seats: Vec<_> =
            self.workers.0.iter().map(|worker| worker.seats.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let sessions: Vec<&W::Session> =
            seats.iter().flat_map(|seats| seats.iter()).map(|seat| &seat.session).collect();
        let mut findings = self.workload.check(&*self.store, &sessions)?;
        let structure = self.store.verify();
        findings.push(Finding {
            check: "store.structure".to_owned(),
            ok: structure.is_ok(),
            detail: structure.err().unwrap_or_else(|| "pages, trees and fences are sound".to_owned()),
        });
        // With several sessions the order of their transactions is the scheduler's: equal work, unequal states.
        let alone = sessions.len() == 1;
        let state_hash = alone.then(|| state_digest(&*self.store, W::TABLES.len())).transpose()?;
        Ok(Check { ok: findings.iter().all(|finding| finding.ok), findings, state_hash })
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let mut counters = self.store.counters();
        for (name, count) in self.workload.counters() {
            *counters.entry(name).or_default() += count;
        }
        counters
    }

    fn waits(&self) -> BTreeMap<String, Waited> {
        self.store.waits()
    }

    fn features(&self) -> Vec<String> {
        self.store.features()
    }

    fn finish(self: Box<Self>) -> Result<(), StoreError> {
        let Runner { store, workers, beside, .. } = *self;
        drop((workers, beside));
        Arc::into_inner(store).ok_or_else(|| gone("the last owner of the store"))?.close()
    }
}

/// What goes on beside the workers; ended when dropped.
struct Beside {
    slices: Arc<Slices>,
    failure: Arc<Mutex<Option<StoreError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    fn start<S: Store, W: Workload>(store: &Arc<S>, workload: &Arc<W>) -> std::io::Result<Self> {
        let (slices, failure) = (Arc::new(Slices::default()), Arc::new(Mutex::new(None)));
        let (store, workload, gate, said) =
            (Arc::clone(store), Arc::clone(workload), Arc::clone(&slices), Arc::clone(&failure));
        let thread = thread::Builder::new().name("beside".to_owned()).spawn(move || {
            let outcome = guard("what goes on beside", || workload.beside(&*store, &gate));
            *said.lock().unwrap_or_else(PoisonError::into_inner) = outcome.err();
            // Nobody waits for this thread any more.
            gate.end();
        })?;
        Ok(Beside { slices, failure, thread: Some(thread) })
    }

    /// Ends the slice; what went wrong in it, or before.
    fn stop(&self) -> Result<(), StoreError> {
        self.slices.stop();
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().map_or(Ok(()), Err)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.slices.end();
        if let Some(thread) = self.thread.take() {
            // A panic was told as the failure of a slice.
            let _ = thread.join();
        }
    }
}

/// The worker threads, stopped when dropped.
struct Workers<W: Workload>(Vec<Worker<W>>);

impl<W: Workload> Drop for Workers<W> {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            worker.orders = None;
            if let Some(thread) = worker.thread.take() {
                // A panic was told as the outcome of its slice.
                let _ = thread.join();
            }
        }
    }
}

fn start<S: Store, W: Workload>(
    index: usize,
    seats: Vec<Seat<W>>,
    store: &Arc<S>,
    workload: &Arc<W>,
    live: &Live,
) -> std::io::Result<Worker<W>> {
    let (orders, next) = mpsc::channel::<Arc<Work>>();
    let (done, outcomes) = mpsc::channel();
    let seats: Seats<W> = Arc::new(Mutex::new(seats));
    let (store, workload, live, mine) = (Arc::clone(store), Arc::clone(workload), live.clone(), Arc::clone(&seats));
    let thread = thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
        let mut buffers = W::Buffers::default();
        for work in next {
            let mut seats = mine.lock().unwrap_or_else(PoisonError::into_inner);
            let mut turn = Turn {
                store: &*store,
                workload: &*workload,
                seats: &mut seats[..],
                buffers: &mut buffers,
                acknowledged: &live.0[index].0,
            };
            let outcome = guard("a slice", || turn.run(&work));
            if outcome.is_err() {
                work.fail();
            }
            drop(seats);
            if done.send(outcome).is_err() {
                break;
            }
        }
    })?;
    Ok(Worker { seats, orders: Some(orders), outcomes, thread: Some(thread) })
}

/// Runs `work`; a panic becomes an error, so that whoever waits for the outcome gets one.
fn guard<T>(what: &str, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(StoreError::Fatal(format!("a thread panicked during {what}: {}", panic_message(&*panic))))
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

fn gone(who: &str) -> StoreError {
    StoreError::Fatal(format!("{who} is gone"))
}
