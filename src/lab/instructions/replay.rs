//! Instructions of both arms, counted by Callgrind on a fixed replay: the same seed, one session, a budget of operations.
//!
//! ```text
//!  n operations    ├─ start ─┼─ load ─┼─ work ─┤
//!  2n operations   ├─ start ─┼─ load ─┼─ work ─┼─ work ─┤      the difference is the work of n operations
//! ```
//!
//! It is a second channel beside the clock: it repeats to some thousandths of a per cent on any machine, and sees neither
//! memory nor locks. Threads run one at a time, so a contended path costs what it would cost alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use probe::protocol::{ParamKind, Params, Slice, WorkloadSpec};

use super::Instructions;
use crate::config::Config;
use crate::lab::LabError;
use crate::lab::driver::{Driver, DriverError, Launch};
use crate::lab::experiment::{Binary, Plan};
use crate::lab::folder::LabFolder;
use crate::lab::journal::Event;

const VALGRIND: &str = "valgrind";

/// Under Callgrind a program takes some fifty times as long.
const SLOWDOWN: u32 = 100;

/// A sign of life comes so often.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Parameters that make sessions and threads; a replay has one of each.
const CROWD: [&str; 3] = ["sessions", "workers", "threads"];

/// What is to be counted.
#[derive(Debug)]
pub struct Replay<'a> {
    /// How drivers are started.
    pub config: &'a Config,
    /// Where they work.
    pub folder: &'a LabFolder,
    /// The experiment's plan: workload and seed.
    pub plan: &'a Plan,
    /// Operations counted.
    pub ops: u64,
}

impl Replay<'_> {
    /// Counts one arm. The event is its profile.
    pub async fn count(&self, binary: &Binary, tell: &mut (dyn FnMut(String) + Send)) -> Result<Event, LabError> {
        let side = binary.side;
        if !binary.path.exists() {
            return Err(LabError::ArmGone { side, path: binary.path.clone() });
        }
        let both = async { tokio::try_join!(self.run(binary, self.ops), self.run(binary, self.ops * 2)) };
        let started = std::time::Instant::now();
        let mut both = std::pin::pin!(both);
        let (short, long) = loop {
            tokio::select! {
                counted = &mut both => break counted?,
                () = tokio::time::sleep(HEARTBEAT) => {
                    let seconds = started.elapsed().as_secs();
                    tell(format!("counting instructions of arm {side}: {} operations, {seconds} s", self.ops));
                }
            }
        };
        let more = short.more_in(&long);
        Ok(Event::Profiled {
            side,
            kind: "instructions".to_owned(),
            samples: more.total(),
            folded: more.folded(),
            cpu: Duration::ZERO,
            measured: None,
            period: None,
            weight: None,
            ops: self.ops,
        })
    }

    /// One run from start to end.
    async fn run(&self, binary: &Binary, ops: u64) -> Result<Instructions, LabError> {
        // Callgrind writes when the program has ended; by then the driver's own folder is gone.
        let kept = self.folder.work_folder()?;
        let file = kept.path().join("callgrind.out");
        let launch = self.launch(binary, &file);
        let (workload, work) = (&self.plan.workloads[0], self.folder.work_folder()?);
        let running = async {
            let mut driver = Driver::start(&launch, work, 0).await?;
            let spec = driver.hello().workloads.iter().find(|spec| spec.name == workload.workload).cloned();
            let params = alone(&workload.params, spec.as_ref());
            driver.load(&workload.workload, self.plan.seed >> 11, &params).await?;
            driver.slice(Slice::ops(ops)).await?;
            driver.finish_and_end().await
        };
        let ended: Result<(), Box<DriverError>> = running.await;
        ended?;
        let text = std::fs::read_to_string(&file).map_err(LabError::file("read what Callgrind wrote,", &file))?;
        Instructions::read(&text).map_err(|error| LabError::Callgrind(error.to_string()))
    }

    fn launch(&self, binary: &Binary, file: &std::path::Path) -> Launch {
        let target = &self.config.target;
        let mut out = OsString::from("--callgrind-out-file=");
        out.push(file);
        let mut args: Vec<OsString> = vec![
            "--tool=callgrind".into(),
            "--trace-children=yes".into(),
            out,
            "--".into(),
            binary.path.clone().into(),
        ];
        let features = binary.features.join(",");
        args.extend(target.command.iter().skip(1).map(|arg| arg.replace("{features}", &features).into()));
        Launch {
            side: binary.side,
            program: PathBuf::from(VALGRIND),
            args,
            env: BTreeMap::new(),
            source: target.command.is_empty().then(|| self.plan.arm(binary.side).tree_digest.clone()),
            with: self.plan.features_only_in(binary.side),
            without: self.plan.features_only_in(binary.side.other()),
            answer_limit: Duration::from_secs(self.config.lab.answer_limit_s) * SLOWDOWN,
            running: self.folder.running(),
        }
    }
}

/// Whether Callgrind can be run.
pub async fn is_there() -> Result<(), LabError> {
    let ran = tokio::process::Command::new(VALGRIND).arg("--version").output().await;
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(LabError::NoValgrind(output.status.to_string())),
        Err(error) => Err(LabError::NoValgrind(error.to_string())),
    }
}

/// The workload's parameters with one session and one thread, where it has such.
fn alone(params: &Params, spec: Option<&WorkloadSpec>) -> Params {
    let mut params = params.clone();
    for name in CROWD {
        let kind = spec.and_then(|spec| spec.params.get(name)).map(|param| &param.kind);
        if matches!(kind, Some(ParamKind::Integer { min: 0 | 1, .. })) {
            params.insert(name.to_owned(), 1.into());
        }
    }
    params
}

#[cfg(test)]
mod tests {
    use probe::protocol::ParamSpec;

    use super::*;

    #[test]
    fn a_replay_has_one_session_where_the_workload_knows_sessions() {
        let spec = WorkloadSpec {
            params: BTreeMap::from([
                ("sessions".to_owned(), ParamSpec::integer(64, 1, 1000, "")),
                ("workers".to_owned(), ParamSpec::integer(4, 2, 8, "")),
            ]),
            ..WorkloadSpec::default()
        };
        let given = Params::from([("sessions".to_owned(), 64.into()), ("warehouses".to_owned(), 2.into())]);
        let alone = alone(&given, Some(&spec));
        assert_eq!((&alone["sessions"], &alone["warehouses"]), (&1.into(), &2.into()));
        assert!(!alone.contains_key("workers"), "it cannot do with one");
        assert_eq!(super::alone(&given, None), given);
    }
}
