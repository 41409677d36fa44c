//! One contestant as a driver of the workbench: loads, runs and checks a workload on its store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use engine::api::Options;
use engine::io::RealVfs;
use engine_driver::EngineStore;
use engine_workload::entry::Named;
use engine_workload::measure::Measurement;
use engine_workload::place::DataDir;
use engine_workload::runner::{Bench, Runner, RunnerOptions, Workload};
use engine_workload::store::{Store, StoreError};
use engine_workload::tpcc::{Scale, Tpcc};
use engine_workload::ycsb::{self, Mix, Ycsb};
use probe::driver::{Description, Measured, Settings};
use probe::protocol::{
    Budget, Check, Failure, Load, Loaded, MetricSpec, ParamSpec, Params, Progress, Unit, WorkloadSpec,
};

use crate::contestant::{Adapter, Contestant, Durability, Peer};
use crate::one_writer::{Batched, OneWriter, Plain};
use crate::stores::{Config, fjall::Fjall, lmdb::Lmdb, redb::Redb, sqlite::Sqlite};

/// Rows longer than this do not fit into a quarter of a 4 KiB page.
const LONG_ROW_BYTES: u64 = 900;

/// The driver; see the module.
#[derive(Default)]
pub struct PeersDriver {
    opened: Option<Opened>,
}

/// A workload on a contestant's store.
pub struct Opened {
    /// It, ready to be loaded. Dropped before the directory.
    pub bench: Box<dyn Bench>,
    /// Every parameter in force.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Whether the store checks its own structures.
    pub verifies: bool,
    _dir: DataDir,
}

/// Both workloads, with their parameters. Names are those of the `workload` driver, so that it can stand in for ours.
pub fn specs() -> Vec<WorkloadSpec> {
    let tpcc = vec![("warehouses", ParamSpec::integer(2, 1, 3000, "Warehouses, about 92 MB each"))];
    let ycsb = vec![
        ("mix", Mix::spec("a", "Which of the core workloads")),
        ("rows", ParamSpec::integer(200_000, 100, 100_000_000, "Rows that are loaded")),
        ("row_bytes", ParamSpec::integer(1000, 16, 1500, "Bytes of a row")),
        ("skew", ParamSpec::number(0.99, 0.0, 0.999, "Zipf exponent; 0 is uniform")),
    ];
    let spec = |name: &str, summary: &str, params: Vec<(&str, ParamSpec)>| WorkloadSpec {
        name: name.to_owned(),
        summary: summary.to_owned(),
        metrics: vec![
            MetricSpec::higher("tps", Unit::PerSecond),
            MetricSpec::lower("p50", Unit::Nanoseconds),
            MetricSpec::lower("p99", Unit::Nanoseconds),
        ],
        params: params.into_iter().chain(common()).map(|(name, spec)| (name.to_owned(), spec)).collect(),
    };
    vec![spec("tpcc", "TPC-C, native procedures", tpcc), spec("ycsb", "YCSB core workloads A to F", ycsb)]
}

fn common() -> Vec<(&'static str, ParamSpec)> {
    let names: Vec<_> = Contestant::ALL.iter().map(|contestant| contestant.name()).collect();
    vec![
        ("store", ParamSpec::choice("ours", &names, "The store, and how it is driven")),
        ("sessions", ParamSpec::integer(64, 1, 4096, "Concurrent sessions")),
        ("workers", ParamSpec::integer(0, 0, 4096, "Threads; 0: what serves the store best")),
        ("durability", ParamSpec::choice("full", Durability::NAMES, "When a commit is acknowledged: synced, or never")),
        ("pool_mb", ParamSpec::integer(512, 8, 1_000_000, "Cache in MiB, for every store that can be told")),
        ("checkpoint_mb", ParamSpec::integer(1024, 1, 1_000_000, "MiB of log between checkpoints of the engine")),
        ("load_only", ParamSpec::flag(false, "Nothing runs on what is loaded: ours leaves it out of its cache")),
        ("dir", ParamSpec::text("", "Data directory, new or empty; without one, a temporary one")),
    ]
}

/// Opens `workload` with the parameters that were given.
pub fn open(workload: &str, seed: u64, given: &Params) -> Result<Opened, Failure> {
    let specs = specs();
    let Some(spec) = specs.iter().find(|spec| spec.name == workload) else {
        return Err(Failure::new(format!("unknown workload `{workload}`"), "known: tpcc, ycsb"));
    };
    let settings = Settings::resolve(&spec.params, given)?;
    let unknown = |what: &str| Failure::new(format!("unknown {what}"), "see `peers list`");
    let contestant = Contestant::named(settings.text("store")).ok_or_else(|| unknown("store"))?;
    let durability = Durability::named(settings.text("durability")).ok_or_else(|| unknown("durability"))?;
    let dir = match settings.text("dir") {
        "" => DataDir::temporary(durability == Durability::Full)?,
        path => DataDir::named(Path::new(path), durability == Durability::Full)?,
    };
    let bench = match workload {
        "tpcc" => {
            // Every value was checked against bounds that fit.
            let scale = Scale::full(settings.integer("warehouses") as u16);
            let kind = Kind { writes: true, row_bytes: 0, reads_once: false };
            Site::new(&settings, contestant, durability, dir.path(), kind).bench(Tpcc::new(scale, seed))?
        }
        _ => {
            let options = ycsb_options(&settings)?;
            let kind = Kind { writes: options.mix != Mix::C, row_bytes: options.row_bytes as u64, reads_once: true };
            Site::new(&settings, contestant, durability, dir.path(), kind).bench(Ycsb::new(options, seed))?
        }
    };
    let verifies = matches!(contestant, Contestant::Ours | Contestant::Peer(Peer::Sqlite, _));
    Ok(Opened { bench, params: settings.into_map(), verifies, _dir: dir })
}

fn ycsb_options(settings: &Settings) -> Result<ycsb::Options, Failure> {
    let name = settings.text("mix");
    let mix = Mix::named(name).ok_or_else(|| Failure::new(format!("unknown mix `{name}`"), "known: a to f"))?;
    Ok(ycsb::Options {
        mix,
        rows: settings.integer("rows"),
        row_bytes: settings.integer("row_bytes") as usize,
        skew: settings.number("skew"),
        sweep_every: 0,
        sweep_rows: 1,
    })
}

/// What the site must know about a workload.
#[derive(Debug, Clone, Copy)]
struct Kind {
    writes: bool,
    /// Of the rows that are all alike; 0 if they are not.
    row_bytes: u64,
    /// See [`Config::reads_once`].
    reads_once: bool,
}

/// Where a workload is to run.
struct Site<'a> {
    contestant: Contestant,
    durability: Durability,
    dir: &'a Path,
    pool_bytes: u64,
    checkpoint_bytes: u64,
    long_rows: bool,
    reads_once: bool,
    load_only: bool,
    runner: RunnerOptions,
}

impl<'a> Site<'a> {
    fn new(settings: &Settings, contestant: Contestant, durability: Durability, dir: &'a Path, kind: Kind) -> Self {
        let sessions = settings.integer("sessions");
        let workers = match settings.integer("workers") {
            0 => contestant.workers(sessions, durability, kind.writes),
            workers => workers,
        };
        Site {
            contestant,
            durability,
            dir,
            pool_bytes: settings.integer("pool_mb") << 20,
            checkpoint_bytes: settings.integer("checkpoint_mb") << 20,
            long_rows: kind.row_bytes > LONG_ROW_BYTES,
            reads_once: kind.reads_once,
            load_only: settings.flag("load_only"),
            runner: RunnerOptions { sessions: sessions as u16, workers: workers as usize },
        }
    }

    fn bench<W: Workload>(&self, workload: W) -> Result<Box<dyn Bench>, Failure> {
        let config = Config {
            dir: self.dir,
            tables: W::TABLES,
            cache_bytes: self.pool_bytes,
            durable: self.durability == Durability::Full,
            long_rows: self.long_rows,
            reads_once: self.reads_once,
        };
        match self.contestant {
            Contestant::Ours => self.runner(self.ours(W::TABLES)?, workload),
            Contestant::Peer(Peer::Lmdb, adapter) => self.one_writer(Lmdb::open(&config), adapter, workload),
            Contestant::Peer(Peer::Sqlite, adapter) => self.one_writer(Sqlite::open(&config), adapter, workload),
            Contestant::Peer(Peer::Redb, adapter) => self.one_writer(Redb::open(&config), adapter, workload),
            Contestant::Peer(Peer::Fjall, adapter) => self.one_writer(Fjall::open(&config), adapter, workload),
            #[cfg(feature = "rocksdb")]
            Contestant::Peer(Peer::Rocksdb, _) => {
                let store = crate::stores::rocksdb::Pessimistic::open(&config).map_err(failure)?;
                self.runner(store, workload)
            }
            #[cfg(feature = "rocksdb")]
            Contestant::Peer(Peer::RocksdbOptimistic, _) => {
                let store = crate::stores::rocksdb::Optimistic::open(&config).map_err(failure)?;
                self.runner(store, workload)
            }
        }
    }

    fn one_writer<S: OneWriter, W: Workload>(
        &self,
        store: Result<S, StoreError>,
        adapter: Adapter,
        workload: W,
    ) -> Result<Box<dyn Bench>, Failure> {
        let store = store.map_err(failure)?;
        match adapter {
            Adapter::Plain => self.runner(Plain(store), workload),
            Adapter::Batched => self.runner(Batched::new(store), workload),
        }
    }

    fn runner<S: Store, W: Workload>(&self, store: S, workload: W) -> Result<Box<dyn Bench>, Failure> {
        let threads = |error| Failure::new(format!("threads cannot be started: {error}"), "use fewer workers");
        Ok(Box::new(Runner::new(store, workload, self.runner).map_err(threads)?))
    }

    fn ours(&self, tables: &[&str]) -> Result<EngineStore, Failure> {
        let unusable =
            |error: &dyn std::error::Error| Failure::new(error.to_string(), "choose another directory with dir");
        let vfs = Arc::new(RealVfs::open(self.dir).map_err(|error| unusable(&error))?);
        let durability = match self.durability {
            Durability::Full => engine::api::Durability::Full,
            Durability::Off => engine::api::Durability::Off,
        };
        let options = Options {
            durability,
            pool_bytes: self.pool_bytes as usize,
            checkpoint_wal_bytes: self.checkpoint_bytes,
            ..Options::default()
        };
        let store = EngineStore::open(vfs, options, tables).map_err(|error| unusable(&error))?;
        Ok(if self.load_only { store.loading_past_the_pool() } else { store })
    }
}

impl probe::Driver for PeersDriver {
    fn describe(&self) -> Description {
        let features = engine::select::ACTIVE.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned());
        Description { features: features.collect(), workloads: specs(), ..Description::new("engine-peers") }
    }

    fn load(&mut self, request: &Load, progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let mut opened = open(&request.workload, request.seed, &request.params)?;
        let rows = opened.bench.load(progress).map_err(failure)?;
        let params = opened.params.clone();
        self.opened = Some(opened);
        Ok(Loaded { rows, params, ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, params: &Params) -> Result<Measured, Failure> {
        if let Some(name) = params.keys().next() {
            let message = format!("parameter `{name}` cannot be set for a slice");
            return Err(Failure::new(message, "set it when loading"));
        }
        let bench = &mut self.opened.as_mut().ok_or_else(nothing_loaded)?.bench;
        let slice = Measurement::of(&mut **bench, None, |bench| bench.slice(budget)).map_err(failure)?;
        Ok(slice.into_measured())
    }

    fn check(&mut self) -> Result<Check, Failure> {
        let opened = self.opened.as_mut().ok_or_else(nothing_loaded)?;
        let mut check = opened.bench.check().map_err(failure)?;
        if !opened.verifies {
            // Nobody looked, so nobody says that it is sound.
            check.findings.retain(|finding| finding.check != "store.structure");
        }
        Ok(check)
    }

    fn finish(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        self.opened = None;
        Ok(BTreeMap::new())
    }
}

fn failure(error: StoreError) -> Failure {
    Failure::new(error.to_string(), "start a fresh process; the store's state is not to be trusted")
}

fn nothing_loaded() -> Failure {
    Failure::new("nothing is loaded", "send load first")
}
