//! Everything random about a screen, from its seed: in which order a block's rows are run, and the coins of each row's
//! pairs. A resumed screen tosses what it would have tossed.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use sha2::{Digest, Sha256};

/// The order of `rows` rows in a block: every one once.
pub fn of_block(seed: u64, block: u32, rows: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut StdRng::from_seed(digest("order", seed, u64::from(block))));
    order
}

/// The seed of a row's pairs. Within 53 bits: it passes through JSON.
pub fn of_row(seed: u64, row: usize) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest("row", seed, row as u64);
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> 11
}

fn digest(what: &str, seed: u64, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(what);
    hash.update(seed.to_le_bytes());
    hash.update(number.to_le_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_repeat_hold_every_row_and_differ_by_block() {
        let order = of_block(7, 0, 16);
        assert_eq!(order, of_block(7, 0, 16));
        assert_ne!(order, of_block(7, 1, 16));
        assert_ne!(order, of_block(8, 0, 16));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..16).collect::<Vec<_>>());
        assert_ne!(of_row(7, 3), of_row(7, 4));
        assert!(of_row(7, 3) < 1 << 53);
    }
}
