//! A profile being recorded: what makes samples, and a thread of our own that unwinds them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::allocations;
use super::fold::{after_system_call, fold};
use super::samples::{Reader, Sample, Samples};
use super::signal::{SHARED, Shared, install};
use super::symbols::Symbols;
use super::threads::{Threads, clock_ns, name_of, own_id};
use super::unwind::{Image, Stacks};

/// What sampling itself costs stands beside everything else.
pub(in crate::driver) const SAMPLING: &str = "profiler;[sampling]";

/// How often is looked for new threads and their samples.
const LOOK: Duration = Duration::from_millis(20);

/// Allocations come faster.
const LOOK_FOR_ALLOCATIONS: Duration = Duration::from_millis(4);

/// Samples that may wait to be unwound: there are 50 looks a second, and a thread is sampled 250 times a second.
const SLOTS: usize = 64;

/// What is sampled.
#[derive(Debug, Clone, Copy)]
pub(in crate::driver) enum What {
    /// Every thread after so much of its own CPU time.
    Cpu(Duration),
    /// What is asked of [`super::Allocations`].
    Allocations,
}

/// A profile being recorded. There can be one at a time.
pub(in crate::driver) struct Session {
    over: Sender<()>,
    thread: JoinHandle<Counted>,
}

/// What was recorded.
#[derive(Debug, Default)]
pub(in crate::driver) struct Sampled {
    /// CPU time in ns, or bytes, by stack: `thread;root;…;leaf`.
    pub(in crate::driver) stacks: BTreeMap<String, u64>,
    /// Allocations by stack.
    pub(in crate::driver) times: BTreeMap<String, u64>,
    /// Samples taken.
    pub(in crate::driver) samples: u64,
    /// Sum of the squares of their weights.
    pub(in crate::driver) squares: f64,
    /// What was not recorded, and why.
    pub(in crate::driver) missed: Missed,
    /// CPU time that sampling itself took: in the threads that are sampled, and in our own.
    pub(in crate::driver) own_cpu_ns: u64,
}

/// What is not in a profile.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::driver) struct Missed {
    /// Samples that found no place.
    pub(in crate::driver) samples: u64,
    /// Threads that could not be sampled.
    pub(in crate::driver) threads: u64,
    /// Nothing was allocated by way of [`super::Allocations`].
    pub(in crate::driver) allocator: bool,
}

/// The reader of samples, between sessions.
static IDLE: Mutex<Option<Reader>> = Mutex::new(None);
static BUSY: AtomicBool = AtomicBool::new(false);

/// What is known of samples before names are.
#[derive(Default)]
struct Counted {
    /// By thread name, addresses with the leaf first, and whether the kernel was at work: weight and times.
    weights: HashMap<(String, Vec<u64>, bool), (u64, f64)>,
    images: Vec<Image>,
    samples: u64,
    squares: f64,
    missed: Missed,
    own_cpu_ns: u64,
}

impl Session {
    /// Begins to sample all threads.
    pub(in crate::driver) fn start(what: What) -> io::Result<Self> {
        if BUSY.swap(true, Ordering::AcqRel) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "a profile is being recorded already"));
        }
        let started = Self::begin(what);
        if started.is_err() {
            BUSY.store(false, Ordering::Release);
        }
        started
    }

    fn begin(what: What) -> io::Result<Self> {
        let shared = SHARED.get_or_init(|| {
            let (samples, reader) = Samples::new(SLOTS);
            *idle() = Some(reader);
            let process = std::process::id().cast_signed();
            Shared { samples, meters: Threads::meters(), generation: 0.into(), process }
        });
        let generation = shared.generation.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        install()?;
        let (over, asked) = mpsc::channel();
        let (ready, begun) = mpsc::sync_channel(1);
        let work = move || {
            let mut watch = Watch::new(shared, what, generation);
            let looked = watch.begin();
            let clock_ns = own_clock_ns();
            // Nobody waits any more: then nobody asks to go on either.
            let _ = ready.send(looked);
            while asked.recv_timeout(watch.pause()) == Err(RecvTimeoutError::Timeout) {
                watch.look();
            }
            watch.end(clock_ns)
        };
        let thread = thread::Builder::new().name("profiler".to_owned()).spawn(work)?;
        match begun.recv() {
            Ok(Ok(())) => Ok(Self { over, thread }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(dead()),
        }
    }

    /// Ends it, and finds names.
    pub(in crate::driver) fn stop(self) -> io::Result<Sampled> {
        drop(self.over);
        let counted = self.thread.join();
        BUSY.store(false, Ordering::Release);
        let Counted { weights, images, samples, squares, missed, own_cpu_ns } = counted.map_err(|_| dead())?;
        let mut symbols = Symbols::new(images);
        let mut stacks = BTreeMap::<String, u64>::new();
        let mut times = BTreeMap::<String, f64>::new();
        for ((thread, addresses, in_kernel), (weight, often)) in weights {
            let stack = fold(&thread, &addresses, in_kernel, &mut symbols);
            *times.entry(stack.clone()).or_default() += often;
            *stacks.entry(stack).or_default() += weight;
        }
        let times = times.into_iter().map(|(stack, often)| (stack, often.round() as u64)).collect();
        Ok(Sampled { stacks, times, samples, squares, missed, own_cpu_ns })
    }
}

fn idle() -> MutexGuard<'static, Option<Reader>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dead() -> io::Error {
    io::Error::other("the profiler's thread died")
}

/// What the profiler's thread has.
struct Watch {
    shared: &'static Shared,
    reader: Option<Reader>,
    what: What,
    threads: Threads,
    /// Of threads that allocate, by id.
    names: HashMap<usize, String>,
    stacks: Stacks,
    counted: Counted,
}

impl Watch {
    fn new(shared: &'static Shared, what: What, generation: u32) -> Self {
        let reader = idle().take();
        let period = match what {
            What::Cpu(period) => period,
            What::Allocations => Duration::MAX,
        };
        let (threads, stacks) = (Threads::new(period, generation, own_id()), Stacks::new());
        Self { shared, reader, what, threads, names: HashMap::new(), stacks, counted: Counted::default() }
    }

    fn begin(&mut self) -> io::Result<()> {
        // What an earlier session left is not ours.
        self.take();
        self.counted = Counted::default();
        match self.what {
            What::Cpu(_) => self.threads.look(&self.shared.meters, false),
            What::Allocations => {
                allocations::record();
                Ok(())
            }
        }
    }

    fn pause(&self) -> Duration {
        match self.what {
            What::Cpu(_) => LOOK,
            What::Allocations => LOOK_FOR_ALLOCATIONS,
        }
    }

    fn look(&mut self) {
        if let What::Cpu(_) = self.what {
            // That it cannot be seen who is there now does not undo what was sampled.
            let _ = self.threads.look(&self.shared.meters, true);
        }
        self.take();
    }

    fn take(&mut self) {
        let Self { shared, reader, what, threads, names, stacks, counted } = self;
        let Some(reader) = reader else { return };
        shared.samples.each(reader, |sample| {
            let &Sample { thread, weight, times, .. } = sample;
            let (name, in_kernel) = match what {
                What::Cpu(_) => (threads.name(thread).to_owned(), after_system_call(shared.process, sample, stacks)),
                What::Allocations => (names.entry(thread).or_insert_with(|| name(thread)).clone(), false),
            };
            let counts = counted.weights.entry((name, stacks.addresses(sample), in_kernel)).or_default();
            *counts = (counts.0 + weight, counts.1 + times);
            counted.samples += 1;
            counted.squares += (weight as f64).powi(2);
        });
        counted.missed.samples += shared.samples.take_lost();
    }

    /// `clock_ns` is what our own clock said at the beginning.
    fn end(mut self, clock_ns: u64) -> Counted {
        let in_threads_ns = match self.what {
            What::Cpu(_) => {
                self.threads.disarm();
                Some(self.threads.handler_ns(&self.shared.meters))
            }
            What::Allocations => allocations::end(),
        };
        self.take();
        // From here on late signals are nobody's.
        self.shared.generation.fetch_add(1, Ordering::AcqRel);
        *idle() = self.reader.take();
        let own_cpu_ns = in_threads_ns.unwrap_or_default() + own_clock_ns() - clock_ns;
        let Self { stacks, threads, counted, .. } = self;
        let missed = Missed { threads: threads.unwatched, allocator: in_threads_ns.is_none(), ..counted.missed };
        Counted { images: stacks.images, missed, own_cpu_ns, ..counted }
    }
}

fn own_clock_ns() -> u64 {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or_default()
}

fn name(thread: usize) -> String {
    libc::pid_t::try_from(thread).ok().and_then(name_of).unwrap_or_default()
}
