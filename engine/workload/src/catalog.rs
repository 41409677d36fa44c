//! The workloads by name: what they measure, what may be set, and how one is opened on a store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::api::{Durability, Options};
use engine::io::RealVfs;
use probe::driver::Settings;
use probe::protocol::{Failure, MetricSpec, ParamSpec, Params, Unit, WorkloadSpec};

use crate::commit_storm::CommitStorm;
use crate::insert::{Insert, Order};
use crate::place::DataDir;
use crate::point_read::PointRead;
use crate::runner::{Bench, Runner, RunnerOptions, Workload};
use crate::store::{EngineStore, MemoryStore, Store};
use crate::tpcc::{Scale, Tpcc};
use crate::ycsb::{self, Mix, Ycsb};

/// The workloads of this driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Tpcc,
    CommitStorm,
    PointRead,
    Ycsb,
    Insert,
}

const ALL: [Name; 5] = [Name::Tpcc, Name::CommitStorm, Name::PointRead, Name::Ycsb, Name::Insert];

impl Name {
    fn text(self) -> &'static str {
        match self {
            Name::Tpcc => "tpcc",
            Name::CommitStorm => "commit-storm",
            Name::PointRead => "point-read",
            Name::Ycsb => "ycsb",
            Name::Insert => "insert",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Name::Tpcc => "TPC-C: five transactions in the standard mix, native procedures",
            Name::CommitStorm => "Every session rewrites its own small row and commits",
            Name::PointRead => "Gets of single rows, nothing is written; the control of what concerns commits",
            Name::Ycsb => "YCSB: the core workloads A to F, with or without a sweep through the table beside them",
            Name::Insert => "Transactions that add rows in one of four orders; the table grows as long as it runs",
        }
    }

    /// The parameters of this workload alone.
    fn params(self) -> Vec<(&'static str, ParamSpec)> {
        match self {
            Name::Tpcc => vec![
                ("warehouses", ParamSpec::integer(2, 1, 3000, "Warehouses, about 75 MB each")),
                ("districts", ParamSpec::integer(10, 1, 10, "Districts of a warehouse")),
                ("customers", ParamSpec::integer(3000, 10, 60_000, "Customers, and loaded orders, of a district")),
                ("items", ParamSpec::integer(100_000, 20, 1_000_000, "Items, and stock rows of a warehouse")),
                ("analyst_s", ParamSpec::integer(0, 0, 3600, "Seconds an analyst holds each snapshot; 0: no analyst")),
            ],
            Name::CommitStorm => vec![("row_bytes", ParamSpec::integer(200, 8, 1500, "Bytes rewritten by a commit"))],
            Name::PointRead => vec![
                ("rows", ParamSpec::integer(200_000, 1, 100_000_000, "Rows of the table")),
                ("row_bytes", ParamSpec::integer(100, 8, 1500, "Bytes of a row")),
                ("skew", ParamSpec::number(0.99, 0.0, 0.999, "Zipf exponent; 0 is uniform")),
            ],
            Name::Ycsb => vec![
                ("mix", ParamSpec::choice("a", Mix::NAMES, "Which of the core workloads")),
                ("rows", ParamSpec::integer(200_000, 100, 100_000_000, "Rows that are loaded")),
                ("row_bytes", ParamSpec::integer(1000, 16, 1500, "Bytes of a row")),
                ("skew", ParamSpec::number(0.99, 0.0, 0.999, "Zipf exponent; 0 is uniform")),
                ("sweep_every", ParamSpec::integer(0, 0, 1_000_000, "Transactions from sweep to sweep; 0: no sweep")),
                ("sweep_rows", ParamSpec::integer(1000, 1, 1_000_000, "Rows of the table read by one sweep")),
            ],
            Name::Insert => vec![
                ("order", ParamSpec::choice("lines", Order::NAMES, "Where keys fall; lines: at the end of 20 runs")),
                ("block_rows", ParamSpec::integer(10, 1, 10_000, "Rows of a transaction")),
                ("row_bytes", ParamSpec::integer(60, 8, 1500, "Bytes of a row")),
            ],
        }
    }
}

/// Most sessions: a session's number is half of a history key, and the upper half belongs to the load.
const SESSIONS_MAX: u64 = 4096;

/// The parameters of every workload.
fn common_params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("sessions", ParamSpec::integer(64, 1, SESSIONS_MAX, "Concurrent sessions")),
        ("workers", ParamSpec::integer(0, 0, 256, "Threads that run the sessions; 0: as many as cores")),
        ("store", ParamSpec::choice(STORES[0], STORES, "The database it runs on")),
        (
            "durability",
            ParamSpec::choice("full", DURABILITIES, "When a commit is acknowledged: synced, soon synced, never"),
        ),
        ("pool_mb", ParamSpec::integer(512, 8, 1_000_000, "Page cache of the engine in MiB")),
        ("checkpoint_mb", ParamSpec::integer(1024, 1, 1_000_000, "MiB of log between checkpoints of the engine")),
        ("dir", ParamSpec::text("", "Data directory, new or empty; without one, a temporary one")),
    ]
}

const STORES: &[&str] = &["engine", "memory"];
const DURABILITIES: &[&str] = &["full", "group_async", "off"];

/// All workloads with their metrics and parameters.
pub fn specs() -> Vec<WorkloadSpec> {
    ALL.into_iter().map(spec).collect()
}

fn spec(name: Name) -> WorkloadSpec {
    let params = name.params().into_iter().chain(common_params());
    WorkloadSpec {
        name: name.text().to_owned(),
        summary: name.summary().to_owned(),
        metrics: vec![
            MetricSpec::higher("tps", Unit::PerSecond),
            MetricSpec::lower("p50", Unit::Nanoseconds),
            MetricSpec::lower("p95", Unit::Nanoseconds),
            MetricSpec::lower("p99", Unit::Nanoseconds),
            MetricSpec::lower("p999", Unit::Nanoseconds),
            MetricSpec::lower("retries", Unit::Count),
        ],
        params: params.map(|(name, spec)| (name.to_owned(), spec)).collect(),
    }
}

/// A workload on an empty store, ready to be loaded.
pub struct Opened {
    /// The workload's name.
    pub name: &'static str,
    /// It, on its store. Dropped before the directory.
    pub bench: Box<dyn Bench>,
    /// Every parameter in force.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Where the data is, for stores that keep it somewhere; removed at the end if it is a temporary one.
    pub dir: Option<DataDir>,
}

/// Opens workload `name` with the parameters that were given.
pub fn open(name: &str, seed: u64, given: &Params) -> Result<Opened, Failure> {
    let Some(name) = ALL.into_iter().find(|known| known.text() == name) else {
        let known: Vec<_> = ALL.into_iter().map(Name::text).collect();
        return Err(Failure::new(format!("unknown workload `{name}`"), format!("known: {}", known.join(", "))));
    };
    let settings = Settings::resolve(&spec(name).params, given)?;
    if name == Name::Tpcc && settings.integer("analyst_s") > 0 && settings.text("store") != "engine" {
        let why = "the memory store runs one transaction at a time: an analyst would keep everybody out";
        return Err(Failure::new(why, "leave analyst_s at 0"));
    }
    let dir = (settings.text("store") == "engine").then(|| directory(&settings)).transpose()?;
    let path = dir.as_ref().map(DataDir::path);
    let bench = match name {
        Name::Tpcc => bench(tpcc(&settings, seed), &settings, path)?,
        Name::CommitStorm => bench(commit_storm(&settings, seed), &settings, path)?,
        Name::PointRead => bench(point_read(&settings, seed), &settings, path)?,
        Name::Ycsb => bench(ycsb(&settings, seed)?, &settings, path)?,
        Name::Insert => bench(insert(&settings, seed), &settings, path)?,
    };
    Ok(Opened { name: name.text(), bench, params: settings.into_map(), dir })
}

fn tpcc(settings: &Settings, seed: u64) -> Tpcc {
    // Every value was checked against bounds that fit.
    let scale = Scale {
        warehouses: settings.integer("warehouses") as u16,
        districts: settings.integer("districts") as u8,
        customers: settings.integer("customers") as u16,
        items: settings.integer("items") as u32,
    };
    match settings.integer("analyst_s") {
        0 => Tpcc::new(scale, seed),
        seconds => Tpcc::new(scale, seed).with_analyst(Duration::from_secs(seconds)),
    }
}

fn commit_storm(settings: &Settings, seed: u64) -> CommitStorm {
    CommitStorm::new(settings.integer("sessions") as u16, settings.integer("row_bytes") as usize, seed)
}

fn point_read(settings: &Settings, seed: u64) -> PointRead {
    let (rows, row_bytes) = (settings.integer("rows"), settings.integer("row_bytes") as usize);
    PointRead::new(rows, row_bytes, settings.number("skew"), seed)
}

fn ycsb(settings: &Settings, seed: u64) -> Result<Ycsb, Failure> {
    let name = settings.text("mix");
    let mix = Mix::named(name)
        .ok_or_else(|| Failure::new(format!("unknown mix `{name}`"), format!("known: {}", Mix::NAMES.join(", "))))?;
    let options = ycsb::Options {
        mix,
        rows: settings.integer("rows"),
        row_bytes: settings.integer("row_bytes") as usize,
        skew: settings.number("skew"),
        sweep_every: settings.integer("sweep_every"),
        sweep_rows: settings.integer("sweep_rows"),
    };
    Ok(Ycsb::new(options, seed))
}

fn insert(settings: &Settings, seed: u64) -> Insert {
    let order = Order::named(settings.text("order")).unwrap_or(Order::Lines);
    Insert::new(order, settings.integer("block_rows"), settings.integer("row_bytes") as usize, seed)
}

fn directory(settings: &Settings) -> Result<DataDir, Failure> {
    let durable = settings.text("durability") != "off";
    match settings.text("dir") {
        "" => DataDir::temporary(durable),
        path => DataDir::named(Path::new(path), durable),
    }
}

/// `workload` on the engine in `dir`, or on the reference store if there is none.
fn bench<W: Workload>(workload: W, settings: &Settings, dir: Option<&Path>) -> Result<Box<dyn Bench>, Failure> {
    let workers = match settings.integer("workers") {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers as usize,
    };
    let options = RunnerOptions { sessions: settings.integer("sessions") as u16, workers };
    match dir {
        Some(dir) => runner(engine(settings, dir, W::TABLES)?, workload, options),
        None => runner(MemoryStore::new(W::TABLES), workload, options),
    }
}

fn runner<S: Store, W: Workload>(store: S, workload: W, options: RunnerOptions) -> Result<Box<dyn Bench>, Failure> {
    let threads = |error| Failure::new(format!("threads cannot be started: {error}"), "use fewer workers");
    Ok(Box::new(Runner::new(store, workload, options).map_err(threads)?))
}

fn engine(settings: &Settings, dir: &Path, tables: &[&str]) -> Result<EngineStore, Failure> {
    let unusable = |error: &dyn std::error::Error| Failure::new(error.to_string(), "choose another directory with dir");
    let vfs = Arc::new(RealVfs::open(dir).map_err(|error| unusable(&error))?);
    let durability = match settings.text("durability") {
        "group_async" => Durability::GroupAsync,
        "off" => Durability::Off,
        _ => Durability::Full,
    };
    let pool_bytes = (settings.integer("pool_mb") as usize) << 20;
    let checkpoint_wal_bytes = settings.integer("checkpoint_mb") << 20;
    let options = Options { durability, pool_bytes, checkpoint_wal_bytes, ..Options::default() };
    EngineStore::open(vfs, options, tables).map_err(|error| unusable(&error))
}

/// Active improvements of the engine this driver was built with.
pub fn features() -> Vec<String> {
    engine::select::ACTIVE.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect()
}
