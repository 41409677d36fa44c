//! Speedscope's own format, <https://www.speedscope.app/file-format-schema.json>: frames once, then stacks of their numbers.
//!
//! ```text
//!  {"$schema": …, "shared": {"frames": [{"name": "run"}, …]},
//!   "profiles": [{"type": "sampled", "name": …, "unit": "nanoseconds", "startValue": 0, "endValue": Σ weights,
//!                 "samples": [[0, 1], …], "weights": [41.5, …]}, …], …}
//! ```
//!
//! Weights are costs per operation. They cannot be negative, so a difference is four profiles of one file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Stack, stacks, stacks_of_both};
use crate::profiles::difference::Difference;
use crate::profiles::profile::{Arm, Kind, Profile};

/// One arm.
pub fn profile(profile: &Profile, title: &str) -> String {
    let found = stacks(profile).into_iter().map(|(stack, counts)| (stack, profile.cost(&counts)));
    let mut file = File::new(title, profile.kind);
    file.add(profile.arm.label(), found);
    file.text()
}

/// A, B, what is less in B, what is more in B.
pub fn difference(difference: &Difference, title: &str) -> String {
    let found = stacks_of_both(difference);
    let weighted = |weight: fn(f64, f64) -> f64| found.iter().map(move |(stack, a, b)| (stack.clone(), weight(*a, *b)));
    let mut file = File::new(title, difference.kind());
    file.add(Arm::A.label(), weighted(|a, _| a));
    file.add(Arm::B.label(), weighted(|_, b| b));
    file.add("less in B", weighted(|a, b| a - b));
    file.add("more in B", weighted(|a, b| b - a));
    file.text()
}

/// A file in the making.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(rename = "$schema")]
    schema: &'static str,
    shared: Shared,
    profiles: Vec<Sampled>,
    name: String,
    active_profile_index: usize,
    exporter: &'static str,
    #[serde(skip)]
    unit: &'static str,
    #[serde(skip)]
    known: BTreeMap<String, usize>,
}

#[derive(Default, Serialize)]
struct Shared {
    frames: Vec<Frame>,
}

#[derive(Serialize)]
struct Frame {
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sampled {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    unit: &'static str,
    start_value: f64,
    end_value: f64,
    samples: Vec<Vec<usize>>,
    weights: Vec<f64>,
}

impl File {
    fn new(title: &str, kind: Kind) -> Self {
        Self {
            schema: "https://www.speedscope.app/file-format-schema.json",
            shared: Shared::default(),
            profiles: Vec::new(),
            name: title.to_owned(),
            active_profile_index: 0,
            exporter: concat!("workbench ", env!("CARGO_PKG_VERSION")),
            unit: match kind {
                Kind::Cpu | Kind::Wait => "nanoseconds",
                Kind::Times | Kind::Instructions | Kind::Allocs => "none",
                Kind::Alloc => "bytes",
            },
            known: BTreeMap::new(),
        }
    }

    /// Adds a profile of what weighs more than nothing.
    fn add(&mut self, name: &str, stacks: impl Iterator<Item = (Stack, f64)>) {
        let (mut samples, mut weights) = (Vec::new(), Vec::new());
        for (stack, weight) in stacks.filter(|(_, weight)| *weight > 0.0) {
            samples.push(stack.into_iter().map(|frame| self.frame(frame)).collect());
            weights.push(weight);
        }
        let (name, unit, end_value) = (name.to_owned(), self.unit, weights.iter().sum());
        self.profiles.push(Sampled { kind: "sampled", name, unit, start_value: 0.0, end_value, samples, weights });
    }

    fn frame(&mut self, name: String) -> usize {
        let next = self.shared.frames.len();
        *self.known.entry(name).or_insert_with_key(|name| {
            self.shared.frames.push(Frame { name: name.clone() });
            next
        })
    }

    fn text(&self) -> String {
        // Nothing in it can fail to be JSON: no maps with odd keys, no numbers that are none.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::lossy;
    use super::*;

    /// What the published schema asks of a file of sampled profiles, and what the tool refuses besides.
    fn check(text: &str) -> Value {
        let file: Value = serde_json::from_str(text).unwrap();
        assert_eq!(file["$schema"], "https://www.speedscope.app/file-format-schema.json");
        let frames = file["shared"]["frames"].as_array().unwrap();
        assert!(frames.iter().all(|frame| frame["name"].is_string()));
        let profiles = file["profiles"].as_array().unwrap();
        assert!((file["activeProfileIndex"].as_u64().unwrap() as usize) < profiles.len());
        for profile in profiles {
            assert_eq!(profile["type"], "sampled");
            assert!(profile["name"].is_string());
            let units = ["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"];
            assert!(units.contains(&profile["unit"].as_str().unwrap()));
            let (samples, weights) = (profile["samples"].as_array().unwrap(), profile["weights"].as_array().unwrap());
            assert_eq!(samples.len(), weights.len());
            for index in samples.iter().flat_map(|stack| stack.as_array().unwrap()) {
                assert!((index.as_u64().unwrap() as usize) < frames.len());
            }
            let sum: f64 = weights.iter().map(|weight| weight.as_f64().unwrap()).sum();
            let [start, end] = ["startValue", "endValue"].map(|key| profile[key].as_f64().unwrap());
            assert!((end - start - sum).abs() < 1e-6 * sum.max(1.0));
        }
        file
    }

    #[test]
    fn one_arm_per_operation() {
        let file = check(&profile(&lossy().a, "T003 A"));
        assert_eq!(file["shared"]["frames"], json!([{"name": "run"}, {"name": "sync"}, {"name": "work"}]));
        assert_eq!(file["profiles"][0]["samples"], json!([[0, 1], [0, 2]]));
        assert_eq!(file["profiles"][0]["weights"], json!([60_000.0, 30_000.0]));
    }

    #[test]
    fn a_difference_is_what_is_less_and_what_is_more() {
        let file = check(&difference(&lossy(), "T003"));
        let named =
            |n: usize| (file["profiles"][n]["name"].clone(), file["profiles"][n]["endValue"].as_f64().unwrap().round());
        assert_eq!(named(0), (json!("A (off)"), 100_000.0));
        assert_eq!(named(1), (json!("B (on)"), 50_000.0));
        assert_eq!(named(2), (json!("less in B"), 58_000.0), "50 of sync, 8 that were not sampled");
        assert_eq!(named(3), (json!("more in B"), 8_000.0), "work");
        assert_eq!(file["profiles"][3]["samples"].as_array().unwrap().len(), 1);
    }
}
