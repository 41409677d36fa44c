//! What a calibration found: each metric's noise and what it lets one see; then what is wrong with it, in words.

use serde::Serialize;

use crate::cli::{Context, Exit, Failure, Format, Row};
use crate::config::Config;
use crate::lab::apply::Conclusion;
use crate::lab::calibration::{Calibration, MetricNoise, is_in_control};
use crate::lab::stats::{FalseAccepts, lag_1_limit, minimum_detectable, sign_flips};
use crate::tracking::{CalibrationFact, Reader};
use crate::units::{Change, Direction, Effect, Gain, LogRatio};

/// Numbers of pairs for which it is said what they find.
const PAIRS: [u32; 3] = [5, 10, 30];

/// Experiments replayed over the pairs at hand, with signs by chance.
const REPLAYS: u32 = 1000;

/// One metric of a workload.
#[derive(Serialize)]
struct Line {
    workload: String,
    metric: String,
    better: Direction,
    /// It decides in the register.
    main: bool,
    pairs: u32,
    dropped: u32,
    /// Scale of a pair's difference, as a fraction.
    noise: Gain,
    /// The binary's difference from itself, as the metric's change.
    itself: Effect,
    /// Second slot against first, as the metric's change.
    slot: Effect,
    lag_1: f64,
    /// The smallest true change for the better that so many pairs find with 90 % power.
    detects: Vec<Detects>,
}

#[derive(Serialize)]
struct Detects {
    pairs: u32,
    change: Change,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["Workload", "Metric", "Noise", "Against itself", "Second slot", "Lag 1", "In 5 pairs", "In 10", "In 30"];

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.workload.clone(),
            self.better.beside(&self.metric),
            format!("{:.2} %", self.noise.0 * 100.0),
            self.itself.to_string(),
            self.slot.to_string(),
            format!("{:+.2}", self.lag_1),
        ];
        cells.extend(self.detects.iter().map(|detects| detects.change.to_string()));
        cells
    }
}

/// Something that is not as it should be.
#[derive(Serialize)]
struct Remark {
    workload: String,
    metric: String,
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A binary differs from itself: nothing measured here can be believed.
    Biased,
    /// Who is driven second has it easier or harder; the coin evens that out, at the price of noise.
    Slot,
    /// Pairs follow from one another: there are fewer independent ones than it seems.
    Lag,
    /// The noise is not what it was when it was calibrated last.
    Moved,
}

/// How often noise alone would have been accepted here.
#[derive(Serialize)]
struct Replayed {
    workload: String,
    pairs: usize,
    experiments: u32,
    accepted: u32,
}

pub(super) async fn print(
    context: &Context,
    config: &Config,
    reader: &Reader,
    conclusion: &Conclusion,
) -> Result<Exit, Failure> {
    let facts = reader.calibrations().await?;
    let found: Vec<&CalibrationFact> = facts.iter().filter(|fact| fact.experiment == conclusion.experiment).collect();
    let lines: Vec<Line> = found.iter().flat_map(|fact| lines(&fact.calibration)).collect();
    let remarks: Vec<Remark> = found.iter().flat_map(|fact| remarks(&fact.calibration, before(&facts, fact))).collect();
    let mut replayed = Vec::new();
    for CalibrationFact { calibration, .. } in &found {
        let differences = reader.calibration_differences(&calibration.name).await?;
        let flips = replay(calibration, &differences, config.policy.alpha);
        let (experiments, accepted) = (flips.experiments, flips.accepted);
        replayed.push(Replayed { workload: calibration.name.clone(), pairs: differences.len(), experiments, accepted });
    }
    let passed = conclusion.ruling.passed && !remarks.iter().any(|remark| remark.kind == Kind::Biased);
    let meta = serde_json::json!({
        "schema": 1, "experiment": conclusion.experiment, "verdict": conclusion.ruling.verdict,
        "reason": conclusion.ruling.reason, "passed": passed, "remarks": remarks, "false_accepts": replayed,
    });
    context.table(&lines, &meta)?;
    if context.format == Format::Table {
        context.print(&words(&remarks, &replayed, &conclusion.ruling.reason))?;
    }
    Ok(if passed { Exit::Done } else { Exit::NotPassed })
}

fn lines(calibration: &Calibration) -> Vec<Line> {
    let Calibration { name, main, pairs, dropped, metrics, .. } = calibration;
    let line = |noise: &MetricNoise| Line {
        workload: name.clone(),
        metric: noise.metric.clone(),
        better: noise.better,
        main: noise.metric == *main,
        pairs: *pairs,
        dropped: *dropped,
        noise: noise.scale.gain(),
        itself: noise.interval.effect(noise.estimate, noise.better),
        slot: noise.slot_interval.effect(noise.slot, noise.better),
        lag_1: noise.lag_1,
        detects: PAIRS.map(|pairs| detects(noise, pairs)).into(),
    };
    metrics.iter().map(line).collect()
}

fn detects(noise: &MetricNoise, pairs: u32) -> Detects {
    let change = minimum_detectable(LogRatio(0.0), noise.scale, pairs).gain().change(noise.better);
    Detects { pairs, change }
}

/// The calibration of the same workload before this one.
fn before<'a>(facts: &'a [CalibrationFact], fact: &CalibrationFact) -> Option<&'a Calibration> {
    let earlier = facts.iter().filter(|earlier| earlier.experiment < fact.experiment);
    earlier.map(|earlier| &earlier.calibration).rfind(|earlier| earlier.name == fact.calibration.name)
}

fn remarks(calibration: &Calibration, before: Option<&Calibration>) -> Vec<Remark> {
    let (noise, name) = (calibration.main(), &calibration.name);
    let mut remarks = Vec::new();
    let mut remark = |applies: bool, kind, text: String| {
        if applies {
            remarks.push(Remark { workload: name.clone(), metric: noise.metric.clone(), kind, text });
        }
    };
    let metric = &noise.metric;
    let itself = noise.interval.effect(noise.estimate, noise.better);
    let biased =
        format!("{name}: {metric} of a binary differs from itself by {itself}; no verdict on this workload holds");
    remark(noise.is_biased(), Kind::Biased, biased);
    let slot = noise.slot_interval.effect(noise.slot, noise.better);
    let second = format!(
        "{name}: whoever is driven second has {slot} of {metric}; the coin evens it out, more warm-up may end it"
    );
    remark(noise.slot_matters(), Kind::Slot, second);
    let limit = lag_1_limit(calibration.pairs as usize);
    let lag = format!(
        "{name}: pairs follow from one another (correlation {:+.2}, limit ±{limit:.2}): the machine drifts",
        noise.lag_1
    );
    remark(noise.lag_1.abs() > limit, Kind::Lag, lag);
    if let Some(before) = before.filter(|before| !is_in_control(before.main().scale, noise.scale)) {
        let percent = |noise: &MetricNoise| format!("{:.2} %", noise.scale.gain().0 * 100.0);
        let moved = format!(
            "{name}: noise was {} and is {}: the machine is not what it was; `workbench doctor`",
            percent(before.main()),
            percent(noise)
        );
        remark(true, Kind::Moved, moved);
    }
    remarks
}

fn replay(calibration: &Calibration, differences: &[f64], alpha: f64) -> FalseAccepts {
    // The same pairs always give the same share.
    const SEED: u64 = 0xa_a;
    sign_flips(differences, calibration.usable_scale().0, alpha, REPLAYS, SEED)
}

fn words(remarks: &[Remark], replayed: &[Replayed], reason: &str) -> String {
    let mut text = format!("\n{reason}\n");
    for remark in remarks {
        let mark = if remark.kind == Kind::Biased { '✗' } else { '!' };
        text += &format!(" {mark} {}\n", remark.text);
    }
    for Replayed { workload, pairs, experiments, accepted } in replayed {
        let percent = f64::from(*accepted) / f64::from((*experiments).max(1)) * 100.0;
        text += &format!(
            "{workload}: of {experiments} experiments replayed from {pairs} pairs with signs by chance, {percent:.1} % would have been accepted\n"
        );
    }
    text
}
