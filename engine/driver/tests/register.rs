//! What the register wants to measure, this driver can: workload, parameters, metric, and which way is good.

use std::path::Path;

use engine_workload::catalog;
use probe::driver::Settings;
use probe::protocol::{Better, Params};
use serde::Deserialize;

#[derive(Deserialize)]
struct Improvement {
    id: String,
    variants: Option<Variants>,
}

#[derive(Deserialize)]
struct Variants {
    workload: Trial,
    guards: Vec<Trial>,
    control: Trial,
}

#[derive(Deserialize)]
struct Trial {
    workload: String,
    #[serde(default)]
    params: Params,
    metric: String,
    #[serde(default = "higher")]
    better: Better,
}

fn higher() -> Better {
    Better::Higher
}

#[test]
fn every_trial_of_the_register_can_be_run() {
    let specs = catalog::specs();
    let register = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../improvements");
    let mut trials = 0;
    for file in std::fs::read_dir(register).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // The folder also holds files about the register as a whole.
        let Ok(Improvement { id, variants: Some(variants) }) = serde_yaml::from_str(&text) else { continue };
        let Variants { workload, guards, control } = variants;
        for trial in [workload, control].into_iter().chain(guards) {
            let Trial { workload, params, metric, better } = trial;
            let spec = specs.iter().find(|spec| spec.name == workload);
            let spec = spec.unwrap_or_else(|| panic!("{id}: there is no workload {workload}"));
            let known = spec.metrics.iter().find(|spec| spec.name == metric);
            let known = known.unwrap_or_else(|| panic!("{id}: {workload} has no metric {metric}"));
            assert_eq!(known.better, better, "{id}: {metric} of {workload}");
            Settings::resolve(&spec.params, &params).unwrap_or_else(|why| panic!("{id}: {workload}: {why:?}"));
            trials += 1;
        }
    }
    assert!(trials > 30, "only {trials} trials were found");
}
