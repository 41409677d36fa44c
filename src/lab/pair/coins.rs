//! Everything random about a pair, from the plan's seed and the pair's place: the same pair can be run again, and a
//! resumed experiment tosses the coins it would have tossed.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use super::Which;
use crate::lab::experiment::{Run, Side};

/// The coins of one pair.
#[derive(Debug)]
pub struct Coins(StdRng);

/// The environment is padded by less than this many bytes: a page, the period of what the padding can shift.
const PADDING_MAX: usize = 4096;

impl Coins {
    /// The coins of one pair of the plan with `seed`.
    pub fn of(seed: u64, which: Which) -> Self {
        Self(StdRng::from_seed(digest("", seed, which)))
    }

    /// Which of `of` layouts an arm has in a pair: each once in as many pairs, in an order of the arm's own. Not of the pair's coins, since an order
    /// spans many pairs.
    pub fn layout(seed: u64, which: Which, side: Side, of: usize) -> usize {
        let (round, place) = (which.index as usize / of, which.index as usize % of);
        let mut order: Vec<usize> = (0..of).collect();
        let word = if side == Side::A { "layouts of A" } else { "layouts of B" };
        let of_round = Which { index: u32::try_from(round).unwrap_or(u32::MAX), ..which };
        order.shuffle(&mut StdRng::from_seed(digest(word, seed, of_round)));
        order[place]
    }

    /// Who has the first slice.
    pub fn first(&mut self) -> Side {
        if self.0.random() { Side::A } else { Side::B }
    }

    /// The seed of both processes' data and operations. Within 53 bits: it passes through JSON.
    pub fn workload_seed(&mut self) -> u64 {
        self.0.random::<u64>() >> 11
    }

    /// Bytes of environment padding of one process.
    pub fn padding(&mut self) -> usize {
        self.0.random_range(0..PADDING_MAX)
    }
}

fn digest(word: &str, seed: u64, which: Which) -> [u8; 32] {
    let run: u8 = match which.run {
        Run::Calibration => 0,
        Run::Decision => 1,
        Run::Confirmation => 2,
    };
    let mut hash = Sha256::new();
    hash.update(word);
    hash.update(seed.to_le_bytes());
    hash.update((which.workload as u64).to_le_bytes());
    hash.update([run]);
    hash.update(which.index.to_le_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_repeat_for_the_same_pair_and_are_fair_over_many() {
        let which = |index| Which { workload: 0, run: Run::Decision, index };
        let toss = |index| {
            let mut coins = Coins::of(7, which(index));
            (coins.first(), coins.workload_seed(), coins.padding())
        };
        assert_eq!(toss(3), toss(3));
        assert_ne!(toss(3).1, toss(4).1);
        assert_ne!(toss(3).1, Coins::of(7, Which { run: Run::Confirmation, ..which(3) }).workload_seed());
        let heads = (0..1000).filter(|&index| toss(index).0 == Side::A).count();
        assert!((440..560).contains(&heads), "{heads}");
    }
    #[test]
    fn a_round_of_pairs_has_each_layout_once_in_each_arm() {
        let drawn = |side, round: u32| -> Vec<usize> {
            let which = |place| Which { workload: 0, run: Run::Decision, index: round * 8 + place };
            (0..8).map(|place| Coins::layout(7, which(place), side, 8)).collect()
        };
        for side in [Side::A, Side::B] {
            for round in 0..20 {
                let mut once = drawn(side, round);
                once.sort_unstable();
                assert_eq!(once, (0..8).collect::<Vec<_>>());
            }
            assert_ne!(drawn(side, 0), drawn(side, 1));
        }
        assert_ne!(drawn(Side::A, 0), drawn(Side::B, 0));
        assert_eq!(Coins::layout(7, Which { workload: 0, run: Run::Decision, index: 5 }, Side::A, 1), 0);
    }
}
