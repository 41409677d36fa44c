//! The machine's own false-accept rate, from pairs of a binary against itself.
//!
//! In such a pair the two processes are exchangeable: the difference could as well have come out with the other sign.
//! Flipping signs at random makes any number of experiments in which nothing is to be found, with the very noise,
//! outliers and drift of this machine; the share of them that the rule accepts must stay below α.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::e_process::Purse;

/// What came of the replayed experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FalseAccepts {
    /// Experiments replayed.
    pub experiments: u32,
    /// Of these, how many found an effect above zero at any look.
    pub accepted: u32,
}

impl FalseAccepts {
    /// The share accepted.
    pub fn rate(self) -> f64 {
        f64::from(self.accepted) / f64::from(self.experiments.max(1))
    }
}

/// Replays `experiments` experiments over `differences` in their order, with random signs, looking after every pair.
pub fn sign_flips(differences: &[f64], scale: f64, alpha: f64, experiments: u32, seed: u64) -> FalseAccepts {
    let mut coins = StdRng::seed_from_u64(seed);
    let accepted = (0..experiments).filter(|_| accepts(differences, scale, alpha, &mut coins)).count();
    FalseAccepts { experiments, accepted: u32::try_from(accepted).unwrap_or(u32::MAX) }
}

fn accepts(differences: &[f64], scale: f64, alpha: f64, coins: &mut StdRng) -> bool {
    let mut purse = Purse::new(scale);
    differences.iter().any(|&d| purse.bet(if coins.random() { d } else { -d }) >= -alpha.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_rarely_accepted_and_the_replay_repeats() {
        let noise: Vec<f64> = (0..30).map(|i| 0.03 * f64::from((i * 37) % 19 - 9) / 9.0).collect();
        let flips = sign_flips(&noise, 0.02, 0.05, 300, 7);
        assert!(flips.rate() <= 0.05, "{flips:?}");
        assert_eq!(flips, sign_flips(&noise, 0.02, 0.05, 300, 7));
    }
}
