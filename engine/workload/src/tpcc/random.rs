//! The specification's random choices (2.1.6, 4.3.2).

use super::keys::Name;
use super::rows::NAME_LEN;
use crate::rng::Rng;

const SYLLABLES: [&[u8]; 10] =
    [b"BAR", b"OUGHT", b"ABLE", b"PRI", b"PRES", b"ESE", b"ANTI", b"CALLY", b"ATION", b"EING"];

/// Widths of the non-uniform distributions.
const A_LAST_NAME: u64 = 255;
const A_CUSTOMER: u64 = 1023;
const A_ITEM: u64 = 8191;

/// The constants C of NURand: one set for the load and one for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nurand {
    last_name: u64,
    customer: u64,
    item: u64,
}

impl Nurand {
    /// The load's constants.
    pub(super) fn load(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, &[1]);
        Nurand {
            last_name: rng.between(0, A_LAST_NAME),
            customer: rng.between(0, A_CUSTOMER),
            item: rng.between(0, A_ITEM),
        }
    }

    /// The run's constants: as the load's, but for last names, where the distance to the load's must be within 65..=119
    /// and neither 96 nor 112 (2.1.6.1).
    pub(super) fn run(seed: u64) -> Self {
        let load = Nurand::load(seed);
        let mut rng = Rng::stream(seed, &[2]);
        let last_name = loop {
            let c = rng.between(0, A_LAST_NAME);
            let distance = c.abs_diff(load.last_name);
            if (65..=119).contains(&distance) && distance != 96 && distance != 112 {
                break c;
            }
        };
        Nurand { last_name, ..load }
    }

    /// A last name's number below `names`.
    pub(super) fn last_name(&self, rng: &mut Rng, names: u64) -> u64 {
        nurand(rng, A_LAST_NAME, self.last_name, 0, names - 1)
    }

    /// A customer's number up to `customers`.
    pub(super) fn customer(&self, rng: &mut Rng, customers: u64) -> u64 {
        nurand(rng, A_CUSTOMER, self.customer, 1, customers)
    }

    /// An item's number up to `items`.
    pub(super) fn item(&self, rng: &mut Rng, items: u64) -> u64 {
        nurand(rng, A_ITEM, self.item, 1, items)
    }
}

fn nurand(rng: &mut Rng, a: u64, c: u64, low: u64, high: u64) -> u64 {
    ((rng.between(0, a) | rng.between(low, high)) + c) % (high - low + 1) + low
}

/// The last name of a number below 1000: one syllable per digit.
pub(super) fn last_name(number: u64) -> Name {
    let mut name = [0; NAME_LEN];
    let mut len = 0;
    for digit in [number / 100 % 10, number / 10 % 10, number % 10] {
        let syllable = SYLLABLES[digit as usize];
        name[len..len + syllable.len()].copy_from_slice(syllable);
        len += syllable.len();
    }
    name
}

/// Appends between `min` and `max` random characters to `row`.
pub(super) fn push_text(rng: &mut Rng, row: &mut Vec<u8>, min: u64, max: u64) {
    let start = row.len();
    row.resize(start + rng.between(min, max) as usize, 0);
    rng.text(&mut row[start..]);
}

/// Appends I_DATA or S_DATA: 26 to 50 characters, one in ten with "ORIGINAL" somewhere.
pub(super) fn push_item_data(rng: &mut Rng, row: &mut Vec<u8>) {
    let start = row.len();
    push_text(rng, row, 26, 50);
    if rng.percent(10) {
        let at = start + rng.below((row.len() - start - ORIGINAL.len() + 1) as u64) as usize;
        row[at..at + ORIGINAL.len()].copy_from_slice(ORIGINAL);
    }
}

/// Whether I_DATA or S_DATA holds "ORIGINAL".
#[inline]
pub(super) fn is_original(data: &[u8]) -> bool {
    let wanted = u64::from_le_bytes(*ORIGINAL);
    data.windows(8).any(|window| window.try_into().is_ok_and(|bytes| u64::from_le_bytes(bytes) == wanted))
}

const ORIGINAL: &[u8; 8] = b"ORIGINAL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_names_are_the_specifications() {
        let text = |number| String::from_utf8(last_name(number).to_vec()).unwrap().trim_end_matches('\0').to_owned();
        assert_eq!(text(371), "PRICALLYOUGHT");
        assert_eq!(text(40), "BARPRESBAR");
        assert_eq!(text(777).len(), NAME_LEN - 1, "the longest name leaves a byte of padding");
    }

    #[test]
    fn nurand_is_skewed_and_keeps_its_bounds() {
        let (nurand, mut rng) = (Nurand::run(7), Rng::new(7));
        let mut seen = vec![0_u32; 3001];
        for _ in 0..300_000 {
            seen[nurand.customer(&mut rng, 3000) as usize] += 1;
        }
        assert_eq!(seen[0], 0);
        let mut counts = seen[1..].to_vec();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let hottest_tenth: u32 = counts[..300].iter().sum();
        // Uniform choice would put 10 % there.
        assert!((100_000..200_000).contains(&hottest_tenth), "{hottest_tenth}");
    }

    #[test]
    fn the_runs_last_name_constant_is_at_the_asked_distance() {
        for seed in 0..200 {
            let distance = Nurand::run(seed).last_name.abs_diff(Nurand::load(seed).last_name);
            assert!((65..=119).contains(&distance) && distance != 96 && distance != 112);
        }
    }

    #[test]
    fn one_item_in_ten_is_original() {
        let (mut rng, mut originals) = (Rng::new(3), 0);
        for _ in 0..10_000 {
            let mut data = Vec::new();
            push_item_data(&mut rng, &mut data);
            assert!((26..=50).contains(&data.len()));
            originals += u32::from(is_original(&data));
        }
        assert!((900..1100).contains(&originals), "{originals}");
    }
}
