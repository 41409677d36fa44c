//! The adapter's process: a driver that runs another program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use probe::driver::{Description, Measured};
use probe::protocol::{Budget, Check, Failure, Finding, Load, Loaded, Params, Progress, WorkloadSpec};

use super::list::benches;
use super::place::Places;
use super::read::{self, Figures};
use super::run::{Desk, run, shown};
use super::task::Task;
use crate::yaml::nearest;

/// A program measured as a driver.
struct Adapted {
    task: Task,
    desk: Desk,
    work: PathBuf,
    loaded: Option<Workload>,
}

/// What it was asked to measure.
struct Workload {
    name: String,
    places: Places,
}

/// Speaks the driver protocol on stdin and stdout in the name of `task`'s program. `work` is a folder of its own.
pub fn main(task: Task, work: PathBuf) -> ExitCode {
    probe::run(Adapted { task, desk: Desk::in_folder(&work), work, loaded: None })
}

impl probe::Driver for Adapted {
    fn describe(&self) -> Description {
        let metrics = read::metrics(&self.task.adapter);
        let spec =
            |name: &String| WorkloadSpec { name: name.clone(), metrics: metrics.clone(), ..WorkloadSpec::default() };
        Description {
            driver: self.task.name.clone(),
            source: None,
            features: self.task.features.clone(),
            workloads: self.task.workloads.iter().map(spec).collect(),
        }
    }

    /// The same seed gives the same runs: a bench makes its data itself.
    fn load(&mut self, request: &Load, _progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let places = Places::new(&self.task, &request.workload, &request.params, &self.desk.out)?;
        places.fill(&self.task.adapter.command)?;
        places.fill(&self.task.adapter.check)?;
        // divan does not list a bench's arguments: they are found, or missed, in its table.
        let names = |known: &String| {
            request.workload.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        if let Some(known) = benches(&self.task, &self.work)?
            && !known.iter().any(names)
        {
            return Err(no_such_bench(&self.task.name, &request.workload, &known));
        }
        self.loaded = Some(Workload { name: request.workload.clone(), places });
        Ok(Loaded::default())
    }

    /// An operation is a run.
    fn slice(&mut self, budget: Budget, _params: &Params) -> Result<Measured, Failure> {
        let (mut ops, mut elapsed, mut sums) = (0, Duration::ZERO, Figures::new());
        while match budget {
            Budget::Ops(limit) => ops < limit,
            Budget::Time(limit) => ops == 0 || elapsed < limit,
        } {
            let (took, figures) = self.once()?;
            for (name, value) in figures {
                *sums.entry(name).or_default() += value;
            }
            (ops, elapsed) = (ops + 1, elapsed + took);
        }
        let values: BTreeMap<String, f64> = sums.into_iter().map(|(name, sum)| (name, sum / ops as f64)).collect();
        Ok(Measured { ops, elapsed, values, ..Measured::default() })
    }

    fn check(&mut self) -> Result<Check, Failure> {
        if self.task.adapter.check.is_empty() {
            let detail = "a bench checks no answers, and `adapter.check` names no command that does".to_owned();
            let finding = Finding { check: "answers".to_owned(), ok: true, detail };
            return Ok(Check { ok: true, findings: vec![finding], state_hash: None });
        }
        let command = self.loaded()?.places.fill(&self.task.adapter.check)?;
        let outcome = run(&self.task, &self.desk, &command);
        let detail = outcome.as_ref().map_or_else(|failure| failure.message.clone(), |_| shown(&command));
        let finding = Finding { check: "answers".to_owned(), ok: outcome.is_ok(), detail };
        Ok(Check { ok: outcome.is_ok(), findings: vec![finding], state_hash: None })
    }
}

impl Adapted {
    /// One run and its figures.
    fn once(&self) -> Result<(Duration, Figures), Failure> {
        let Workload { name, places } = self.loaded()?;
        let command = places.fill(&self.task.adapter.command)?;
        let ran = run(&self.task, &self.desk, &command)?;
        let figures = read::figures(&self.task.adapter, &ran, &self.desk, name);
        let figures =
            figures.map_err(|why| Failure::new(format!("`{}`: {}", shown(&command), why.message), why.remedy))?;
        Ok((ran.elapsed, figures))
    }

    fn loaded(&self) -> Result<&Workload, Failure> {
        self.loaded.as_ref().ok_or_else(|| Failure::new("nothing is loaded", "send load first"))
    }
}

/// The workload is no bench of the program.
fn no_such_bench(program: &str, workload: &str, known: &[String]) -> Failure {
    const SHOWN_MAX: usize = 12;
    let remedy = match nearest(workload, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > SHOWN_MAX => {
            format!("it has {} benches: {}, …; `--list` shows all", known.len(), known[..SHOWN_MAX].join(", "))
        }
        None => format!("it has: {}", known.join(", ")),
    };
    Failure::new(format!("`{program}` has no bench `{workload}`"), remedy)
}
