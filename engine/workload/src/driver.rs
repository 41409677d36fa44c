//! The workloads as a driver of the workbench.

use std::collections::BTreeMap;

use probe::driver::{Description, Measured, Waited};
use probe::protocol::{Budget, Check, Failure, Load, Loaded, Params, Progress};

use crate::catalog::{self, Opened};
use crate::measure::Measurement;
use crate::place::DataDir;
use crate::runner::Series;
use crate::store::StoreError;
use crate::subject::Subject;

/// Speaks the driver protocol for the workloads of the [`catalog`].
pub struct WorkloadDriver {
    subject: &'static Subject,
    opened: Option<Opened>,
    totals: BTreeMap<String, u64>,
    /// Throughput since the load.
    series: Series,
}

impl WorkloadDriver {
    /// For this database.
    pub fn new(subject: &'static Subject) -> Self {
        WorkloadDriver { subject, opened: None, totals: BTreeMap::new(), series: Series::default() }
    }
}

impl probe::Driver for WorkloadDriver {
    fn describe(&self) -> Description {
        Description {
            source: self.subject.source.map(str::to_owned),
            features: self.subject.features(),
            workloads: catalog::specs(),
            ..Description::new(self.subject.driver)
        }
    }

    fn load(&mut self, request: &Load, progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let mut opened = catalog::open(self.subject, &request.workload, request.seed, &request.params)?;
        let rows = opened.load(progress).map_err(failure)?;
        let params = opened.params.clone();
        self.opened = Some(opened);
        Ok(Loaded { rows, params, ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, params: &Params) -> Result<Measured, Failure> {
        if let Some(name) = params.keys().next() {
            let message = format!("parameter `{name}` cannot be set for a slice");
            return Err(Failure::new(message, "set it when loading"));
        }
        let opened = self.opened.as_mut().ok_or_else(nothing_loaded)?;
        let dir = opened.dir.as_ref().map(DataDir::path);
        let slice = Measurement::of(&mut *opened.bench, dir, |bench| bench.slice(budget));
        let mut slice = slice.map_err(failure)?;
        // A slice of the workbench is shorter than the seconds that are compared.
        self.series.extend(&slice.stats.series);
        slice.stats.series = self.series.clone();
        let measured = slice.into_measured();
        for (name, count) in &measured.counters {
            *self.totals.entry(name.clone()).or_default() += count;
        }
        Ok(measured)
    }

    fn check(&mut self) -> Result<Check, Failure> {
        self.opened.as_mut().ok_or_else(nothing_loaded)?.bench.check().map_err(failure)
    }

    fn wait_stacks(&mut self) -> BTreeMap<String, Waited> {
        let Some(opened) = &self.opened else { return BTreeMap::new() };
        opened.bench.waits().into_iter().map(|(cause, waited)| (format!("{};{cause}", opened.name), waited)).collect()
    }

    fn finish(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        // Closing ends with a checkpoint: seconds of each process of an experiment, for data that is thrown away.
        if let Some(opened) = self.opened.take_if(|opened| opened.dir.as_ref().is_some_and(|dir| !dir.is_temporary())) {
            opened.bench.finish().map_err(failure)?;
        }
        self.opened = None;
        Ok(std::mem::take(&mut self.totals))
    }
}

fn failure(error: StoreError) -> Failure {
    Failure::new(error.to_string(), "start a fresh process; the store's state is not to be trusted")
}

fn nothing_loaded() -> Failure {
    Failure::new("nothing is loaded", "send load first")
}
