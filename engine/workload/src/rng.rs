//! The generator behind all data and all choices: SplitMix64, written out so that a seed means the same rows for ever.
//!
//! A library's "small" generator may change with a version or a platform, and with it every stored state hash. The
//! driver shares the cores with what it measures, so a number must also cost no more than a few instructions.

/// A stream of random numbers, fixed by its seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 characters, so that six bits choose one. TPC-C asks for alphanumerics; the two spare ones are a dash and a dot.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";

impl Rng {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Rng(mix(seed ^ GOLDEN))
    }

    /// The stream of one part of the work, independent of its sisters: part of a table, a session, a purpose.
    pub fn stream(seed: u64, part: &[u64]) -> Self {
        Rng(part.iter().fold(mix(seed ^ GOLDEN), |state, number| mix(state ^ number.wrapping_mul(GOLDEN))))
    }

    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `limit`. The bias of the multiplication is below 2⁻³² for the limits used here.
    #[inline]
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    #[inline]
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        debug_assert!(low <= high);
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    #[inline]
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Fills `out` with letters and digits.
    pub fn text(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(10) {
            let mut bits = self.bits();
            for byte in chunk {
                *byte = ALPHABET[(bits & 63) as usize];
                bits >>= 6;
            }
        }
    }

    /// Fills `out` with decimal digits.
    pub fn digits(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = b'0' + self.below(10) as u8;
        }
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The finaliser of SplitMix64: a bijection that scatters neighbouring numbers.
#[inline]
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// An order-dependent 64-bit digest of byte strings, for comparing states. Not for adversaries.
#[derive(Debug, Clone)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Digest(GOLDEN)
    }
}

impl Digest {
    /// Adds one byte string; its length counts, so that `("a", "b")` and `("ab", "")` differ.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut state = self.0 ^ (bytes.len() as u64).wrapping_mul(GOLDEN);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().map_or(0, u64::from_le_bytes);
            state = (state ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29);
        }
        for byte in chunks.remainder() {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(31);
        }
        self.0 = mix(state);
    }

    /// The digest as sixteen hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_numbers_for_ever() {
        let mut rng = Rng::new(7);
        assert_eq!([rng.bits(), rng.bits()], [9_048_807_721_209_015_062, 8_458_937_671_082_192_852]);
        let mut digest = Digest::default();
        digest.add(b"warehouse");
        assert_eq!(digest.hex(), "ad0c266da2a35605");
    }

    #[test]
    fn numbers_keep_their_bounds_and_reach_them() {
        let mut rng = Rng::new(1);
        let mut seen = [0_u32; 6];
        for _ in 0..6000 {
            seen[rng.between(10, 15) as usize - 10] += 1;
        }
        assert!(seen.iter().all(|n| (850..1150).contains(n)), "{seen:?}");
    }

    #[test]
    fn streams_and_digests_tell_neighbours_apart() {
        assert_ne!(Rng::stream(1, &[2, 3]).bits(), Rng::stream(1, &[3, 2]).bits());
        let digest = |parts: &[&[u8]]| {
            let mut digest = Digest::default();
            parts.iter().for_each(|part| digest.add(part));
            digest.hex()
        };
        assert_ne!(digest(&[b"a", b"b"]), digest(&[b"ab", b""]));
        assert_ne!(digest(&[b"12345678"]), digest(&[b"12345679"]));
    }
}
