//! Zipf-distributed ranks: a few are asked for all the time, most hardly ever.

use crate::rng::Rng;

/// Zipf-distributed ranks (Gray et al., SIGMOD 1994, as in YCSB): rank 0 is the most frequent.
#[derive(Debug)]
pub struct Zipf {
    n: f64,
    zeta_n: f64,
    alpha: f64,
    eta: f64,
    half_pow: f64,
}

impl Zipf {
    /// Ranks below `n`, with an exponent between 0 and 1, neither included.
    pub fn new(n: u64, theta: f64) -> Self {
        let zeta = |n: u64| (1..=n).map(|i| (i as f64).powf(-theta)).sum::<f64>();
        let zeta_n = zeta(n);
        let eta = (1.0 - (2.0 / n as f64).powf(1.0 - theta)) / (1.0 - zeta(2.min(n)) / zeta_n);
        Zipf { n: n as f64, zeta_n, alpha: 1.0 / (1.0 - theta), eta, half_pow: 0.5_f64.powf(theta) }
    }

    /// The next rank.
    pub fn rank(&self, rng: &mut Rng) -> u64 {
        let u = (rng.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let scaled = u * self.zeta_n;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + self.half_pow {
            return 1;
        }
        (self.n * (self.eta * u - self.eta + 1.0).powf(self.alpha)).min(self.n - 1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_is_as_skewed_as_it_says() {
        let (zipf, mut rng) = (Zipf::new(10_000, 0.99), Rng::new(4));
        let mut seen = vec![0_u32; 10_000];
        for _ in 0..200_000 {
            seen[zipf.rank(&mut rng) as usize] += 1;
        }
        // The expected share of rank 0 is 1 / zeta(10000, 0.99) = 9.9 %.
        assert!((18_500..21_500).contains(&seen[0]), "{}", seen[0]);
        assert!(seen[0] > seen[1] && seen[1] > seen[5] && seen[5] > seen[500]);
        assert!(seen[5000..].iter().sum::<u32>() > 5000, "the tail is read too");
    }
}
