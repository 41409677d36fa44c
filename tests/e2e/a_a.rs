//! A binary against itself: what the rule accepts of pure noise, live and replayed.
//!
//! Five live experiments on the real engine (they need its driver and minutes, so they are run by hand; the
//! busier the machine, the better):
//!
//! ```text
//! WORKBENCH_AA_DRIVER=tracking/lab/builds/<key>/driver WORKBENCH_AA_OUT=tests/data/a_a.json \
//!     cargo test -p workbench --test e2e a_a -- --ignored
//! ```
//!
//! Their pairs are kept in `tests/data/a_a.json`; the ordinary suite replays forty experiments from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use workbench::config::MachineRules;
use workbench::lab::LabError;
use workbench::lab::driver::Launch;
use workbench::lab::experiment::{Pair, Plan, Side, Verdict};
use workbench::lab::folder::LabFolder;
use workbench::lab::journal::Event;
use workbench::lab::pair::{Bench, Which};
use workbench::lab::recorder::Sink;
use workbench::lab::stats::{robust_scale_about, sign_flips};
use workbench::lab::verdict::{Outlook, judge};
use workbench::units::LogRatio;

use super::store::plan;

/// Pairs of one live experiment.
#[derive(Debug, Serialize, Deserialize)]
struct Live {
    workload: String,
    seed: u64,
    verdict: Verdict,
    differences: Vec<f64>,
}

/// Takes no notes.
struct Nobody;

impl Sink for Nobody {
    async fn emit(&mut self, _event: Event) -> Result<(), LabError> {
        Ok(())
    }

    async fn watch<T>(&mut self, _: impl Fn() -> String, work: impl Future<Output = T>) -> Result<T, LabError> {
        Ok(work.await)
    }

    async fn gather<T>(
        &mut self,
        _: impl Fn() -> String,
        _: UnboundedReceiver<Event>,
        work: impl Future<Output = T>,
    ) -> Result<T, LabError> {
        Ok(work.await)
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/a_a.json")
}

#[test]
fn of_forty_replayed_experiments_at_most_two_are_accepted() {
    let live: Vec<Live> = serde_json::from_slice(&std::fs::read(data()).unwrap()).unwrap();
    assert!(live.len() >= 5 && live.iter().all(|experiment| !experiment.verdict.is_accepted()), "{live:?}");
    // Eight replays of each of the five, looked at after every pair, at the noise of their own machine and moment.
    let replays = live.iter().zip(1..).map(|(experiment, seed)| {
        let scale = robust_scale_about(&experiment.differences, 0.0).unwrap();
        sign_flips(&experiment.differences, scale, 0.05, 8, seed)
    });
    let (experiments, accepted) = replays.fold((0, 0), |(n, k), flips| (n + flips.experiments, k + flips.accepted));
    assert_eq!(experiments, 40);
    assert!(accepted <= 2, "{accepted} of {experiments} accepted");
}

#[tokio::test]
#[ignore = "needs the engine's driver, and minutes"]
async fn five_live_experiments_accept_nothing() {
    let driver = PathBuf::from(std::env::var_os("WORKBENCH_AA_DRIVER").expect("WORKBENCH_AA_DRIVER names a driver"));
    let driver = driver.canonicalize().unwrap();
    let trials = [
        ("commit-storm", r#"{"sessions": 64, "durability": "full"}"#),
        ("commit-storm", r#"{"sessions": 1, "durability": "full"}"#),
        ("point-read", r#"{"sessions": 64}"#),
        ("tpcc", r#"{"warehouses": 1, "sessions": 64, "durability": "full"}"#),
        ("tpcc", r#"{"warehouses": 1, "sessions": 1, "durability": "full"}"#),
    ];
    let mut all = Vec::new();
    for (number, (workload, params)) in trials.into_iter().enumerate() {
        let live = experiment(&driver, workload, params, 0xa_a000 + number as u64).await;
        eprintln!("{workload} {params}: {:?} after {} pairs", live.verdict, live.differences.len());
        all.push(live);
    }
    if let Some(out) = std::env::var_os("WORKBENCH_AA_OUT") {
        std::fs::write(out, serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
    }
    assert!(all.iter().all(|live| !live.verdict.is_accepted()), "{all:?}");
}

/// Pairs of the same binary in both arms, until the rule has its word.
async fn experiment(driver: &Path, workload: &str, params: &str, seed: u64) -> Live {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lab = LabFolder::at(folder.path()).unwrap();
    let plan = itself(workload, params, seed);
    let launch = |side| Launch {
        side,
        program: driver.to_path_buf(),
        args: Vec::new(),
        env: BTreeMap::new(),
        source: None,
        with: Vec::new(),
        without: Vec::new(),
        answer_limit: Duration::from_secs(60),
        running: lab.running(),
    };
    // Noise is welcome: the rule must stand it.
    let machine = MachineRules {
        foreign_cpu_max: 1.0,
        steal_max: 1.0,
        cpu_pressure_max: 100.0,
        io_pressure_max: 100.0,
        ..MachineRules::default()
    };
    let bench = Bench { folder: &lab, arms: [vec![launch(Side::A)], vec![launch(Side::B)]], machine: &machine };
    let mut pairs: Vec<Pair> = Vec::new();
    let ruling = loop {
        let (workload, run) = match judge(&plan, &pairs) {
            Outlook::Next { workload, run } => (workload, run),
            Outlook::Ruled(ruling) => break ruling,
            Outlook::TooBusy { dropped, of } => panic!("the machine is too busy: {dropped} of {of} pairs dropped"),
        };
        let index = u32::try_from(pairs.iter().filter(|pair| pair.run == run).count()).unwrap();
        let pair = bench.pair(&plan, Which { workload, run, index }, &mut Nobody).await.unwrap();
        pairs.push(pair);
    };
    let differences = pairs.iter().filter(|pair| pair.dropped.is_none()).map(|pair| pair.d.0).collect();
    Live { workload: format!("{workload} {params}"), seed, verdict: ruling.verdict, differences }
}

/// The question whether a binary is a tenth better than itself. No mechanism can tell.
fn itself(workload: &str, params: &str, seed: u64) -> Plan {
    let mut plan = plan("T003");
    plan.seed = seed;
    plan.mechanism = None;
    let trial = &mut plan.workloads[0];
    trial.workload = workload.to_owned();
    trial.params = serde_json::from_str(params).unwrap();
    trial.noise = LogRatio(0.03);
    (trial.slice_ms, trial.slices, trial.warmup) = (100, 4, 1);
    plan
}
