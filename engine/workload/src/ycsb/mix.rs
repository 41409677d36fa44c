//! What share of the operations is what.

use crate::entry::Named;
use crate::rng::Rng;

/// One operation, a transaction each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Reads a row.
    Read,
    /// Rewrites a field of a row.
    Update,
    /// Adds a row.
    Insert,
    /// Reads up to a hundred rows in key order.
    Scan,
    /// Reads a row and then rewrites a field of it.
    ReadModifyWrite,
    /// Carries the sweep on.
    Sweep,
}

impl Op {
    /// The names, in the order of the variants.
    pub const NAMES: &'static [&'static str] = &["read", "update", "insert", "scan", "read-modify-write", "sweep"];

    /// Whether it changes nothing.
    pub fn reads_only(self) -> bool {
        match self {
            Op::Read | Op::Scan | Op::Sweep => true,
            Op::Update | Op::Insert | Op::ReadModifyWrite => false,
        }
    }

    /// Its place in [`Op::NAMES`].
    pub fn kind(self) -> usize {
        self as usize
    }
}

/// One of the core workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Update heavy.
    A,
    /// Read mostly.
    B,
    /// Read only.
    C,
    /// Read latest.
    D,
    /// Short ranges.
    E,
    /// Read-modify-write.
    F,
}

impl Named for Mix {
    const NAMED: &'static [(&'static str, Self)] =
        &[("a", Mix::A), ("b", Mix::B), ("c", Mix::C), ("d", Mix::D), ("e", Mix::E), ("f", Mix::F)];
}

impl Mix {
    /// The next operation.
    pub fn draw(self, rng: &mut Rng) -> Op {
        match self {
            Mix::A if rng.percent(50) => Op::Update,
            Mix::B if rng.percent(5) => Op::Update,
            Mix::D | Mix::E if rng.percent(5) => Op::Insert,
            Mix::F if rng.percent(50) => Op::ReadModifyWrite,
            Mix::E => Op::Scan,
            Mix::A | Mix::B | Mix::C | Mix::D | Mix::F => Op::Read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_paper() {
        // Per cent of read, update, insert, scan, read-modify-write, sweep.
        let expected = [
            ("a", [50, 50, 0, 0, 0, 0]),
            ("b", [95, 5, 0, 0, 0, 0]),
            ("c", [100, 0, 0, 0, 0, 0]),
            ("d", [95, 0, 5, 0, 0, 0]),
            ("e", [0, 0, 5, 95, 0, 0]),
            ("f", [50, 0, 0, 0, 50, 0]),
        ];
        for (name, shares) in expected {
            let (mix, mut rng, mut seen) = (Mix::named(name).unwrap(), Rng::new(3), [0_i32; 6]);
            (0..20_000).for_each(|_| seen[mix.draw(&mut rng).kind()] += 1);
            for (count, share) in seen.into_iter().zip(shares) {
                assert!((count - 200 * share).abs() < 300 && (share > 0 || count == 0), "{name}: {seen:?}");
            }
        }
        assert_eq!(Mix::named("g"), None);
    }
}
