//! What others do, put to the same question on the same machine: is the gain greater than required?
//!
//! - In blocks, as hyperfine and most benchmark scripts: ten runs of A, then ten of B, and Welch's t-test of the two
//!   (hyperfine ships it as `scripts/welch_ttest.py`).
//! - A t-test of pairs, looked at after every pair, until it is significant: what a person does who "runs a few more".
//!
//! Both test one-sidedly at 5 %.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::noise::Machine;

const ALPHA: f64 = 0.05;

/// Runs of each arm in a block: hyperfine's least.
const BLOCK: usize = 10;

/// The t-test is first looked at after this many pairs.
const FIRST_LOOK: usize = 3;

/// What somebody concluded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concluded {
    /// That the gain is greater than `margin`.
    pub accepts: bool,
    /// The effect, as published.
    pub estimate: f64,
    /// Processes started.
    pub processes: usize,
}

/// Ten runs of A, then ten runs of B.
pub fn blocked(machine: &mut Machine, effect: f64, margin: f64) -> Concluded {
    let a: Vec<f64> = (0..BLOCK).map(|_| machine.alone(0.0)).collect();
    let b: Vec<f64> = (0..BLOCK).map(|_| machine.alone(effect)).collect();
    let (a, b) = (Sample::of(&a), Sample::of(&b));
    let [va, vb] = [a.variance / BLOCK as f64, b.variance / BLOCK as f64];
    let degrees = (va + vb).powi(2) / ((va * va + vb * vb) / (BLOCK - 1) as f64);
    let estimate = b.mean - a.mean;
    let accepts = estimate - margin > critical(degrees) * (va + vb).sqrt();
    Concluded { accepts, estimate, processes: 2 * BLOCK }
}

/// Pairs in lock-step, as the lab's, until a t-test is significant or `pairs_max` are reached.
pub fn peeked(machine: &mut Machine, effect: f64, margin: f64, pairs_max: usize) -> Concluded {
    let mut differences = Vec::new();
    for pairs in 1..=pairs_max {
        differences.push(machine.pair(effect));
        let sample = Sample::of(&differences);
        let reach = critical(pairs as f64 - 1.0) * (sample.variance / pairs as f64).sqrt();
        if pairs >= FIRST_LOOK && sample.mean - margin > reach {
            return Concluded { accepts: true, estimate: sample.mean, processes: 2 * pairs };
        }
    }
    Concluded { accepts: false, estimate: Sample::of(&differences).mean, processes: 2 * pairs_max }
}

struct Sample {
    mean: f64,
    variance: f64,
}

impl Sample {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        Self { mean, variance: values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) }
    }
}

fn critical(degrees_of_freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - ALPHA))
}
