//! Made-up machines.
//!
//! ```text
//!   log rate of a process = effect of its arm
//!                         + what this start of the process got (layout, caches: drawn anew, does not average out)
//!                         + the weather (what else the machine does: the same for both processes of a pair)
//!   difference of a pair  = effect + start of B − start of A ± what the first slot gets, by a coin
//! ```
//!
//! The scale is the noise of a pair: of starts alike in every shape, such that normal starts give pairs of that standard
//! deviation. Identical binaries on a 2-core virtual machine, started 14 times: from −19 % to +12 %, a standard deviation
//! of 7.5 %; in blocks the same data differed by −14.8 to +10.2 %, which is the weather here.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A kind of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Starts are independent and normal.
    Normal,
    /// Student's t with three degrees of freedom: now and then far out.
    HeavyTailed,
    /// Student's t with 1.5 degrees of freedom: no variance at all.
    Wild,
    /// Only ever slower: exponential.
    Skewed,
    /// Every tenth process meets a burst of foreign work, eight times the noise on average.
    Bursts,
    /// The machine slows down or speeds up by three times the noise over twenty runs, and the noise doubles over thirty pairs.
    Drifting,
    /// Whoever goes first is at an advantage that stays for many pairs; only the coin gives it a sign.
    Slots,
}

impl Noise {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Normal, Self::HeavyTailed, Self::Wild, Self::Skewed, Self::Bursts, Self::Drifting, Self::Slots];

    /// Its name, for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::HeavyTailed => "heavy tails (t3)",
            Self::Wild => "no variance (t1.5)",
            Self::Skewed => "skewed",
            Self::Bursts => "bursts",
            Self::Drifting => "drifting",
            Self::Slots => "slot effects",
        }
    }
}

/// Runs until the drift of [`Noise::Drifting`] has gone its way.
const DRIFT_RUNS: f64 = 20.0;

/// Pairs until its noise has doubled.
const WIDENING_PAIRS: f64 = 30.0;

/// How much of the weather, and of a slot's advantage, is left one run later.
const MEMORY: f64 = 0.9;

/// A machine, with a clock that counts what has run on it.
#[derive(Debug)]
pub struct Machine {
    noise: Noise,
    scale: f64,
    rng: StdRng,
    runs: u32,
    pairs: u32,
    weather: f64,
    slot: f64,
    drift: f64,
}

impl Machine {
    /// A machine whose pairs have noise `scale`, on the log scale.
    pub fn new(noise: Noise, scale: f64, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let [weather, slot] = [normal(&mut rng), normal(&mut rng)];
        let drift = if rng.random() { 3.0 } else { -3.0 };
        Self { noise, scale, rng, runs: 0, pairs: 0, weather, slot, drift }
    }

    /// ln(B/A) of two fresh processes in lock-step.
    pub fn pair(&mut self, effect: f64) -> f64 {
        let starts = self.start() - self.start();
        self.pairs += 1;
        let slots = match self.noise {
            Noise::Slots => {
                self.slot = wander(self.slot, &mut self.rng);
                let first = if self.rng.random() { 1.0 } else { -1.0 };
                first * self.scale * (0.7 + 0.5 * self.slot)
            }
            Noise::Normal | Noise::HeavyTailed | Noise::Wild | Noise::Skewed | Noise::Bursts | Noise::Drifting => 0.0,
        };
        effect + starts + slots
    }

    /// The log rate of a process that runs alone, relative to what the machine does on an average day.
    pub fn alone(&mut self, effect: f64) -> f64 {
        self.weather = wander(self.weather, &mut self.rng);
        let drift = match self.noise {
            Noise::Drifting => self.drift * f64::from(self.runs) / DRIFT_RUNS,
            Noise::Normal | Noise::HeavyTailed | Noise::Wild | Noise::Skewed | Noise::Bursts | Noise::Slots => 0.0,
        };
        self.runs += 1;
        effect + self.start() + self.scale * (self.weather + drift)
    }

    /// What is not noise of pairs but of builds: a layout that a binary keeps, normal with standard deviation `scale`.
    pub fn layout(&mut self, scale: f64) -> f64 {
        scale * normal(&mut self.rng)
    }

    /// A number from [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.rng.random()
    }

    /// What a start of a process got.
    fn start(&mut self) -> f64 {
        let rng = &mut self.rng;
        let share = match self.noise {
            Noise::Normal => normal(rng),
            Noise::Slots => 0.6 * normal(rng),
            Noise::HeavyTailed => student(rng, 3.0),
            Noise::Wild => student(rng, 1.5),
            Noise::Skewed => exponential(rng),
            Noise::Bursts if rng.random::<f64>() < 0.1 => {
                normal(rng) - 8.0 * std::f64::consts::SQRT_2 * exponential(rng)
            }
            Noise::Bursts => normal(rng),
            Noise::Drifting => (1.0 + f64::from(self.pairs) / WIDENING_PAIRS) * normal(rng),
        };
        self.scale * share / std::f64::consts::SQRT_2
    }
}

/// The next value of something that is remembered and has variance 1.
fn wander(value: f64, rng: &mut StdRng) -> f64 {
    MEMORY * value + (1.0 - MEMORY * MEMORY).sqrt() * normal(rng)
}

fn normal(rng: &mut StdRng) -> f64 {
    let radius = (2.0 * exponential(rng)).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

fn exponential(rng: &mut StdRng) -> f64 {
    -(1.0 - rng.random::<f64>()).ln()
}

/// Student's t by Bailey's polar method (1994).
fn student(rng: &mut StdRng, degrees_of_freedom: f64) -> f64 {
    loop {
        let (u, v) = (2.0 * rng.random::<f64>() - 1.0, 2.0 * rng.random::<f64>() - 1.0);
        let w = u * u + v * v;
        if w > 0.0 && w < 1.0 {
            return u * (degrees_of_freedom * (w.powf(-2.0 / degrees_of_freedom) - 1.0) / w).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::stats::{hodges_lehmann, robust_scale};

    #[test]
    fn pairs_have_about_the_stated_noise_and_nothing_else() {
        for noise in Noise::ALL {
            let mut machine = Machine::new(noise, 0.03, 5);
            let pairs: Vec<f64> = (0..300).map(|_| machine.pair(0.0)).collect();
            let scale = robust_scale(&pairs[..30]).unwrap();
            assert!((0.015..0.08).contains(&scale), "{noise:?}: {scale}");
            assert!(hodges_lehmann(&pairs).unwrap().abs() < 0.02, "{noise:?}");
        }
    }

    #[test]
    fn runs_in_blocks_meet_different_weather() {
        let blocks = |seed| {
            let mut machine = Machine::new(Noise::Normal, 0.03, seed);
            let mut mean = || (0..10).map(|_| machine.alone(0.0)).sum::<f64>() / 10.0;
            mean() - mean()
        };
        let off = (0..40).filter(|&seed| blocks(seed).abs() > 0.03).count();
        assert!(off > 8, "{off} of 40 blocks of one binary differ by more than 3 %");
    }
}
