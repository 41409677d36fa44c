//! How a workload describes itself: its name, what may be set, and how it is opened where it is to run.
//!
//! Every workload's module has one [`Entry`]; [`crate::catalog`] is the list of them.

use std::path::Path;

use probe::driver::Settings;
use probe::protocol::{Failure, ParamSpec};

use crate::place::DataDir;
use crate::runner::{Bench, Runner, RunnerOptions, Workload};
use crate::store::{AnyStore, MemoryStore};
use crate::subject::{Durability, Opening, Subject};

/// One workload of the driver.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// As given on a command line.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// The parameters of this workload alone.
    pub params: fn() -> Vec<(&'static str, ParamSpec)>,
    /// Puts it on its store, ready to be loaded.
    pub open: fn(&mut Site<'_>) -> Result<Box<dyn Bench>, Failure>,
}

/// A parameter that is one of a few named values.
pub trait Named: Copy + 'static {
    /// Every value by its name.
    const NAMED: &'static [(&'static str, Self)];

    /// The parameter, `default` if it is not given.
    fn spec(default: &str, help: &str) -> ParamSpec {
        ParamSpec::choice(default, &Self::names(), help)
    }

    /// The names.
    fn names() -> Vec<&'static str> {
        Self::NAMED.iter().map(|(name, _)| *name).collect()
    }

    /// The value of a name.
    fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Where a workload is to run: the parameters in force, and the store that they name.
pub struct Site<'a> {
    /// The database that this driver is built for.
    pub subject: &'static Subject,
    /// The parameters, all of them and checked.
    pub settings: &'a Settings,
    /// The same seed means the same data and the same inputs.
    pub seed: u64,
    /// Where the data is, once a store that keeps it somewhere is open.
    pub dir: Option<DataDir>,
}

/// What a workload can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// The database under test, with the improvements that this driver was built with.
    Engine,
    /// Ordered maps behind one mutex.
    Memory,
}

impl Named for StoreKind {
    const NAMED: &'static [(&'static str, Self)] = &[("engine", StoreKind::Engine), ("memory", StoreKind::Memory)];
}

/// Most sessions: a session's number is half of a history key, and the upper half belongs to the load.
const SESSIONS_MAX: u64 = 4096;

/// Most threads that run sessions.
const WORKERS_MAX: u64 = 256;

/// The parameters of every workload: what [`Site::bench`] reads.
pub fn common_params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("sessions", ParamSpec::integer(64, 1, SESSIONS_MAX, "Concurrent sessions")),
        (
            "workers",
            ParamSpec::integer(0, 0, WORKERS_MAX, "Threads that run the sessions; 0: as many as suit the workload"),
        ),
        ("store", StoreKind::spec("engine", "The database it runs on")),
        ("durability", Durability::spec("full", "When a commit is acknowledged: synced, soon synced, never")),
        ("pool_mb", ParamSpec::integer(512, 8, 1_000_000, "Page cache of the engine in MiB")),
        ("checkpoint_mb", ParamSpec::integer(1024, 1, 1_000_000, "MiB of log between checkpoints of the engine")),
        (
            "warm_ops",
            ParamSpec::integer(
                0,
                0,
                1_000_000_000,
                "Transactions after the load, not counted: until caches have settled",
            ),
        ),
        ("dir", ParamSpec::text("", "Data directory, new or empty; without one, a temporary one")),
    ]
}

impl Site<'_> {
    /// A whole number among the parameters.
    pub fn integer(&self, name: &str) -> u64 {
        self.settings.integer(name)
    }

    /// A real number among the parameters.
    pub fn number(&self, name: &str) -> f64 {
        self.settings.number(name)
    }

    /// A named value among the parameters.
    ///
    /// # Errors
    /// If no value has that name, which the check of the parameters rules out for those described by [`Named::spec`].
    pub fn choice<T: Named>(&self, name: &str) -> Result<T, Failure> {
        let given = self.settings.text(name);
        let known = || format!("known: {}", T::names().join(", "));
        T::named(given).ok_or_else(|| Failure::new(format!("unknown {name} `{given}`"), known()))
    }

    /// `workload` on the store that the parameters name, empty as yet.
    ///
    /// # Errors
    /// If the store cannot be opened or the threads cannot be started.
    pub fn bench<W: Workload>(&mut self, workload: W) -> Result<Box<dyn Bench>, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.bench_on(workload, cores)
    }

    /// The same with a thread for each session, unless `workers` says otherwise: for transactions that wait for each other,
    /// which their worker's other sessions would have to wait out.
    ///
    /// # Errors
    /// As of [`Site::bench`].
    pub fn bench_blocking<W: Workload>(&mut self, workload: W) -> Result<Box<dyn Bench>, Failure> {
        let sessions = self.integer("sessions").min(WORKERS_MAX) as usize;
        self.bench_on(workload, sessions)
    }

    fn bench_on<W: Workload>(&mut self, workload: W, workers: usize) -> Result<Box<dyn Bench>, Failure> {
        match self.choice("store")? {
            StoreKind::Engine => {
                let store = self.engine(W::TABLES)?;
                self.run(store, workload, workers)
            }
            StoreKind::Memory => self.run(AnyStore::of(MemoryStore::new(W::TABLES)), workload, workers),
        }
    }

    fn run<W: Workload>(&self, store: AnyStore, workload: W, workers: usize) -> Result<Box<dyn Bench>, Failure> {
        let workers = match self.integer("workers") {
            0 => workers,
            workers => workers as usize,
        };
        let options = RunnerOptions { sessions: self.integer("sessions") as u16, workers };
        let threads = |error| Failure::new(format!("threads cannot be started: {error}"), "use fewer workers");
        Ok(Box::new(Runner::new(store, workload, options).map_err(threads)?))
    }

    fn engine(&mut self, tables: &[&str]) -> Result<AnyStore, Failure> {
        let durability = self.choice("durability")?;
        let durable = durability != Durability::Off;
        let dir = match self.settings.text("dir") {
            "" => DataDir::temporary(durable)?,
            path => DataDir::named(Path::new(path), durable)?,
        };
        let pool_bytes = (self.integer("pool_mb") as usize) << 20;
        let checkpoint_bytes = self.integer("checkpoint_mb") << 20;
        let dir = self.dir.insert(dir).path();
        (self.subject.open)(&Opening { dir, tables, durability, pool_bytes, checkpoint_bytes, segment_bytes: None })
    }
}
