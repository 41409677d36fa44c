//! A project with six improvements whose effects are planted.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use workbench::lab::screen::facts::ScreenId;
use workbench::tracking::{Reader, Screen};

use super::apply_bench::Lab;
use super::apply_faults::built_lab;
use super::bench::Ran;

/// Beside T003: T011 has the feature a, T012 b, and so on.
const FEATURES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What is planted on the log scale, of six improvements and two pairs of them.
pub(crate) const PLANTED: &str = "effect: 0.4, effect.b: 0.15, effect.d: -0.1, noise: 0.01, batch: 8";

/// A project of that kind.
pub(crate) struct Screens {
    pub(crate) lab: Lab,
}

impl Screens {
    /// With these parameters of the toy.
    pub(crate) fn with(params: &str) -> Self {
        Self::of(Lab::with(params, "noise: 0.003", "noise: 0.003"), params)
    }

    /// The same, built by Cargo; `more` is put into the driver's source.
    pub(crate) fn built(params: &str, more: &str) -> Self {
        let lab = built_lab();
        let main = std::fs::read_to_string(lab.bench.path("toy/src/main.rs")).unwrap();
        lab.bench.write("toy/src/main.rs", format!("{main}\n{more}\n"));
        lab.bench.replace("workbench.yaml", "tests: [toy]", "tests: []");
        Self::of(lab, params)
    }

    fn of(lab: Lab, params: &str) -> Self {
        let t003 = std::fs::read_to_string(lab.bench.path("improvements/T003.yaml")).unwrap();
        for (at, feature) in FEATURES.iter().enumerate() {
            let id = format!("T01{}", at + 1);
            let entry =
                t003.replace("id: T003", &format!("id: {id}")).replace("feature: t003", &format!("feature: {feature}"));
            lab.bench.write(&format!("improvements/{id}.yaml"), entry);
        }
        lab.bench.replace("improvements/phases.yaml", "[T001, T003]", "[T001, T003, T011, T012, T013, T014, T015]");
        let config = std::fs::read_to_string(lab.bench.path("workbench.yaml")).unwrap();
        let workload = format!("screen: {{workload: {{workload: toy, params: {{{params}}}, metric: tps}}}}");
        lab.bench.write("workbench.yaml", format!("{config}\n{workload}\n"));
        Self { lab }
    }

    /// Runs `workbench`.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.lab.run(args)
    }

    /// Runs it with `--json`, which must succeed.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Starts it.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.lab.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What the store holds of a screen; `None` while it does not.
    pub(crate) fn screen(&self, id: i64) -> Option<Screen> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let reader = Reader::open_at(&self.lab.bench.path("tracking/workbench.db")).await.unwrap()?;
            reader.screen(ScreenId(id)).await.unwrap()
        })
    }

    /// Waits until a running screen has recorded so many pairs.
    pub(crate) fn wait_for_pairs(&self, count: usize) {
        let start = Instant::now();
        while self.screen(1).map_or(0, |screen| screen.pairs.len()) < count {
            assert!(start.elapsed() < Duration::from_secs(60), "no {count} pairs in a minute");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The effect of an improvement in a result, and its interval, on the log scale of the metric's change.
pub(crate) fn effect(result: &Value, name: &str) -> [f64; 3] {
    let lines = result["data"]["effects"].as_array().unwrap();
    let line =
        lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("no effect of {name}: {result}"));
    ["estimate", "low", "high"].map(|key| line["change"][key].as_f64().unwrap().ln_1p())
}
