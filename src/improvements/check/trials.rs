//! How an entry is judged: its workloads and the proof of its mechanism.

use crate::improvements::{Bounds, Improvement, Mechanism, Trial, Variants};
use crate::units::SLICE_MS_MIN;
use crate::yaml::{Document, Faults};

pub(super) fn check_variants(entry: &Document<Improvement>, variants: &Variants, faults: &mut Faults) {
    for (path, text) in [
        ("variants.baseline", &variants.baseline),
        ("variants.optimized", &variants.optimized),
        ("variants.seam", &variants.seam),
    ] {
        if text.trim().is_empty() {
            faults.push(entry.fault(path, format!("`{path}` is empty")).code("register::empty_text"));
        }
    }
    check_trial(entry, "variants.workload", &variants.workload, faults);
    if let Some(control) = &variants.control {
        check_trial(entry, "variants.control", control, faults);
    }
    for (index, guard) in variants.guards.iter().enumerate() {
        check_trial(entry, &format!("variants.guards.{index}"), guard, faults);
    }
    let same = |a: &Trial, b: &Trial| (&a.workload, &a.params, &a.metric) == (&b.workload, &b.params, &b.metric);
    if variants.control.as_ref().is_some_and(|control| same(&variants.workload, control)) {
        faults.push(
            entry
                .fault("variants.control", "the control is the main workload itself")
                .code("register::control")
                .help("the control must not move: choose one that the mechanism cannot touch"),
        );
    }
    if let Some(mechanism) = &variants.mechanism {
        check_mechanism(entry, mechanism, faults);
    }
}

fn check_mechanism(entry: &Document<Improvement>, mechanism: &Mechanism, faults: &mut Faults) {
    let before = faults.len();
    check_bounds(entry, "variants.mechanism.on", &mechanism.on, faults);
    check_bounds(entry, "variants.mechanism.off", &mechanism.off, faults);
    let sound = faults.len() == before;
    let low = |bounds: &Bounds| bounds.min.unwrap_or(f64::NEG_INFINITY);
    let high = |bounds: &Bounds| bounds.max.unwrap_or(f64::INFINITY);
    if sound && low(&mechanism.on) <= high(&mechanism.off) && low(&mechanism.off) <= high(&mechanism.on) {
        faults.push(
            entry
                .fault("variants.mechanism.on", "the bounds of `on` and `off` overlap: the figure proves nothing")
                .code("register::mechanism")
                .help("choose bounds that no arm can satisfy both"),
        );
    }
}

fn check_trial(entry: &Document<Improvement>, path: &str, trial: &Trial, faults: &mut Faults) {
    for (name, text) in [("workload", &trial.workload), ("metric", &trial.metric)] {
        if text.trim().is_empty() {
            let path = format!("{path}.{name}");
            faults.push(entry.fault(&path, format!("`{path}` is empty")).code("register::empty_text"));
        }
    }
    if let Some(gain) = trial.required_gain
        && (!gain.0.is_finite() || gain.0 <= 0.0)
    {
        let path = format!("{path}.required_gain");
        let fault = entry.fault(&path, format!("`{path}` must be above 0, found {}", gain.0));
        faults.push(fault.code("register::trial").help("0.10 asks for 10 % more"));
    }
    if let Some(ms) = trial.slice_ms.filter(|ms| *ms < SLICE_MS_MIN) {
        let path = format!("{path}.slice_ms");
        let fault = entry.fault(&path, format!("`{path}` must be at least {SLICE_MS_MIN}, found {ms}"));
        faults.push(fault.code("register::trial").help("shorter slices measure the clock"));
    }
}

pub(super) fn check_bounds<T>(document: &Document<T>, path: &str, bounds: &Bounds, faults: &mut Faults) {
    match (bounds.min, bounds.max) {
        (None, None) => {
            let fault = document.fault(path, format!("`{path}` bounds nothing"));
            faults.push(fault.code("register::bounds").help("give `min`, `max` or both"));
        }
        (Some(min), Some(max)) if min > max => {
            let fault = document.fault(&format!("{path}.min"), format!("min {min} lies above max {max}"));
            faults.push(fault.code("register::bounds").and(document.place(&format!("{path}.max")), "max"));
        }
        (_, _) => {}
    }
}
