//! Simulated experiments: the promises of the always-valid test, checked by counting.
//!
//! Pairs come from made-up machines, with noise that belongs to the slot or the start and not to the arm. The counts
//! are deterministic (fixed seeds); the tolerances are three standard errors of the count.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{EProcess, hodges_lehmann, wilcoxon_interval};
use crate::lab::planted::{Machine, Noise};

const ALPHA: f64 = 0.05;
const SCALE: f64 = 0.03;
const PAIRS: usize = 30;

fn differences(noise: Noise, effect: f64, pairs: usize, rng: &mut StdRng) -> Vec<f64> {
    let mut machine = Machine::new(noise, SCALE, rng.random());
    (0..pairs).map(|_| machine.pair(effect)).collect()
}

/// How many of `experiments` say yes.
fn count(experiments: usize, seed: u64, mut says_yes: impl FnMut(&mut StdRng) -> bool) -> f64 {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..experiments).filter(|_| says_yes(&mut rng)).count() as f64
}

#[test]
fn looking_after_every_pair_accepts_noise_less_often_than_alpha() {
    // The true effect *is* the margin: the hardest case of "not above the margin".
    let (experiments, margin) = (600, 0.1);
    for noise in Noise::ALL {
        for scale_error in [0.2, 1.0, 5.0] {
            let accepted = count(experiments, 11, |rng| {
                let mut process = EProcess::new(SCALE * scale_error, ALPHA);
                let mut pairs = differences(noise, margin, PAIRS, rng).into_iter();
                // Evidence at the margin reaching 1/α is the same event as the bound passing it, and far cheaper.
                pairs.any(|d| process.evidence_after(d, margin) >= (1.0 / ALPHA).ln())
            });
            let expected = ALPHA * experiments as f64;
            assert!(
                accepted <= expected + 3.0 * expected.sqrt(),
                "{noise:?}, scale off by {scale_error}: {accepted} of {experiments} accepted"
            );
        }
    }
}

#[test]
fn the_bounds_hold_the_truth_at_every_look_at_once() {
    let experiments = 60;
    for noise in Noise::ALL {
        let missed = count(experiments, 23, |rng| {
            let mut process = EProcess::new(SCALE, ALPHA);
            differences(noise, -0.04, 20, rng).into_iter().any(|d| {
                let bounds = process.push(d);
                bounds.low > -0.04 || bounds.high < -0.04
            })
        });
        // Each side may miss with probability α: two sides, and three standard errors.
        let expected = 2.0 * ALPHA * experiments as f64;
        assert!(missed <= expected + 3.0 * expected.sqrt(), "{noise:?}: {missed} of {experiments} missed the truth");
    }
}

#[test]
fn an_effect_at_the_stated_power_is_found() {
    let margin = 0.1;
    let effect = super::minimum_detectable(crate::units::LogRatio(margin), crate::units::LogRatio(SCALE), 30).0;
    let experiments = 400;
    let found = count(experiments, 31, |rng| {
        let mut process = EProcess::new(SCALE, ALPHA);
        let mut pairs = differences(Noise::Normal, effect, PAIRS, rng).into_iter();
        pairs.any(|d| process.evidence_after(d, margin) >= (1.0 / ALPHA).ln())
    });
    assert!(found >= 0.88 * experiments as f64, "found {found} of {experiments}");
}

#[test]
fn the_fixed_sample_interval_covers_as_often_as_it_says() {
    for noise in Noise::ALL {
        let experiments = 600;
        let covered = count(experiments, 41, |rng| {
            let interval = wilcoxon_interval(&differences(noise, 0.2, 12, rng), 0.95).unwrap().interval;
            interval.low <= 0.2 && 0.2 <= interval.high
        });
        assert!(covered >= 0.93 * experiments as f64, "{noise:?}: covered {covered} of {experiments}");
    }
}

#[test]
fn the_estimate_is_unbiased_and_nearly_as_sharp_as_the_mean() {
    let mut rng = StdRng::seed_from_u64(51);
    let errors: Vec<f64> =
        (0..500).map(|_| hodges_lehmann(&differences(Noise::Normal, 0.3, 12, &mut rng)).unwrap() - 0.3).collect();
    let mean = errors.iter().sum::<f64>() / 500.0;
    let spread = (errors.iter().map(|e| e * e).sum::<f64>() / 500.0).sqrt();
    let of_the_mean = SCALE / 12f64.sqrt();
    assert!(mean.abs() < 3.0 * of_the_mean / 500f64.sqrt(), "bias {mean}");
    assert!(spread < 1.15 * of_the_mean, "spread {spread} against {of_the_mean}");
}

impl EProcess {
    /// Takes a difference in without computing bounds; the log evidence above `theta` then.
    fn evidence_after(&mut self, difference: f64, theta: f64) -> f64 {
        self.differences.push(difference);
        self.log_evidence_above(theta)
    }
}
