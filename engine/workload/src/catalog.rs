//! The workloads by name: what they measure, what may be set, and how one is opened on a store.

use std::collections::BTreeMap;

use probe::driver::Settings;
use probe::protocol::{Budget, Failure, Params, Progress, WorkloadSpec};

use crate::entry::{Entry, Site, common_params};
use crate::measure::metric;
use crate::place::DataDir;
use crate::runner::Bench;
use crate::store::StoreError;
use crate::subject::Subject;
use crate::{alloc_micro, commit_storm, hot_row, insert, lock_micro, point_read, stalled_reader, tpcc, transfer, ycsb};

/// The workloads.
const ALL: &[Entry] = &[
    tpcc::ENTRY,
    commit_storm::ENTRY,
    point_read::ENTRY,
    ycsb::ENTRY,
    insert::ENTRY,
    alloc_micro::ENTRY,
    lock_micro::ENTRY,
    hot_row::ENTRY,
    transfer::ENTRY,
    stalled_reader::ENTRY,
];

/// All workloads with their metrics and parameters.
pub fn specs() -> Vec<WorkloadSpec> {
    ALL.iter().map(spec).collect()
}

fn spec(entry: &Entry) -> WorkloadSpec {
    let params = (entry.params)().into_iter().chain(common_params());
    WorkloadSpec {
        name: entry.name.to_owned(),
        summary: entry.summary.to_owned(),
        metrics: metric::specs(entry.name),
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
    warm_ops: u64,
}

impl Opened {
    /// Writes the data and does the transactions that are not counted. Returns the rows written.
    ///
    /// # Errors
    /// If the store refuses something.
    pub fn load(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<u64, StoreError> {
        let rows = self.bench.load(progress)?;
        if self.warm_ops > 0 {
            self.bench.slice(Budget::Ops(self.warm_ops))?;
        }
        Ok(rows)
    }
}

/// Opens workload `name` with the parameters that were given.
///
/// # Errors
/// If there is no such workload, a parameter cannot be what was given, or the store cannot be opened.
pub fn open(subject: &'static Subject, name: &str, seed: u64, given: &Params) -> Result<Opened, Failure> {
    let Some(entry) = ALL.iter().find(|entry| entry.name == name) else {
        let known: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
        return Err(Failure::new(format!("unknown workload `{name}`"), format!("known: {}", known.join(", "))));
    };
    let settings = Settings::resolve(&spec(entry).params, given)?;
    let mut site = Site { subject, settings: &settings, seed, dir: None };
    let bench = (entry.open)(&mut site)?;
    let (dir, warm_ops) = (site.dir, settings.integer("warm_ops"));
    Ok(Opened { name: entry.name, bench, params: settings.into_map(), dir, warm_ops })
}
