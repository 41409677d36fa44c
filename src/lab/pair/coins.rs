//! Everything random about a pair, from the plan's seed and the pair's place: the same pair can be run again, and a
//! resumed experiment tosses the coins it would have tossed.

use rand::rngs::StdRng;
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
        let run: u8 = match which.run {
            Run::Calibration => 0,
            Run::Decision => 1,
            Run::Confirmation => 2,
        };
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update((which.workload as u64).to_le_bytes());
        hash.update([run]);
        hash.update(which.index.to_le_bytes());
        Self(StdRng::from_seed(hash.finalize().into()))
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
}
