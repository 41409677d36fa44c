//! Numbers that a test draws: the same for the same seed, on every machine.

/// Marsaglia's xorshift with 64 bits and shifts 13, 7, 17.
#[derive(Debug, Clone)]
pub struct Xorshift(u64);

impl Xorshift {
    /// The sequence number `seed`.
    pub fn new(seed: u64) -> Self {
        Xorshift((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next 64 bits, never all zero. The low ones are the weakest.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `n`, which is not zero.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.bits() >> 20) % n
    }
}
